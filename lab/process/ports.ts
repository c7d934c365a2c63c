import { createServer } from "node:net";

/**
 * Checks that a loopback port is free.
 * @param port 0 is always free
 * @param option the command line option that sets the port, for the error message
 * @throws Error that names the port and the option
 */
export async function assertPortFree(port: number, option: string): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code})`;
      reject(
        new Error(
          `Port ${port} ${reason}. Choose another with ${option} N, or use ${option} 0 for any free port.`,
        ),
      );
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}
