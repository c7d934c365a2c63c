import fc from "fast-check";
import { expect, test } from "vitest";
import { createErasureLedger } from "../../service/erasure-ledger.ts";
import type { ErasureStore } from "../../service/erasure-store.ts";
import { createErasures, type Erasures } from "../../service/erasures.ts";
import { parseKey } from "../../service/key.ts";
import { LogsError } from "../../service/logs-api.ts";
import { openApiDocument } from "../../service/openapi.ts";
import type { Store } from "../../service/store.ts";
import { createMemoryKms } from "../../service/testing/memory-kms.ts";
import { createMemoryLogs } from "../../service/testing/memory-logs.ts";
import type { SealedRecord } from "../../service/vault.ts";
import { cases } from "./cases.ts";
import { createContractCheck } from "./contract.ts";
import { createFuzzedService, TEXT_LIMIT } from "./service.ts";

const { expectDocumented } = createContractCheck(openApiDocument(TEXT_LIMIT));
const MINUTE = 60_000;
const TASKS = 2;
const NAME = "mark-of-a-caller";

const task = fc.nat(TASKS - 1);
const record = fc.nat(9);
const minutes = (most: number) => fc.integer({ min: -most, max: most });

/** What happens to a deployment, one after the other. */
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("encrypt" as const), task }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("decrypt" as const), task, record }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("forget" as const), task, record }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("back up" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("restore" as const),
      backup: fc.nat(3),
      duringPass: fc.option(fc.record({ task, isOverAll: fc.boolean(), page: fc.nat(2) })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), task }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass over all" as const), task }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("replace task" as const), task }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), minutes: fc.nat(40) }),
  },
  // Two clocks differ by less than the hour that an entry may be ahead.
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("set clock" as const), task, minutes: minutes(25) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("ledger" as const),
      fails: fc.constantFrom("never", "reads", "writes"),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

interface Tables {
  readonly records: ReadonlyMap<string, SealedRecord>;
  readonly forgotten: ReadonlyMap<string, SealedRecord>;
  readonly progress: number | undefined;
}

/** The tables in memory, with the semantics of the SQL in service/store.ts and service/erasure-store.ts. */
function createDatabase() {
  let tables: Tables = { records: new Map(), forgotten: new Map(), progress: undefined };

  function remove(ids: readonly string[]): number {
    const removed = ids.flatMap((id) => tables.records.get(id) ?? []);
    const records = new Map(tables.records);
    for (const { id } of removed) records.delete(id);
    const forgotten = new Map([
      ...tables.forgotten,
      ...removed.map((row) => [row.id, row] as const),
    ]);
    tables = { ...tables, records, forgotten };
    return removed.length;
  }

  const erasureStore: ErasureStore = {
    progress: async () => tables.progress,
    erase: async (ids) => remove(ids),
    async advance(until, expected) {
      const { progress = Number.NEGATIVE_INFINITY } = tables;
      if (expected !== undefined && progress < expected) return undefined;
      const next = Math.max(until, expected === undefined ? progress : progress + 1);
      tables = { ...tables, progress: next };
      return next;
    },
  };

  function createStore({ requireApplied }: Pick<Erasures, "requireApplied">): Store {
    const find = async (id: string, removed: Tables["forgotten"]) => {
      const checkApplied = requireApplied();
      checkApplied(tables.progress);
      const own = tables.records.get(id) ?? removed.get(id);
      const row = own ?? [...tables.records.values()].at(-1);
      return row && { ...row, format: own };
    };
    return {
      insert: async (row) => {
        tables = { ...tables, records: new Map([...tables.records, [row.id, row]]) };
      },
      findCandidate: (id) => find(id, new Map()),
      findCandidateToRemove: (id) => find(id, tables.forgotten),
      readContent: async (id) => tables.records.get(id),
      remove: async (id) => void remove([id]),
      purge: async () => {},
      deleteExpired: async () => ({ deleted: 0, isFull: false }),
      check: async () => {},
    };
  }

  return {
    erasureStore,
    createStore,
    has: (id: string) => tables.records.has(id),
    backUp: () => tables,
    restore: (backup: Tables) => {
      tables = backup;
    },
  };
}

/** A deployment with a ledger: tasks with clocks of their own, on one database and one log group. */
function createDeployment() {
  const database = createDatabase();
  const { state: logs, call } = createMemoryLogs();
  const kms = createMemoryKms();
  const clock = { now: Date.UTC(2027, 0, 31, 12) };
  const offsets = Array.from({ length: TASKS }, () => 0);

  function createTask(index: number) {
    const now = () => clock.now + (offsets[index] ?? 0);
    const erasures = createErasures({
      ledger: createErasureLedger({ call, logGroupName: "ledger", now }),
      store: database.erasureStore,
      logger: { info: () => {}, error: () => {} },
      metricsNamespace: "Cipherwatch",
      now,
    });
    const store = database.createStore(erasures);
    const service = createFuzzedService({ store, kms, recordErasure: erasures.record });
    async function post(path: string, members: object) {
      const body = JSON.stringify({ Name: NAME, ...members });
      const headers = { "Content-Type": "application/json" };
      const response = await service.app.request(path, { method: "POST", headers, body });
      const text = await response.text();
      expectDocumented(path, "POST", response.status, text);
      const logged = service.lines.splice(0).join("");
      expect(logged).not.toContain(NAME);
      expect(logged).not.toMatch(/cwk_|InternalError/);
      const json = JSON.parse(text) as { readonly Key?: string; readonly Code?: string };
      return { status: response.status, ...json };
    }
    return { erasures, post };
  }

  const tasks = offsets.map((_, index) => createTask(index));
  const taskOf = (index: number) => tasks[index] ?? expect.unreachable("no such task");
  return { database, logs, clock, offsets, tasks, taskOf, createTask };
}

type Deployment = ReturnType<typeof createDeployment>;

/** Events after which a forgotten record could open. */
const CHANGES_DATABASE: ReadonlySet<Event["kind"]> = new Set([
  "restore",
  "pass",
  "pass over all",
  "replace task",
]);

/** Runs a sequence of events, and asserts that no forgotten record ever opens. */
async function run(events: readonly Event[], statuses: Record<string, number>) {
  const deployment = createDeployment();
  const { database, logs, clock, offsets, tasks, taskOf, createTask } = deployment;
  for (const { erasures } of tasks) await erasures.apply();
  const keys: string[] = [];
  for (let count = 0; count < 4; count++) keys.push(await encrypt(deployment, 0));
  const forgotten = new Set<string>();
  const backups = [database.backUp()];

  async function decrypt(index: number, Key: string): Promise<void> {
    const { status, Code } = await taskOf(index).post("/decrypt", { Key });
    count(`decrypt ${Code ?? status}`);
    if (forgotten.has(Key)) expect(Code).toMatch(/^(DecryptionFailed|ErasuresPending)$/);
    else if (database.has(idOf(Key)))
      expect(Code ?? "opened").toMatch(/^(opened|ErasuresPending)$/);
    else expect(Code).toMatch(/^(DecryptionFailed|ErasuresPending)$/);
  }

  async function forget(index: number, Key: string): Promise<void> {
    const { status, Code } = await taskOf(index).post("/forget", { Key });
    count(`forget ${Code ?? status}`);
    if (status !== 200) return;
    forgotten.add(Key);
    expect(logs.events.map(({ message }) => message)).toContain(`{"record":"${idOf(Key)}"}`);
    expect(database.has(idOf(Key))).toBe(false);
  }

  async function restore({ backup, duringPass }: Event & { readonly kind: "restore" }) {
    // A restore takes minutes, in which every task reads the database at least once.
    for (const { post } of tasks) await post("/decrypt", { Key: "unknown" });
    const tables = backups[backup % backups.length] ?? expect.unreachable("no backup");
    if (duringPass === null) return database.restore(tables);
    let page = 0;
    logs.onRead = async () => {
      if (page === duringPass.page) database.restore(tables);
      page += 1;
    };
    const { apply, applyAll } = taskOf(duringPass.task).erasures;
    await (duringPass.isOverAll ? applyAll() : apply());
    logs.onRead = onReadOf("never");
  }

  function onReadOf(fails: string) {
    return async () => {
      if (fails === "reads") throw new LogsError("AccessDeniedException");
    };
  }

  function count(label: string): void {
    statuses[label] = (statuses[label] ?? 0) + 1;
  }

  for (const each of events) {
    clock.now += 1_000;
    if (each.kind === "encrypt") keys.push(await encrypt(deployment, each.task));
    const key = "record" in each ? keys[each.record % Math.max(1, keys.length)] : undefined;
    if (each.kind === "decrypt" && key !== undefined) await decrypt(each.task, key);
    if (each.kind === "forget" && key !== undefined) await forget(each.task, key);
    if (each.kind === "back up") backups.push(database.backUp());
    if (each.kind === "restore") await restore(each);
    if (each.kind === "pass") await taskOf(each.task).erasures.apply();
    if (each.kind === "pass over all") await taskOf(each.task).erasures.applyAll();
    if (each.kind === "wait") clock.now += each.minutes * MINUTE;
    if (each.kind === "set clock") offsets[each.task] = each.minutes * MINUTE;
    if (each.kind === "replace task") {
      tasks[each.task] = createTask(each.task);
      await taskOf(each.task).erasures.apply();
    }
    if (each.kind === "ledger") {
      logs.rejects = each.fails === "writes";
      logs.onRead = onReadOf(each.fails);
    }
    if (!CHANGES_DATABASE.has(each.kind)) continue;
    for (const Key of forgotten) await decrypt(events.indexOf(each) % TASKS, Key);
  }
  logs.onRead = onReadOf("never");
  for (const [index, { erasures }] of tasks.entries()) {
    await erasures.apply();
    for (const Key of keys) await decrypt(index, Key);
  }
  for (const Key of forgotten) expect(database.has(idOf(Key))).toBe(false);
}

async function encrypt({ taskOf }: Deployment, index: number): Promise<string> {
  const { Key } = await taskOf(index).post("/encrypt", { Text: "text" });
  return Key ?? expect.unreachable("encrypting failed");
}

const idOf = (key: string) => parseKey(key)?.id ?? expect.unreachable("not a Key");

test("no sequence of erasures, backups, restores, failures and clock changes brings a forgotten record back", async () => {
  const statuses: Record<string, number> = {};
  const events = fc.array(event, { minLength: 5, maxLength: 30, size: "max" });
  await fc.assert(
    fc.asyncProperty(events, (sequence) => run(sequence, statuses)),
    cases(400),
  );
  console.log(statuses);
  for (const label of [
    "decrypt 200",
    "decrypt DecryptionFailed",
    "decrypt ErasuresPending",
    "forget 200",
    "forget LedgerUnavailable",
  ]) {
    expect(statuses[label], label).toBeGreaterThan(0);
  }
});
