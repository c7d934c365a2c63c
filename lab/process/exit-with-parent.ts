/**
 * Preloaded into the lab's child processes: the channel to the lab closes when the lab ends, even by
 * `kill -9`, and a child that outlived it would keep its port.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

export {};
