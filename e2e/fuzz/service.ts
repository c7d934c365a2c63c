import { randomBytes } from "node:crypto";
import { createApp } from "../../service/app.ts";
import type { AppDependencies, Identity } from "../../service/dependencies.ts";
import { formatKey } from "../../service/key.ts";
import { createLoadShedding } from "../../service/load-shedding.ts";
import { createMemoryBudget } from "../../service/memory-budget.ts";
import { createSlots } from "../../service/slots.ts";
import type { Store } from "../../service/store.ts";
import { createLogger } from "../../service/telemetry.ts";
import {
  createMemoryKms,
  KEY_ARN,
  type MemoryKms,
  OTHER_KEY_ARN,
} from "../../service/testing/memory-kms.ts";
import { createVault, type SealedRecord } from "../../service/vault.ts";

export const TEXT_LIMIT = 2_000;

/** A record that lasts, unlike those of the generated requests. */
export interface KeptRecord {
  readonly Name: string;
  readonly Key: string;
}

export interface KeptRecordOptions {
  readonly under?: "current key" | "previous key" | "unknown key";
  readonly formatVersion?: number;
  /** Opaque id of the client that the record belongs to. */
  readonly client?: string;
}

export interface FuzzedServiceOptions {
  /** Undefined turns identity off. */
  readonly identity?: Identity;
  /** A store in memory by default. */
  readonly store?: Store;
  /** A new KMS in memory by default. */
  readonly kms?: MemoryKms;
  readonly recordErasure?: AppDependencies["recordErasure"];
}

/** The real routes and vault on a store and a KMS in memory, fast enough for many cases. */
export function createFuzzedService(options: FuzzedServiceOptions = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    destination: { write: (line) => void lines.push(line) },
  });
  const master = randomBytes(32);
  const { store: memoryStore, keep } = createMemoryStore();
  const { identity, store = memoryStore, kms = createMemoryKms(master) } = options;
  const slots = createSlots(128);
  const isDraining = () => false;
  const metricsNamespace = "Cipherwatch";
  const app = createApp({
    identity,
    vault: createVault(kms, { previousKeyArns: [OTHER_KEY_ARN] }),
    store,
    readiness: async () => ({
      ready: true,
      checks: { Database: "ok", Kms: "ok" },
      reasons: [],
    }),
    limits: {
      text: TEXT_LIMIT,
      slots,
      deadline: 10_000,
      memory: createMemoryBudget(2 ** 27, () => performance.now()),
    },
    logger,
    metricsNamespace,
    mayDecrypt: () => true,
    now: Date.now,
    recordErasure: options.recordErasure ?? (async () => {}),
    isDraining,
  });

  /** Encrypts a text that equals the name. */
  async function keepRecord(
    Name: string,
    { under = "current key", formatVersion, client }: KeptRecordOptions = {},
  ): Promise<KeptRecord> {
    const vault = createVault(createMemoryKms(master, KEY_ARNS[under]));
    const seal = { name: Name, text: Name, client };
    const { key, record } = await vault.seal(seal, new AbortController().signal);
    keep({ ...record, formatVersion: formatVersion ?? record.formatVersion });
    return { Name, Key: formatKey(key) };
  }

  const loadShedding = createLoadShedding({ slots, isDraining, logger, metricsNamespace });
  return { app, logger, loadShedding, lines, kms, keepRecord };
}

const KEY_ARNS = {
  "current key": KEY_ARN,
  "previous key": OTHER_KEY_ARN,
  "unknown key": KEY_ARN.replace(/1234abcd/, "00000000"),
};

function createMemoryStore(): { store: Store; keep: (record: SealedRecord) => void } {
  const kept = new Map<string, SealedRecord>();
  const records = new Map<string, SealedRecord>();
  const forgotten = new Map<string, SealedRecord>();
  const recordOf = (id: string, name: string) => {
    const record = kept.get(id) ?? records.get(id);
    return record?.name === name ? record : undefined;
  };
  const candidateOf = (record: SealedRecord | undefined, isKeysRecord: boolean) =>
    record && { ...record, format: isKeysRecord ? record : undefined };
  const findCandidate: Store["findCandidate"] = async (id, name) =>
    candidateOf(recordOf(id, name), true) ??
    candidateOf(
      [...kept.values(), ...records.values()].findLast((other) => other.name === name),
      false,
    );
  const store: Store = {
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
      if (record === undefined || kept.has(id)) return;
      forgotten.set(id, record);
      records.delete(id);
    },
    purge: async () => {},
    deleteExpired: async () => ({ deleted: 0, isFull: false }),
    check: async () => {},
  };
  return { store, keep: (record) => void kept.set(record.id, record) };
}
