/**
 * Preloaded into the lab's child processes. Stops the child when the IPC channel closes, which happens when the lab
 * ends, even by `kill -9`. The child would otherwise keep its port.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

export {};
