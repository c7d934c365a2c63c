import { randomBytes, randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, DatabaseUnavailable } from "./database.ts";
import { createStore, type Store } from "./store.ts";
import { KEY_ARN } from "./testing/memory-kms.ts";
import { type PostgresServer, startPostgres } from "./testing/postgres-server.ts";
import type { SealedRecord } from "./vault.ts";

let postgres: PostgresServer;
let database: Database;
let store: Store;

beforeAll(async () => {
  postgres = await startPostgres();
  database = open(postgres.url);
  store = createStore(database, Date.now);
});

beforeEach(async () => {
  await postgres.sql`TRUNCATE cipherwatch.records, cipherwatch.forgotten`;
});

afterAll(async () => {
  await database.close(1_000);
  await postgres.close();
});

function open(url: string, statementTimeout = 5_000, connectTimeout = 5_000): Database {
  const access = { kind: "url", url } as const;
  return createDatabase({
    access,
    poolSize: 3,
    connectTimeout,
    statementTimeout,
  });
}

function record(name: string): SealedRecord {
  return {
    id: randomUUID(),
    name,
    wrappedKey: randomBytes(60),
    kmsKeyArn: KEY_ARN,
    nonce: randomBytes(12),
    ciphertext: randomBytes(40),
    formatVersion: 2,
    keyDigest: randomBytes(32),
    client: undefined,
    expires: undefined,
  };
}

const contentOf = ({ nonce, ciphertext }: SealedRecord) => ({ nonce, ciphertext });

/** The record as the candidate for its own Key. */
const asKeysRecord = (record: SealedRecord) => {
  const { wrappedKey, kmsKeyArn, formatVersion, client, expires } = record;
  return { wrappedKey, kmsKeyArn, format: { formatVersion, client, expires } };
};

/** The record as the candidate for another Key of its name. */
const asNewest = (record: SealedRecord) => ({ ...asKeysRecord(record), format: undefined });

describe("records", () => {
  test.each([
    ["a quote", "O'Brien"],
    ["SQL", "x'); DROP TABLE cipherwatch.records; --"],
    ["double quotes, backslashes and a dollar", '"\\$1 %s'],
    ["an emoji", "👩‍👩‍👧‍👦"],
    ["256 characters beyond the first plane", "𝒳".repeat(256)],
    ["a line break", "a\nb"],
  ])("are returned unchanged, under a name with %s", async (_, name) => {
    const stored = record(name);
    await store.insert(stored);
    expect(await store.findCandidate(stored.id, name)).toEqual(asKeysRecord(stored));
    expect(await store.readContent(stored.id, name)).toEqual(contentOf(stored));
    const [row] = await postgres.sql`SELECT * FROM cipherwatch.records`;
    expect(row).toMatchObject({ id: stored.id, name, kms_key_arn: KEY_ARN, format_version: 2 });
  });

  test("finds an id only under its own name", async () => {
    const [mine, other] = [record("Stephen"), record("Stefan")];
    await store.insert(mine);
    await store.insert(other);
    expect(await store.findCandidate(mine.id, "Stefan")).toEqual(asNewest(other));
    expect(await store.readContent(mine.id, "Stefan")).toBeUndefined();
    expect(await store.findCandidate(mine.id, "stephen")).toBeUndefined();
  });

  test("returns the newest record of the name for an unknown id", async () => {
    const [first, second] = [record("Stephen"), record("Stephen")];
    await store.insert(first);
    await store.insert(second);
    await postgres.sql`
      UPDATE cipherwatch.records SET created = created - interval '1 hour' WHERE id = ${first.id}`;
    expect(await store.findCandidate(randomUUID(), "Stephen")).toEqual(asNewest(second));
    expect(await store.findCandidate(first.id, "Stephen")).toEqual(asKeysRecord(first));
    expect(await store.findCandidate(second.id, "Stephen")).toEqual(asKeysRecord(second));
    expect(await store.readContent(randomUUID(), "Stephen")).toBeUndefined();
  });

  test("removes by id and name together", async () => {
    const [first, second] = [record("Stephen"), record("Stephen")];
    await store.insert(first);
    await store.insert(second);
    await store.remove(first.id, "Stefan");
    expect(await store.readContent(first.id, "Stephen")).toEqual(contentOf(first));
    await store.remove(first.id, "Stephen");
    await store.remove(first.id, "Stephen");
    const rows = await postgres.sql`SELECT id FROM cipherwatch.records`;
    expect(rows).toEqual([{ id: second.id }]);
  });

  test("finds a removed record for 24 hours, to remove it again, without its content", async () => {
    const [first, second] = [record("Stephen"), record("Stephen")];
    await store.insert(first);
    await store.insert(second);
    await store.remove(first.id, "Stephen");
    expect(await store.findCandidateToRemove(first.id, "Stephen")).toEqual(asKeysRecord(first));
    expect(await store.findCandidateToRemove(second.id, "Stephen")).toEqual(asKeysRecord(second));
    expect(await store.findCandidateToRemove(first.id, "Stefan")).toBeUndefined();
    expect(await store.findCandidate(first.id, "Stephen")).toEqual(asNewest(second));
    expect(await store.readContent(first.id, "Stephen")).toBeUndefined();
    const columns = await postgres.sql`SELECT * FROM cipherwatch.forgotten`;
    expect(Object.keys(columns[0] ?? {}).sort()).toEqual([
      "client",
      "forgotten",
      "format_version",
      "id",
      "kms_key_arn",
      "name",
      "wrapped_key",
    ]);

    const age = (interval: string) =>
      postgres.sql`UPDATE cipherwatch.forgotten SET forgotten = now() - ${interval}::interval`;
    await age("23 hours 59 minutes");
    await store.purge();
    expect(await store.findCandidateToRemove(first.id, "Stephen")).toEqual(asKeysRecord(first));
    await age("24 hours 1 minute");
    expect(await store.findCandidateToRemove(first.id, "Stephen")).toEqual(asNewest(second));
    await store.purge();
    expect(await postgres.sql`SELECT FROM cipherwatch.forgotten`).toHaveLength(0);
  });

  test("keep their client and the digest of the Key's secret, also while forgotten", async () => {
    const owned = { ...record("Stephen"), client: "c-1" };
    await store.insert(owned);
    expect(await store.findCandidate(owned.id, "Stephen")).toEqual(asKeysRecord(owned));
    const [row] = await postgres.sql`SELECT key_digest, client FROM cipherwatch.records`;
    expect(row).toEqual({ key_digest: owned.keyDigest, client: "c-1" });
    await store.remove(owned.id, "Stephen");
    expect(await store.findCandidateToRemove(owned.id, "Stephen")).toEqual(asKeysRecord(owned));
  });

  test("of format version 2 need a digest of 32 bytes; those of version 1 have none", async () => {
    const stored = record("Stephen");
    for (const keyDigest of [undefined, randomBytes(31)]) {
      await expect(store.insert({ ...stored, keyDigest })).rejects.toMatchObject({
        reason: "23514",
      });
    }
    await store.insert({ ...stored, formatVersion: 1, keyDigest: undefined });
    expect(await store.findCandidate(stored.id, "Stephen")).toMatchObject({
      format: { formatVersion: 1, client: undefined },
    });
  });

  test("accepts the statements of tasks of the previous version while they still run", async () => {
    const { id, wrappedKey, nonce, ciphertext } = record("Stephen");
    await postgres.sql`
      INSERT INTO cipherwatch.records
        (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version)
      VALUES (${id}, 'Stephen', ${wrappedKey}, ${KEY_ARN}, ${nonce}, ${ciphertext}, 1)`;
    const format = { formatVersion: 1, client: undefined };
    const candidate = { wrappedKey, kmsKeyArn: KEY_ARN, format };
    expect(await store.findCandidate(id, "Stephen")).toEqual(candidate);
    await postgres.sql`
      WITH removed AS (DELETE FROM cipherwatch.records RETURNING id, name, wrapped_key)
      INSERT INTO cipherwatch.forgotten (id, name, wrapped_key) SELECT * FROM removed`;
    expect(await store.findCandidateToRemove(id, "Stephen")).toEqual({
      ...candidate,
      kmsKeyArn: undefined,
    });
  });

  test("looks records up by an index", async () => {
    const plan = await postgres.sql.begin(async (sql) => {
      await sql`SET LOCAL enable_seqscan = off`;
      return await sql`EXPLAIN SELECT 1 FROM cipherwatch.records WHERE name = 'Stephen'
        ORDER BY created DESC LIMIT 1`;
    });
    const text = JSON.stringify(plan);
    expect(text).toContain("records_newest_of_name");
    expect(text).not.toContain("Sort");
  });

  test("returns the right record to each of many parallel requests", async () => {
    const records = Array.from({ length: 60 }, (_, index) => record(`name ${index % 7}`));
    await Promise.all(records.map((each) => store.insert(each)));
    const contents = await Promise.all(records.map(({ id, name }) => store.readContent(id, name)));
    expect(contents).toEqual(records.map(contentOf));
  });
});

describe("a failing database", () => {
  test("is reported by its error code, without the message", async () => {
    const again = record("Stephen");
    await store.insert(again);
    const failure = await store.insert(again).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailable);
    expect(failure).toMatchObject({ reason: "23505" });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(again.id);
  });

  test("is reported when nothing listens", async () => {
    const port = await closedPort();
    const away = open(`postgres://postgres@127.0.0.1:${port}/postgres`);
    await expect(createStore(away, Date.now).check()).rejects.toMatchObject({
      reason: "ECONNREFUSED",
    });
    await away.close(0);
  });

  test("is reported when the table is missing", async () => {
    await postgres.sql`ALTER TABLE cipherwatch.records RENAME TO moved`;
    await expect(store.check()).rejects.toMatchObject({ reason: "42P01" });
    await postgres.sql`ALTER TABLE cipherwatch.moved RENAME TO records`;
    await expect(store.check()).resolves.toBeUndefined();
  });

  test("is given up when it goes silent, and used again once it is back", async () => {
    const proxy = await startProxy(postgres.port);
    const flaky = open(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`, 50, 1_000);
    const through = createStore(flaky, Date.now);
    await through.check();
    proxy.silence();
    const lost = Array.from({ length: 5 }, () => through.check().catch((error: unknown) => error));
    for (const failure of await Promise.all(lost)) {
      expect(failure).toMatchObject({ name: "DatabaseUnavailable" });
    }
    await expect.poll(() => proxy.openAfterWrite(), { timeout: 30_000 }).toBe(0);
    proxy.heal();
    await expect(through.check()).resolves.toBeUndefined();
    await flaky.close(0);
    await proxy.close();
  });

  test("shares the connections it gets when the server grants fewer than the pool wants", async () => {
    const proxy = await startProxy(postgres.port, 2);
    const limited = open(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
    const through = createStore(limited, Date.now);
    const checks = Array.from({ length: 40 }, () => through.check());
    expect(await Promise.allSettled(checks)).toEqual(
      checks.map(() => ({ status: "fulfilled", value: undefined })),
    );
    await limited.close(0);
    await proxy.close();
  });

  test("is reported when it grants no connection for the time to connect", async () => {
    const proxy = await startProxy(postgres.port, 0);
    const refused = open(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`, 5_000, 200);
    await expect(createStore(refused, Date.now).check()).rejects.toMatchObject({ reason: "53300" });
    await refused.close(0);
    await proxy.close();
  });
});

async function closedPort(): Promise<number> {
  const server = await listen(createServer());
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/**
 * A proxy to the database that can drop everything it receives, like a lost host, and refuses connections beyond a
 * maximum as PostgreSQL does.
 */
async function startProxy(target: number, maxConnections = Number.POSITIVE_INFINITY) {
  let silent = false;
  const sockets: Socket[] = [];
  const open = new Set<Socket>();
  const server = await listen(
    createServer({ allowHalfOpen: true }, (near) => {
      if (open.size >= maxConnections) return refuse(near);
      open.add(near);
      near.once("close", () => open.delete(near));
      const far = connectTo(target, "127.0.0.1");
      sockets.push(near, far);
      const wasLost = { value: silent };
      lost.push(wasLost);
      near.on("data", (data) => wasLost.value || far.write(data));
      far.on("data", (data) => wasLost.value || near.write(data));
      near.on("end", () => wasLost.value || near.end());
      for (const socket of [near, far]) socket.on("error", () => {});
    }),
  );
  const lost: { value: boolean }[] = [];
  return {
    port: (server.address() as AddressInfo).port,
    /** A client that has closed its socket, and not only ended its side, resets the connection on a write. */
    openAfterWrite: () => {
      for (const socket of open) socket.write("x");
      return open.size;
    },
    silence: () => {
      silent = true;
      for (const each of lost) each.value = true;
    },
    heal: () => {
      silent = false;
    },
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ERRORRESPONSE */
function refuse(socket: Socket): void {
  socket.on("error", () => {});
  socket.once("data", () => {
    const fields = Buffer.from("SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0");
    const header = Buffer.alloc(5);
    header.write("E");
    header.writeInt32BE(fields.length + 4, 1);
    socket.end(Buffer.concat([header, fields]));
  });
}
