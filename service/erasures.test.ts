import { describe, expect, test } from "vitest";
import { createErasureLedger } from "./erasure-ledger.ts";
import { createErasureStore } from "./erasure-store.ts";
import { createErasures, ErasuresPending } from "./erasures.ts";
import { parseKey } from "./key.ts";
import { LogsError } from "./logs-api.ts";
import { expectDenied, useService } from "./testing/fixture.ts";
import { createMemoryLogs } from "./testing/memory-logs.ts";

const MINUTE = 60_000;
const signal = new AbortController().signal;

const logs = createMemoryLogs();
const erasures = createTask();
const fixture = useService({
  recordErasure: (id, abort) => erasures.record(id, abort),
  requireApplied: () => erasures.requireApplied(),
});

/** A further task of the service, with the same database and ledger. */
function createTask() {
  return createErasures({
    ledger: createErasureLedger({ call: logs.call, logGroupName: "ledger", now: () => time() }),
    store: createErasureStore({
      read: (run) => fixture.service.database.read(run),
      query: (run) => fixture.service.database.query(run),
      close: async () => {},
    }),
    logger: {
      info: (...line: unknown[]) => fixture.service.logger.info(...(line as [object, string])),
      error: (...line: unknown[]) => fixture.service.logger.error(...(line as [object, string])),
    },
    metricsNamespace: "Cipherwatch",
    now: () => time(),
  });
}

const time = () => fixture.service.time.now;
const decrypt = (Key: string) => fixture.service.post("/decrypt", { Name: "Stephen", Key });
const forget = (Key: string) => fixture.service.post("/forget", { Name: "Stephen", Key });
const encrypt = () => fixture.service.encrypt("Stephen", "I love Pizza");
const idOf = (key: string) => parseKey(key)?.id ?? "";
const metricsOf = () =>
  fixture.service.lines.flatMap(({ LedgerUnapplied, ReturnedRecords }) =>
    LedgerUnapplied === undefined ? [] : [{ LedgerUnapplied, ReturnedRecords }],
  );

/** Empties database and ledger, and applies the ledger as a task does when it starts. */
async function start(): Promise<void> {
  Object.assign(logs.state, { failure: undefined, rejects: false, onRead: async () => {} });
  logs.state.events.length = 0;
  await erasures.applyAll();
  fixture.service.lines.length = 0;
}

/** Copies the database. @returns a function that restores the copy, as of a backup */
async function backUp(): Promise<() => Promise<void>> {
  const { sql } = fixture.postgres;
  const records = await sql`SELECT * FROM cipherwatch.records`;
  const progress = await sql`SELECT * FROM cipherwatch.erasure_progress`;
  return async () => {
    await sql`TRUNCATE cipherwatch.records, cipherwatch.forgotten, cipherwatch.erasure_progress`;
    for (const row of records) await sql`INSERT INTO cipherwatch.records ${sql(row)}`;
    for (const row of progress) await sql`INSERT INTO cipherwatch.erasure_progress ${sql(row)}`;
  };
}

describe("/forget", () => {
  test("adds the record's id to the ledger before it deletes the record", async () => {
    await start();
    const keys = await Promise.all([encrypt(), encrypt(), encrypt()]);
    for (const key of keys) expect((await forget(key)).status).toBe(200);
    expect(logs.state.events.map(({ message }) => JSON.parse(message))).toEqual(
      keys.map((key) => ({ record: idOf(key) })),
    );
    expect(await fixture.records()).toHaveLength(0);
  });

  test.each([
    ["fails", { failure: "AccessDeniedException" }],
    ["rejects the entry", { rejects: true }],
  ])("answers 503 and deletes nothing when CloudWatch Logs %s", async (_, failure) => {
    await start();
    const key = await encrypt();
    Object.assign(logs.state, failure);
    expect(await forget(key)).toMatchObject({ status: 503, json: { Code: "LedgerUnavailable" } });
    expect((await decrypt(key)).json).toEqual({ Text: "I love Pizza" });
  });

  test("adds nothing for a Key that does not open the record", async () => {
    await start();
    const key = await encrypt();
    await expectDenied(forget(key.slice(0, -1) + (key.endsWith("A") ? "B" : "A")));
    expect(logs.state.events).toEqual([]);
  });
});

describe("a restored backup", () => {
  test("opens nothing until the ledger is applied, then everything except forgotten records", async () => {
    await start();
    const [kept, forgotten] = [await encrypt(), await encrypt()];
    const restore = await backUp();
    expect((await forget(forgotten)).status).toBe(200);
    await restore();
    const calls = fixture.service.kms.calls.length;
    for (const key of [kept, forgotten, "unknown"]) {
      const { status, json } = await decrypt(key);
      expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "ErasuresPending" });
    }
    expect(fixture.service.kms.calls).toHaveLength(calls);
    await erasures.apply();
    expect((await decrypt(kept)).status).toBe(200);
    await expectDenied(decrypt(forgotten));
    expect((await forget(forgotten)).status).toBe(200); // may be repeated, as before
  });

  test("from before the ledger's first use gets all erasures", async () => {
    await start();
    const key = await encrypt();
    const restore = await backUp();
    await forget(key);
    await restore();
    await fixture.postgres.sql`DELETE FROM cipherwatch.erasure_progress`;
    expect((await decrypt(key)).json.Code).toBe("ErasuresPending");
    await erasures.apply();
    await expectDenied(decrypt(key));
  });

  test("is recognized although the ledger could not be read for a while before", async () => {
    await start();
    const key = await encrypt();
    const restore = await backUp();
    logs.state.onRead = async () => {
      throw new LogsError("ThrottlingException");
    };
    fixture.service.time.now += 30 * MINUTE;
    await erasures.apply();
    expect((await forget(key)).status).toBe(200);
    await restore();
    expect((await decrypt(key)).json.Code).toBe("ErasuresPending");
    logs.state.onRead = async () => {};
    await erasures.apply();
    await expectDenied(decrypt(key));
  });

  test.each(["recognized by a task that runs", "applied by a task that starts"])(
    "is %s, although the clock went back before the erasure",
    async (how) => {
      await start();
      const key = await encrypt();
      const restore = await backUp();
      fixture.service.time.now -= 60 * MINUTE;
      expect((await forget(key)).status).toBe(200);
      fixture.service.time.now += 50 * MINUTE;
      await restore();
      if (how.startsWith("recognized")) {
        expect((await decrypt(key)).json.Code).toBe("ErasuresPending");
        await erasures.apply();
      } else await createTask().apply();
      expect(await fixture.records()).toHaveLength(0);
      fixture.service.time.now += 10 * MINUTE;
    },
  );

  test("is not served by a task that starts before it has applied the ledger", async () => {
    await start();
    const key = await encrypt();
    const task = createTask();
    expect(() => task.requireApplied()(time())).toThrow(ErasuresPending);
    logs.state.failure = "ServiceUnavailableException";
    await task.apply();
    expect(() => task.requireApplied()(time() + MINUTE)).toThrow(ErasuresPending);
    logs.state.failure = undefined;
    await task.apply();
    expect(() => task.requireApplied()(time() + MINUTE)).not.toThrow();
    expect((await decrypt(key)).status).toBe(200);
  });

  test("is not suspected when a lookup returns after an erasure, but read the database before", async () => {
    await start();
    const key = await encrypt();
    const checkApplied = erasures.requireApplied();
    const [row] = await fixture.postgres.sql`SELECT applied FROM cipherwatch.erasure_progress`;
    const applied = row?.applied.getTime();
    await erasures.record(idOf(key), signal);
    expect(() => checkApplied(applied)).not.toThrow();
    expect(() => erasures.requireApplied()(applied)).toThrow(ErasuresPending);
  });

  test("that replaces the database during a pass is not taken for complete", async () => {
    await start();
    const key = await encrypt();
    const restore = await backUp();
    fixture.service.time.now += MINUTE;
    await forget(key);
    logs.state.onRead = restore;
    await erasures.apply();
    expect(metricsOf()).toEqual([{ LedgerUnapplied: 1, ReturnedRecords: 0 }]);
    expect((await decrypt(key)).json.Code).toBe("ErasuresPending");
    logs.state.onRead = async () => {};
    await erasures.apply();
    await expectDenied(decrypt(key));
  });

  test("that replaces the database a second time during the pass is not taken for complete", async () => {
    await start();
    const keys = [await encrypt(), await encrypt(), await encrypt()];
    const restore = await backUp();
    for (const key of keys) await forget(key);
    await restore();
    let pages = 0;
    logs.state.onRead = async () => {
      pages += 1;
      if (pages === 2) await restore();
    };
    await erasures.apply();
    for (const key of keys) expect((await decrypt(key)).status).not.toBe(200);
  });

  test("that replaces the database between two pages of a pass over all entries is not taken for complete", async () => {
    await start();
    const keys = [await encrypt(), await encrypt(), await encrypt()];
    const restore = await backUp();
    for (const key of keys) await forget(key);
    let pages = 0;
    logs.state.onRead = async () => {
      pages += 1;
      if (pages === 2) await restore();
    };
    await erasures.applyAll();
    expect(metricsOf()).toEqual([{ LedgerUnapplied: 1, ReturnedRecords: 0 }]);
    for (const key of keys) expect((await decrypt(key)).status).not.toBe(200);
  });
});

describe("a pass over the ledger", () => {
  const HOUR = 60 * MINUTE;

  test("continues after the last page that an interrupted one applied", async () => {
    await start();
    const keys: string[] = [];
    for (let n = 0; n < 6; n++) keys.push(await encrypt());
    const restore = await backUp();
    for (const key of keys) {
      fixture.service.time.now += HOUR;
      await erasures.apply();
      await forget(key);
    }
    await restore();
    let pages = 0;
    logs.state.onRead = async () => {
      pages += 1;
      if (pages === 3) throw new LogsError("ServiceUnavailableException");
    };
    await erasures.apply();
    expect(await fixture.records()).toHaveLength(2);
    expect((await decrypt(keys[5] ?? "")).json.Code).toBe("ErasuresPending");
    logs.state.onRead = async () => {};
    logs.state.reads.length = 0;
    await erasures.apply();
    expect(await fixture.records()).toHaveLength(0);
    const fourth = logs.state.events[3]?.timestamp ?? 0;
    expect(logs.state.reads[0]).toBe(fourth - 10 * MINUTE);
  });

  test("deletes a record whose task ended between the entry and the deletion", async () => {
    await start();
    const key = await encrypt();
    await erasures.record(idOf(key), signal);
    expect((await decrypt(key)).status).toBe(200);
    fixture.service.lines.length = 0;
    await erasures.apply();
    await expectDenied(decrypt(key));
    expect(metricsOf()).toEqual([{ LedgerUnapplied: 0, ReturnedRecords: 0 }]);
  });

  test("of all entries finds a single record that somebody copied back from a backup, and counts it", async () => {
    await start();
    const key = await encrypt();
    const [row] = await fixture.records();
    await forget(key);
    fixture.service.time.now += HOUR;
    await erasures.apply();
    await fixture.postgres.sql`
      INSERT INTO cipherwatch.records ${fixture.postgres.sql(row ?? {})}`;
    await erasures.apply();
    expect(await fixture.records()).toHaveLength(1);
    fixture.service.lines.length = 0;
    await erasures.applyAll();
    expect(await fixture.records()).toHaveLength(0);
    expect(metricsOf()).toEqual([{ LedgerUnapplied: 0, ReturnedRecords: 1 }]);
  });

  test("is not misled by a progress that is ahead of the clock, or by entries of somebody else", async () => {
    await start();
    const key = await encrypt();
    logs.state.events.push({ timestamp: time(), message: "not an entry" });
    logs.state.events.push({ timestamp: time(), message: JSON.stringify({ record: "x'; --" }) });
    await erasures.record(idOf(key), signal);
    await fixture.postgres.sql`
      UPDATE cipherwatch.erasure_progress SET applied = applied + interval '1 day'`;
    await erasures.apply();
    expect(await fixture.records()).toHaveLength(0);
  });
});
