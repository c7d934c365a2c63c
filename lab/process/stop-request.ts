const PARENT_CHECK_MILLISECONDS = 200;

/** Read when the program starts, because npm may be stopped before the lab is ready. */
const parentAtStart = process.ppid;

/**
 * Calls `stop` on SIGINT, SIGTERM and SIGHUP, and when npm was stopped: npm forwards SIGTERM only to its shell, which
 * exits without forwarding it. Detects this by polling the parent process id.
 */
export function onStopRequest(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  if (process.env.npm_lifecycle_event === undefined) return;
  setInterval(() => {
    if (process.ppid !== parentAtStart) stop();
  }, PARENT_CHECK_MILLISECONDS);
}
