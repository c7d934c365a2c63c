import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface KmsProcess {
  readonly url: string;
  /** Delays further responses. */
  readonly setDelay: (milliseconds: number) => Promise<void>;
  readonly close: () => void;
}

/**
 * Starts a KMS in its own process. In the process that generates a heavy load, it would answer only when that
 * process has sent all its requests, which takes seconds: the service would be blamed for the delay.
 */
export async function startKmsProcess(): Promise<KmsProcess> {
  const child = fork(fileURLToPath(new URL("./kms-program.ts", import.meta.url)));
  const [{ url }] = await once(child, "message");
  return {
    url,
    async setDelay(milliseconds) {
      child.send(milliseconds);
      await once(child, "message");
    },
    close: () => void child.kill(),
  };
}
