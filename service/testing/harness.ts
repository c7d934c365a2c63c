import { expect } from "vitest";
import type { z } from "zod";
import { createApp } from "../app.ts";
import {
  DecryptResponse,
  EncryptResponse,
  ErrorResponse,
  ForgetResponse,
  HealthResponse,
  NotReadyResponse,
  ReadyResponse,
} from "../contract.ts";
import { createDatabase, type Database } from "../database.ts";
import type { Identity } from "../dependencies.ts";
import type { Erasures } from "../erasures.ts";
import { createLoadShedding, type LoadShedding } from "../load-shedding.ts";
import { createMemoryBudget, type MemoryBudget } from "../memory-budget.ts";
import { createReadiness } from "../readiness.ts";
import { createSlots, type Slots } from "../slots.ts";
import { createStore, type Store } from "../store.ts";
import { createLogger, type Logger } from "../telemetry.ts";
import { createVault, type Vault, type VaultSettings } from "../vault.ts";
import { createMemoryKms, type MemoryKms } from "./memory-kms.ts";

export interface HarnessSettings {
  readonly databaseUrl: string;
  readonly poolSize?: number;
  readonly textLimit?: number;
  readonly inFlight?: number;
  readonly deadline?: number;
  /** Bytes of memory that requests share. */
  readonly memory?: number;
  /** A new in-memory KMS by default. */
  readonly kms?: MemoryKms;
  /** Format version 2 and no previous KMS keys by default. */
  readonly vault?: VaultSettings;
  /** There is no erasure ledger by default. */
  readonly recordErasure?: (id: string, signal: AbortSignal) => Promise<void>;
  readonly requireApplied?: Erasures["requireApplied"];
  /** Identity is off by default. */
  readonly identity?: Identity;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Harness {
  readonly app: ReturnType<typeof createApp>;
  readonly kms: MemoryKms;
  readonly vault: Vault;
  readonly memory: MemoryBudget;
  readonly slots: Slots;
  readonly loadShedding: LoadShedding;
  readonly store: Store;
  readonly database: Database;
  readonly logger: Logger;
  /** Logged lines, parsed. */
  readonly lines: Readonly<Record<string, unknown>>[];
  /** Operations called on the store, in order. */
  readonly storeCalls: string[];
  /** Clock of the readiness check in milliseconds. */
  readonly clock: { now: number };
  /** Clock by which records expire, in milliseconds since the epoch. It stands still. */
  readonly time: { now: number };
  readonly draining: { value: boolean };
  /** Whether the trail guard allows decrypts. */
  readonly mayDecrypt: { value: boolean };
  readonly post: (
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ) => Promise<ServiceResponse>;
  readonly request: (path: string, init?: RequestInit) => Promise<ServiceResponse>;
  /** Encrypts a text and returns its Key. */
  readonly encrypt: (name: string, text: string) => Promise<string>;
}

export const DENIED = "Data decryption failed, make sure you have the correct key";

/** The service without port and AWS: real routes, vault and store on a real PostgreSQL. */
export function createHarness(settings: HarnessSettings): Harness {
  const { databaseUrl, poolSize = 4, textLimit = 262_144 } = settings;
  const {
    inFlight = 64,
    deadline = 30_000,
    memory: memoryBytes = 2 ** 27,
    kms = createMemoryKms(),
    identity,
  } = settings;
  const lines: Record<string, unknown>[] = [];
  const storeCalls: string[] = [];
  const clock = { now: 0 };
  const time = { now: Date.UTC(2027, 0, 31, 12) };
  const draining = { value: false };
  const mayDecrypt = { value: true };
  const database = createDatabase({
    access: { kind: "url", url: databaseUrl },
    poolSize,
    connectTimeout: 5_000,
    statementTimeout: 5_000,
  });
  const store = recording(
    createStore(database, () => time.now, settings.requireApplied),
    storeCalls,
  );
  const vault = createVault(kms, settings.vault);
  const memory = createMemoryBudget(memoryBytes, () => performance.now());
  const logger = createLogger({
    level: "debug",
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const slots = createSlots(inFlight);
  const isDraining = () => draining.value;
  const metricsNamespace = "Cipherwatch";
  const app = createApp({
    vault,
    identity,
    store,
    readiness: createReadiness({
      checks: { Database: store.check, Kms: kms.checkKey },
      timeout: 5_000,
      age: 5_000,
      now: () => clock.now,
    }),
    limits: {
      text: textLimit,
      slots,
      deadline,
      memory,
    },
    logger,
    metricsNamespace,
    mayDecrypt: () => mayDecrypt.value,
    now: () => time.now,
    recordErasure: settings.recordErasure ?? (async () => {}),
    isDraining,
  });

  async function request(path: string, init: RequestInit = {}): Promise<ServiceResponse> {
    const response = await app.request(path, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    const json = isJson ? JSON.parse(text) : {};
    if (isJson) expectContract(path, response.status, json);
    return { status: response.status, headers: response.headers, text, json };
  }

  function post(path: string, body: unknown, headers: Record<string, string> = {}) {
    return request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  async function encrypt(Name: string, Text: string): Promise<string> {
    const { status, json } = await post("/encrypt", { Name, Text });
    expect(status).toBe(200);
    return String(json.Key);
  }

  return {
    app,
    kms,
    vault,
    memory,
    slots,
    loadShedding: createLoadShedding({ slots, isDraining, logger, metricsNamespace }),
    store,
    database,
    logger,
    lines,
    storeCalls,
    clock,
    time,
    draining,
    mayDecrypt,
    post,
    request,
    encrypt,
  };
}

const responses: Readonly<Record<string, z.ZodType>> = {
  "/encrypt": EncryptResponse,
  "/decrypt": DecryptResponse,
  "/forget": ForgetResponse,
  "/healthz": HealthResponse,
  "/readyz": ReadyResponse,
};

/** Asserts that a response matches the published contract. */
export function expectContract(path: string, status: number, json: unknown): void {
  const errorSchema = path === "/readyz" ? NotReadyResponse : ErrorResponse;
  const schema = status === 200 ? responses[path] : errorSchema;
  const parsed = schema?.safeParse(json);
  expect(parsed?.error?.issues ?? [], `${path} ${status}`).toEqual([]);
}

function recording(store: Store, calls: string[]): Store {
  return {
    insert: (...args) => {
      calls.push("insert");
      return store.insert(...args);
    },
    findCandidate: (...args) => {
      calls.push("findCandidate");
      return store.findCandidate(...args);
    },
    findCandidateToRemove: (...args) => {
      calls.push("findCandidateToRemove");
      return store.findCandidateToRemove(...args);
    },
    readContent: (...args) => {
      calls.push("readContent");
      return store.readContent(...args);
    },
    remove: (id, name) => {
      calls.push("remove");
      return store.remove(id, name);
    },
    purge: store.purge,
    deleteExpired: store.deleteExpired,
    check: store.check,
  };
}
