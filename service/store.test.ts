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
  store = createStore(database);
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
    onTokenError: () => {},
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
    formatVersion: 1,
  };
}

const contentOf = ({ nonce, ciphertext, formatVersion }: SealedRecord) => ({
  nonce,
  ciphertext,
  formatVersion,
});

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
    expect(await store.findWrappedKey(stored.id, name)).toEqual(stored.wrappedKey);
    expect(await store.readContent(stored.id, name)).toEqual(contentOf(stored));
    const [row] = await postgres.sql`SELECT * FROM cipherwatch.records`;
    expect(row).toMatchObject({ id: stored.id, name, kms_key_arn: KEY_ARN, format_version: 1 });
  });

  test("finds an id only under its own name", async () => {
    const [mine, other] = [record("Stephen"), record("Stefan")];
    await store.insert(mine);
    await store.insert(other);
    expect(await store.findWrappedKey(mine.id, "Stefan")).toEqual(other.wrappedKey);
    expect(await store.readContent(mine.id, "Stefan")).toBeUndefined();
    expect(await store.findWrappedKey(mine.id, "stephen")).toBeUndefined();
  });

  test("returns the wrapped key of the newest record of the name for an unknown id", async () => {
    const [first, second] = [record("Stephen"), record("Stephen")];
    await store.insert(first);
    await store.insert(second);
    await postgres.sql`
      UPDATE cipherwatch.records SET created = created - interval '1 hour' WHERE id = ${first.id}`;
    expect(await store.findWrappedKey(randomUUID(), "Stephen")).toEqual(second.wrappedKey);
    expect(await store.findWrappedKey(first.id, "Stephen")).toEqual(first.wrappedKey);
    expect(await store.findWrappedKey(second.id, "Stephen")).toEqual(second.wrappedKey);
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
    expect(await store.findWrappedKeyToRemove(first.id, "Stephen")).toEqual(first.wrappedKey);
    expect(await store.findWrappedKeyToRemove(second.id, "Stephen")).toEqual(second.wrappedKey);
    expect(await store.findWrappedKeyToRemove(first.id, "Stefan")).toBeUndefined();
    expect(await store.findWrappedKey(first.id, "Stephen")).toEqual(second.wrappedKey);
    expect(await store.readContent(first.id, "Stephen")).toBeUndefined();
    const columns = await postgres.sql`SELECT * FROM cipherwatch.forgotten`;
    expect(Object.keys(columns[0] ?? {}).sort()).toEqual([
      "forgotten",
      "id",
      "name",
      "wrapped_key",
    ]);

    const age = (interval: string) =>
      postgres.sql`UPDATE cipherwatch.forgotten SET forgotten = now() - ${interval}::interval`;
    await age("23 hours 59 minutes");
    await store.purge();
    expect(await store.findWrappedKeyToRemove(first.id, "Stephen")).toEqual(first.wrappedKey);
    await age("24 hours 1 minute");
    expect(await store.findWrappedKeyToRemove(first.id, "Stephen")).toEqual(second.wrappedKey);
    await store.purge();
    expect(await postgres.sql`SELECT FROM cipherwatch.forgotten`).toHaveLength(0);
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
    await expect(createStore(away).check()).rejects.toMatchObject({ reason: "ECONNREFUSED" });
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
    const through = createStore(flaky);
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
    const through = createStore(limited);
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
    await expect(createStore(refused).check()).rejects.toMatchObject({ reason: "53300" });
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
