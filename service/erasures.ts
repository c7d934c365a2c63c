import type { Erasure, ErasureLedger } from "./erasure-ledger.ts";
import type { ErasureStore } from "./erasure-store.ts";
import { errorFields, type Logger, metricFields } from "./telemetry.ts";

export interface Erasures {
  /**
   * Adds a record to the ledger, and advances the progress of the database, so that a backup of before is behind.
   * Call it before the record is deleted.
   * @throws LogsError, DatabaseUnavailable or ErasuresPending
   */
  readonly record: (id: string, signal: AbortSignal) => Promise<void>;
  /** Call it before each lookup of a record. The function that it returns checks what the lookup read. */
  readonly requireApplied: () => CheckApplied;
  /** Applies the ledger to the database, and logs and counts the result. Never throws. Call it every `APPLY_INTERVAL`. */
  readonly apply: () => Promise<void>;
  /** Same as `apply`, but from the ledger's beginning: finds single records that came back. */
  readonly applyAll: () => Promise<void>;
}

/** The database was restored, and the ledger has not been applied to it yet. */
export class ErasuresPending extends Error {
  constructor() {
    super("The erasure ledger has not been applied to the database.");
    this.name = "ErasuresPending";
  }
}

/**
 * Checks the progress that a lookup read together with the record. It may be behind that of a later lookup, which can
 * return first, but not behind the progress from before the lookup.
 * @param applied milliseconds since the epoch; undefined if the ledger was never applied
 * @throws ErasuresPending if the database lacks erasures that were applied before the lookup
 */
export type CheckApplied = (applied: number | undefined) => void;

export interface ErasuresProps {
  readonly ledger: ErasureLedger;
  readonly store: ErasureStore;
  readonly logger: Pick<Logger, "info" | "error">;
  readonly metricsNamespace: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Counts {
  /** Records that a pass deleted. */
  erased: number;
  /** Those among them that had come back with a backup. */
  returned: number;
}

/** Milliseconds. */
export const APPLY_INTERVAL = 60_000;
export const APPLY_ALL_INTERVAL = 86_400_000;

/**
 * Milliseconds before the progress from which entries are read again: an entry's time is that of the request, and
 * CloudWatch Logs returns it only seconds after it was stored.
 */
const OVERLAP = 600_000;

/** Records in a statement. Deleting 100 Texts of the maximum size takes less than the statement timeout. */
const BATCH = 100;

/** Milliseconds for all pages of the ledger. A pass that is interrupted continues where it stopped. */
const PASS_TIMEOUT = 600_000;

/** Milliseconds between passes that requests cause: CloudWatch Logs allows five reads in a second. */
const MIN_INTERVAL = 2_000;

/**
 * Keeps forgotten records forgotten when a backup is restored (docs/decisions/0028-erasure-ledger.md). The database
 * stores until when the ledger has been applied to it. Each lookup returns that time, and a task refuses to decrypt
 * with a database that is behind what it has seen.
 */
export function createErasures(props: ErasuresProps): Erasures {
  const { ledger, store, logger, now } = props;
  // No database is known to be complete before the first pass.
  let required = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let lastStart = Number.NEGATIVE_INFINITY;
  /** Start of the last pass that succeeded, by `now`. */
  let lastPass = Number.NEGATIVE_INFINITY;

  async function pass(fromBeginning: boolean): Promise<void> {
    const startedAt = now();
    const counts = { erased: 0, returned: 0 };
    let failure: unknown;
    try {
      const requiredBefore = required;
      let progress = await store.progress();
      const isOlder = Number.isFinite(requiredBefore) && (progress ?? 0) < requiredBefore;
      if (isOlder) logger.error("the database is older than before: it was restored from a backup");
      // A clock that was ahead must not make a pass skip entries.
      const next = progress === undefined ? 0 : Math.min(progress, startedAt) - OVERLAP;
      const since = fromBeginning ? 0 : next;
      for await (const page of ledger.read(since, AbortSignal.timeout(PASS_TIMEOUT))) {
        await erase(store, page, startedAt, counts);
        // Everything until here is applied, so a pass that is killed does not begin again.
        const last = page.at(-1);
        if (last !== undefined) progress = await advance(Math.min(last.time, startedAt), progress);
      }
      required = await advance(startedAt, progress);
      lastPass = startedAt;
    } catch (error) {
      failure = error;
    }
    report(props, counts, failure);
  }

  async function advance(until: number, expected: number | undefined): Promise<number> {
    const progress = await store.advance(until, expected);
    // The database was replaced during the pass, which was applied to the other one.
    if (progress === undefined) throw new ErasuresPending();
    return progress;
  }

  function start(fromBeginning: boolean): Promise<void> {
    lastStart = now();
    running ??= pass(fromBeginning).finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    async record(id, signal) {
      // No earlier than the progress, so that a pass over a backup of before reads the entry.
      await ledger.append(id, required, signal);
      // Advances by at least a millisecond, so that a backup of before is behind. Advances to the present only after a
      // recent pass: entries that no pass has applied must stay within the overlap.
      const isRecent = now() - lastPass < OVERLAP / 2;
      const progress = await advance(isRecent ? now() : required, required);
      // A lookup may have seen a later one meanwhile.
      required = Math.max(required, progress);
    },
    requireApplied() {
      const requiredBefore = required;
      return (applied = Number.NEGATIVE_INFINITY) => {
        if (applied >= requiredBefore) {
          if (applied > required) required = applied;
          return;
        }
        if (now() - lastStart > MIN_INTERVAL) void start(false);
        throw new ErasuresPending();
      };
    },
    apply: () => start(false),
    async applyAll() {
      await running;
      await start(true);
    },
  };
}

/** Deletes the records of a page, and adds their number to `counts`. */
async function erase(
  store: ErasureStore,
  page: readonly Erasure[],
  startedAt: number,
  counts: Counts,
): Promise<void> {
  const isOld = ({ time }: Erasure) => time < startedAt - OVERLAP;
  for (const erasures of [page.filter(isOld), page.filter((erasure) => !isOld(erasure))]) {
    for (let start = 0; start < erasures.length; start += BATCH) {
      const batch = erasures.slice(start, start + BATCH);
      const erased = await store.erase(batch.map(({ id }) => id));
      counts.erased += erased;
      // A task deletes a record right after it appends the entry, so an older one came back.
      if (batch.every(isOld)) counts.returned += erased;
    }
  }
}

function report(props: ErasuresProps, counts: Counts, failure: unknown): void {
  const { logger, metricsNamespace } = props;
  const metrics = {
    LedgerUnapplied: Number(failure !== undefined),
    ReturnedRecords: counts.returned,
  };
  const line = { ...counts, ...metricFields(metricsNamespace, metrics, Date.now()) };
  if (failure === undefined) logger.info(line, "the erasure ledger is applied");
  else logger.error({ ...line, ...errorFields(failure) }, "the erasure ledger was not applied");
}
