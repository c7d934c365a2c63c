import { randomBytes } from "node:crypto";
import { errorFields, type Logger } from "./telemetry.ts";
import type { Vault } from "./vault.ts";

/** In place of the record's UUID in the encryption context, so that no caller's Key has it. */
const RECORD = "canary";

const SECRET_BYTES = 32;

export interface CanaryProps {
  readonly vault: Pick<Vault, "open">;
  readonly logger: Pick<Logger, "info" | "error">;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Returns a function that tries a wrong Key, as `/decrypt` does for a Name that does not exist, and logs the
 * result. KMS must reject it, which CloudTrail records: the alarms notice when such records stop. Counts in no
 * metric of the service, so it raises no alarm. Never throws.
 */
export function createCanary({ vault, logger, timeout }: CanaryProps): () => Promise<void> {
  return async () => {
    try {
      const key = { id: RECORD, secret: randomBytes(SECRET_BYTES) };
      const { status, kmsRequestId } = await vault.open(
        { key, name: "" },
        AbortSignal.timeout(timeout),
      );
      if (status === "rejected") logger.info({ kmsRequestId }, "canary");
      else logger.error({ status, kmsRequestId }, "KMS did not reject the canary's wrong Key");
    } catch (error) {
      logger.error(errorFields(error), "the canary did not reach KMS");
    }
  };
}

export interface Timer {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Calls a function after a number of milliseconds. */
  readonly after: (milliseconds: number, task: () => void) => void;
}

/**
 * Runs a task at each multiple of an interval of wall-clock time: all tasks of the service at once, so that the
 * alarm of the canary sees one group of calls per interval.
 */
export function runAtMultiples(interval: number, task: () => void, { now, after }: Timer): void {
  after(interval - (now() % interval), () => {
    task();
    runAtMultiples(interval, task, { now, after });
  });
}
