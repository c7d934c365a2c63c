import { createServer } from "node:net";

/**
 * Checks that a loopback port is free, before anything slow begins.
 * @throws Error that names the port and the option that moves it
 */
export async function assertPortFree(port: number, option: string): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code})`;
      reject(
        new Error(
          `Port ${port} ${why}. Choose another with ${option} N, or ${option} 0 for a free one.`,
        ),
      );
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}
