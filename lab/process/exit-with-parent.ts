/**
 * Preloaded into the lab's child processes. The IPC channel closes when the lab ends, even after
 * `kill -9`; the child then stops, so that it does not keep its port.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

export {};
