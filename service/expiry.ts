import type { Store } from "./store.ts";
import { type Logger, metricFields } from "./telemetry.ts";

export interface ExpiryProps {
  readonly store: Pick<Store, "deleteExpired">;
  readonly logger: Pick<Logger, "info">;
  readonly metricsNamespace: string;
  /** Milliseconds since the epoch, for the metric. */
  readonly now: () => number;
}

/**
 * Returns a function that deletes all expired records in batches, each committed on its own, and counts them in the
 * log and in a metric. Several tasks may call it at a time.
 */
export function createExpiry(props: ExpiryProps): () => Promise<void> {
  const { store, logger, metricsNamespace, now } = props;
  return async () => {
    for (let isFull = true; isFull; ) {
      const batch = await store.deleteExpired();
      isFull = batch.isFull;
      if (batch.deleted === 0) continue;
      const metrics = { ExpiredRecords: batch.deleted };
      logger.info(metricFields(metricsNamespace, metrics, now()), "deleted expired records");
    }
  };
}
