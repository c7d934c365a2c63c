import { setImmediate as tick } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createConnectionLimit } from "./connection-limit.ts";
import { type Connection, createConnectionPool, type StatementKind } from "./connection-pool.ts";

const SILENCE = 10_000;
const FAILED = new Error("the server failed the statement");
const EXHAUSTED = new Error("the server has no connection left");
const READ_ONLY = new Error("the server has become a replica");
const LOST = new Error("the connection is lost");

interface Statement {
  readonly connection: FakeConnection;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly result: Promise<string>;
}

interface FakeConnection extends Connection {
  readonly statements: Statement[];
  readonly close: () => void;
  state: "open" | "ended" | "destroyed";
  accepted: boolean;
}

let clock = 0;
let connections: FakeConnection[] = [];

function createPool(poolSize: number) {
  return createConnectionPool<FakeConnection>({
    limit: createConnectionLimit(poolSize, () => clock),
    open(onClose) {
      const connection: FakeConnection = {
        statements: [],
        state: "open",
        accepted: false,
        isAccepted: () => connection.accepted,
        close: onClose,
        async end() {
          connection.state = "ended";
        },
        destroy() {
          connection.state = "destroyed";
          for (const { reject } of connection.statements) reject(LOST);
        },
      };
      connections.push(connection);
      return connection;
    },
    isFailedStatement: (error) => error === FAILED || error === READ_ONLY,
    isReadOnly: (error) => error === READ_ONLY,
    isExhausted: (error) => error === EXHAUSTED,
    silenceTimeout: SILENCE,
  });
}

type Pool = ReturnType<typeof createPool>;

/** Runs statements, and returns those that were sent. */
async function send(
  pool: Pool,
  count: number,
  kind: StatementKind = "write",
  signal?: AbortSignal,
): Promise<Statement[]> {
  const sent: Statement[] = [];
  for (let n = 0; n < count; n++) {
    const result: Promise<string> = pool.run(
      (connection) => {
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        const statement = { connection, resolve: () => resolve("done"), reject, result };
        connection.statements.push(statement);
        sent.push(statement);
        return promise;
      },
      kind,
      signal,
    );
    result.catch(() => {});
  }
  await tick();
  return sent;
}

async function establish(pool: Pool, count: number): Promise<void> {
  for (const { resolve } of await send(pool, count)) resolve();
  await tick();
  expect(connections).toHaveLength(count);
}

const counts = () => connections.map(({ statements }) => statements.length);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  connections = [];
  clock = 0;
});

afterEach(() => vi.useRealTimers());

describe("statements", () => {
  test("open connections up to the limit, and share them only then", async () => {
    const pool = createPool(3);
    await establish(pool, 3);
    await send(pool, 5);
    expect(counts().toSorted()).toEqual([2, 3, 3]);
    expect(connections).toHaveLength(3);
  });

  test("wait while each connection runs eight, in the order in which they came", async () => {
    const pool = createPool(1);
    await establish(pool, 1);
    const sent = await send(pool, 10);
    expect(sent).toHaveLength(8);
    sent[0]?.resolve();
    await tick();
    expect(sent).toHaveLength(9);
    await expect(sent[0]?.result).resolves.toBe("done");
  });

  test("leave their place once they are no longer needed, and run to their end if they were sent", async () => {
    const pool = createPool(1);
    await establish(pool, 1);
    const controller = new AbortController();
    const [needless] = await send(pool, 1, "write", controller.signal);
    const sent = await send(pool, 7);
    const waiting = pool.run(async () => "done", "write", controller.signal);
    const last = await send(pool, 1);
    controller.abort(new Error("too late"));
    await expect(waiting).rejects.toThrow("too late");
    await expect(pool.run(async () => "", "read", controller.signal)).rejects.toThrow("too late");
    sent[0]?.resolve();
    await tick();
    expect(last).toHaveLength(1);
    needless?.resolve();
    await expect(needless?.result).resolves.toBe("done");
  });

  test("that read share a connection if they start together, up to eight", async () => {
    const pool = createPool(3);
    await establish(pool, 3);
    await send(pool, 10, "read");
    expect(counts().toSorted()).toEqual([1, 3, 9]);
  });

  test("that read take the least busy connection if they start later", async () => {
    const pool = createPool(2);
    await establish(pool, 2);
    await send(pool, 3, "read");
    await send(pool, 2, "read");
    expect(counts().toSorted()).toEqual([3, 4]);
  });

  test("that read do not share a connection that closed after an earlier one started", async () => {
    const pool = createPool(2);
    await establish(pool, 2);
    const [closed] = connections;
    void send(pool, 1, "read");
    closed?.close();
    const [later] = await send(pool, 1, "read");
    expect(later?.connection.state).toBe("open");
  });

  test("do not share a connection that has not answered yet", async () => {
    const pool = createPool(2);
    const sent = await send(pool, 5);
    expect(counts()).toEqual([1, 1]);
    sent[0]?.resolve();
    await tick();
    expect(counts()).toEqual([4, 1]);
  });

  test("fail with their connection, are not sent again, and leave other connections alone", async () => {
    const pool = createPool(2);
    await establish(pool, 2);
    const sent = await send(pool, 6);
    const [lost, kept] = connections;
    lost?.close();
    await tick();
    for (const { connection, result, resolve } of sent) {
      resolve();
      if (connection === lost) await expect(result).rejects.toBe(LOST);
      else await expect(result).resolves.toBe("done");
    }
    expect([lost?.state, kept?.state]).toEqual(["destroyed", "open"]);
    expect(sent).toHaveLength(6);
    expect(connections).toHaveLength(2);
  });

  test("keep their connection when the server fails one of them", async () => {
    const pool = createPool(1);
    await establish(pool, 1);
    const [failed, other] = await send(pool, 2);
    failed?.reject(FAILED);
    await expect(failed?.result).rejects.toBe(FAILED);
    other?.resolve();
    await expect(other?.result).resolves.toBe("done");
    expect(connections[0]?.state).toBe("open");
  });
});

describe("a connection that the server refuses", () => {
  const REFUSED = new Error("the server rejects the token");

  /** Has one connection, and one that is being opened with a second statement. */
  async function openSecond(pool: Pool) {
    await establish(pool, 1);
    const [first, second] = await send(pool, 2);
    expect(second?.connection).toBe(connections[1]);
    return { first, second };
  }

  test("leaves its statement to one that works", async () => {
    const pool = createPool(3);
    const { second } = await openSecond(pool);
    second?.reject(REFUSED);
    await tick();
    expect(connections.map(({ state }) => state)).toEqual(["open", "destroyed"]);
    connections[0]?.statements.at(-1)?.resolve();
    await expect(second?.result).resolves.toBe("done");
  });

  test("fails its statement when there is no other, and later gets none that is no longer needed", async () => {
    const pool = createPool(1);
    const [only] = await send(pool, 1);
    only?.reject(REFUSED);
    await expect(only?.result).rejects.toBe(REFUSED);
    const controller = new AbortController();
    const statement = vi.fn(async () => "done");
    const needless = pool.run(statement, "write", controller.signal);
    controller.abort(new Error("too late"));
    await expect(needless).rejects.toThrow("too late");
    await expect(pool.run(statement, "write")).resolves.toBe("done");
    expect(statement).toHaveBeenCalledOnce();
  });

  test("fails its statement when it was lost only after it was accepted", async () => {
    const pool = createPool(3);
    const { second } = await openSecond(pool);
    if (connections[1] !== undefined) connections[1].accepted = true;
    second?.reject(LOST);
    await expect(second?.result).rejects.toBe(LOST);
    expect(connections[0]?.statements).toHaveLength(2);
  });

  test("is tried again after a while, by one statement at a time", async () => {
    const pool = createPool(4);
    const { second } = await openSecond(pool);
    second?.reject(REFUSED);
    await tick();
    await send(pool, 3);
    expect(connections).toHaveLength(2);
    vi.advanceTimersByTime(1_000);
    const [tried] = await send(pool, 3);
    expect(connections).toHaveLength(3);
    tried?.resolve();
    await tick();
    await send(pool, 3);
    expect(connections).toHaveLength(5);
  });

  test("makes statements wait when those that work have no room, and then tries it again", async () => {
    const pool = createPool(3);
    const { second } = await openSecond(pool);
    second?.reject(REFUSED);
    await tick();
    const sent = await send(pool, 7);
    expect(connections.map(({ statements }) => statements.length)).toEqual([9, 1]);
    expect(sent).toHaveLength(6);
    vi.advanceTimersByTime(1_000);
    await tick();
    expect(sent.at(-1)?.connection).toBe(connections[2]);
  });

  test("lowers the limit when the server has none left", async () => {
    const pool = createPool(3);
    await establish(pool, 1);
    const sent = await send(pool, 3);
    for (const { reject } of sent.slice(1)) reject(EXHAUSTED);
    await tick();
    vi.advanceTimersByTime(1_000);
    await send(pool, 4);
    expect(connections).toHaveLength(3);
    expect(connections[0]?.statements).toHaveLength(8);
    clock += 10_000;
    await send(pool, 1);
    expect(connections).toHaveLength(4);
  });
});

describe("a connection", () => {
  test("is kept while each response arrives in time, however many statements wait", async () => {
    const pool = createPool(1);
    await establish(pool, 1);
    const sent = await send(pool, 4);
    for (const { resolve, result } of sent.slice(0, 3)) {
      vi.advanceTimersByTime(SILENCE - 1);
      resolve();
      await expect(result).resolves.toBe("done");
    }
    vi.advanceTimersByTime(SILENCE - 1);
    expect(connections[0]?.state).toBe("open");
    vi.advanceTimersByTime(1);
    await expect(sent[3]?.result).rejects.toBe(LOST);
    expect(connections[0]?.state).toBe("destroyed");
  });

  test("that is silent takes the idle ones with it, but not those that run other statements", async () => {
    const pool = createPool(3);
    await establish(pool, 3);
    await send(pool, 1);
    vi.advanceTimersByTime(SILENCE / 2);
    await send(pool, 1);
    vi.advanceTimersByTime(SILENCE / 2);
    expect(connections.map(({ state }) => state)).toEqual(["destroyed", "open", "destroyed"]);
  });

  test("to a server that has become a replica runs its statements to their end, but gets no others", async () => {
    const pool = createPool(1);
    await establish(pool, 1);
    const [failed, other] = await send(pool, 2);
    failed?.reject(READ_ONLY);
    await expect(failed?.result).rejects.toBe(READ_ONLY);
    expect(connections[0]?.state).toBe("ended");
    const [next] = await send(pool, 1);
    expect(next?.connection).toBe(connections[1]);
    vi.advanceTimersByTime(SILENCE - 1);
    other?.resolve();
    await expect(other?.result).resolves.toBe("done");
    next?.resolve();
    await expect(next?.result).resolves.toBe("done");
    expect(connections.map(({ state }) => state)).toEqual(["ended", "open"]);
  });

  test("ends after a minute without statements", async () => {
    const pool = createPool(2);
    await establish(pool, 2);
    await send(pool, 1);
    vi.advanceTimersByTime(SILENCE - 1);
    for (const { resolve } of connections[0]?.statements ?? []) resolve();
    await tick();
    vi.advanceTimersByTime(60_001 - SILENCE);
    expect(connections.map(({ state }) => state)).toEqual(["open", "ended"]);
  });
});
