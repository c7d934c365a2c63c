/** Spaces attempts to connect after some have failed. */
export interface ConnectAttempts {
  readonly failed: () => void;
  readonly succeeded: () => void;
  /** Milliseconds to wait before another attempt: 0 when the last one succeeded. */
  readonly delay: () => number;
  /** Whether that time has passed since the last one failed. */
  readonly mayTry: () => boolean;
}

/** The longest delay, in milliseconds. */
const MAX_DELAY = 1_000;

/** @param onMayTry called when the delay after a failure is over */
export function createConnectAttempts(onMayTry: () => void): ConnectAttempts {
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  const delay = () => (failures === 0 ? 0 : Math.min(50 * 2 ** failures, MAX_DELAY));
  return {
    failed() {
      failures += 1;
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = undefined;
        onMayTry();
      }, delay()).unref();
    },
    succeeded() {
      failures = 0;
    },
    delay,
    mayTry: () => failures === 0 || timer === undefined,
  };
}
