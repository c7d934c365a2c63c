import { createApp } from "../../service/app.ts";
import { createMemoryBudget } from "../../service/memory-budget.ts";
import type { Store } from "../../service/store.ts";
import { createLogger } from "../../service/telemetry.ts";
import { createMemoryKms } from "../../service/testing/memory-kms.ts";
import { createVault, type SealedRecord } from "../../service/vault.ts";

export const TEXT_LIMIT = 2_000;

/** The real routes and vault on a store and a KMS in memory, fast enough for many cases. */
export function createFuzzedService() {
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    destination: { write: (line) => void lines.push(line) },
  });
  const app = createApp({
    identity: undefined,
    vault: createVault(createMemoryKms()),
    store: createMemoryStore(),
    readiness: async () => ({
      ready: true,
      checks: { Database: "ok", Kms: "ok" },
      reasons: [],
    }),
    limits: {
      text: TEXT_LIMIT,
      inFlight: 128,
      deadline: 10_000,
      memory: createMemoryBudget(2 ** 27, () => performance.now()),
    },
    logger,
    metricsNamespace: "Cipherwatch",
    mayDecrypt: () => true,
    now: Date.now,
    isDraining: () => false,
  });
  return { app, logger, lines };
}

function createMemoryStore(): Store {
  const records = new Map<string, SealedRecord>();
  const forgotten = new Map<string, SealedRecord>();
  const recordOf = (id: string, name: string) => {
    const record = records.get(id);
    return record?.name === name ? record : undefined;
  };
  const candidateOf = (record: SealedRecord | undefined, isKeysRecord: boolean) =>
    record && { ...record, format: isKeysRecord ? record : undefined };
  const findCandidate: Store["findCandidate"] = async (id, name) =>
    candidateOf(recordOf(id, name), true) ??
    candidateOf(
      [...records.values()].findLast((other) => other.name === name),
      false,
    );
  return {
    async insert(record) {
      records.set(record.id, record);
      const [oldest] = records.keys();
      if (records.size > 50 && oldest !== undefined) records.delete(oldest);
    },
    findCandidate,
    findCandidateToRemove: async (id, name) =>
      candidateOf(forgotten.get(id), true) ?? (await findCandidate(id, name)),
    readContent: async (id, name) => recordOf(id, name),
    async remove(id, name) {
      const record = recordOf(id, name);
      if (record === undefined) return;
      forgotten.set(id, record);
      records.delete(id);
    },
    purge: async () => {},
    deleteExpired: async () => ({ deleted: 0, isFull: false }),
    check: async () => {},
  };
}
