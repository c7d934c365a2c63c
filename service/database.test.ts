import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import postgres from "postgres";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connect, createDatabase, type DatabaseUnavailable, signIn } from "./database.ts";

const region = "ap-southeast-2";
const server = {
  host: "db.example.ap-southeast-2.rds.amazonaws.com",
  port: 5432,
  name: "cipherwatch",
  user: "cipherwatch_service",
} as const;

afterEach(() => vi.unstubAllEnvs());

describe("signing in to RDS", () => {
  // Which authorities it trusts: e2e/database/certificates.e2e.ts
  test("verifies the certificate and the host name with every sign-in method", () => {
    for (const access of [
      { ...server, kind: "iam", region: "ap-southeast-2" },
      { ...server, kind: "password", password: "p" },
    ] as const) {
      const { ssl } = signIn(access);
      expect(ssl).toMatchObject({ rejectUnauthorized: true, host: server.host });
      expect(ssl).not.toHaveProperty("checkServerIdentity");
    }
  });

  test("sends nothing but a TLS handshake to a server that says it has no TLS", async () => {
    const received: Buffer[] = [];
    const listener = createServer((socket) => {
      // "N" in response to the request for TLS.
      socket.once("data", () => {
        socket.write("N");
        socket.once("data", (data) => {
          received.push(data);
          socket.destroy();
        });
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as AddressInfo;
    const access = { ...server, host: "127.0.0.1", port, kind: "password", password: "p" } as const;
    const sql = connect(access, { max: 1 });
    await expect(sql`SELECT 1`).rejects.toThrow();
    await sql.end({ timeout: 0 });
    await new Promise((resolve) => listener.close(resolve));
    const HANDSHAKE = 22;
    expect(received.map(([type]) => type)).toEqual([HANDSHAKE]);
  });

  test("creates a new IAM token before each connection, for this server and role", async () => {
    const doorman = await startDoorman();
    const before: number[] = [];
    const credentials = async () => {
      before.push(doorman.connections());
      return { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "test" };
    };
    const sql = doorman.connect(signIn({ ...server, kind: "iam", region }, credentials));
    await expect(sql`SELECT 1`).rejects.toThrow("no");
    await expect(sql`SELECT 1`).rejects.toThrow("no");
    // A token that came later could find the connection closed, or opened again without TLS.
    expect(before).toEqual([0, 1]);
    expect(doorman.passwords).toHaveLength(2);
    const url = new URL(`https://${doorman.passwords[0]}`);
    expect(url.host).toBe("db.example.ap-southeast-2.rds.amazonaws.com:5432");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: "connect",
      DBUser: "cipherwatch_service",
      "X-Amz-Expires": "900",
      "X-Amz-Credential": expect.stringContaining("/ap-southeast-2/rds-db/aws4_request"),
    });
    await sql.end({ timeout: 0 });
    await doorman.close();
  });

  test("fails the query, and does not connect, when there are no AWS credentials", async () => {
    const credentials = async () => Promise.reject(new Error("none"));
    const doorman = await startDoorman();
    const sql = doorman.connect(signIn({ ...server, kind: "iam", region }, credentials));
    await expect(sql`SELECT 1`).rejects.toThrow("none");
    expect(doorman.connections()).toBe(0);
    await sql.end({ timeout: 0 });
    await doorman.close();
  });
});

test("connects once to a server that closes each connection before it has signed in", async () => {
  let connections = 0;
  const listener = createServer((socket) => {
    connections += 1;
    socket.once("data", () => socket.end());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const database = createDatabase({
    access: { kind: "url", url: `postgres://u@127.0.0.1:${port}/d` },
    poolSize: 10,
    connectTimeout: 5_000,
    statementTimeout: 5_000,
  });
  await expect(database.query((sql) => sql`SELECT 1`)).rejects.toMatchObject({
    reason: "CONNECTION_CLOSED",
  });
  expect(connections).toBe(1);
  await database.close(0);
  await new Promise((resolve) => listener.close(resolve));
});

describe("a pool whose connections are lost", () => {
  test.each(["reset", "end"] as const)(
    "opens new ones at once when the server closes them under load (%s)",
    async (how) => {
      const backend = await startBackend();
      const timeout = 30_000;
      const database = createDatabase({
        access: { kind: "url", url: `postgres://u@127.0.0.1:${backend.port}/d` },
        poolSize: 10,
        connectTimeout: timeout,
        statementTimeout: timeout,
      });
      const reasons = new Set<string>();
      let slowest = 0;
      let sent = 0;
      let kills = 0;
      const lane = async () => {
        while (kills < 60) {
          const startedAt = performance.now();
          await database
            .query((sql) => {
              sent += 1;
              return sql.unsafe("SELECT");
            })
            .catch(({ reason }: DatabaseUnavailable) => reasons.add(reason));
          slowest = Math.max(slowest, performance.now() - startedAt);
        }
      };
      const killer = async () => {
        for (; kills < 60; kills++) {
          await backend.queries(kills * 20);
          backend.disconnect(how);
        }
      };
      await Promise.all([killer(), ...Array.from({ length: 64 }, lane)]);
      await database.close(0);
      await backend.close();
      for (const reason of reasons)
        expect(reason).toMatch(/^(ECONNRESET|EPIPE|CONNECTION_CLOSED|CONNECTION_DESTROYED)$/);
      expect(slowest).toBeLessThan(timeout / 2);
      // No statement is sent twice: the server may have executed it.
      expect(backend.received()).toBeLessThanOrEqual(sent);
    },
    120_000,
  );
});

test("closes its end of a connection that the server leaves open", async () => {
  const backend = await startBackend();
  const timeout = 30_000;
  const database = createDatabase({
    access: { kind: "url", url: `postgres://u@127.0.0.1:${backend.port}/d` },
    poolSize: 1,
    connectTimeout: timeout,
    statementTimeout: timeout,
  });
  await database.query((sql) => sql.unsafe("SELECT"));
  const reset = backend.leaveOpen();
  await database.close(0);
  await expect(reset).resolves.toMatch(/^(ECONNRESET|EPIPE)$/);
  await backend.close();
});

/** A server that signs everyone in, and answers every simple query with no rows. */
async function startBackend() {
  const message = (type: string, ...content: number[]) =>
    Buffer.from([type.charCodeAt(0), 0, 0, 0, 4 + content.length, ...content]);
  const ready = message("Z", "I".charCodeAt(0));
  const parameter = message("S", ...Buffer.from("server_encoding\0UTF8\0"));
  const signedIn = Buffer.concat([message("R", 0, 0, 0, 0), parameter, ready]);
  const done = Buffer.concat([message("C", ...Buffer.from("SELECT 0\0")), ready]);
  const sockets = new Set<Socket>();
  let queries = 0;
  let waiter = { count: Number.POSITIVE_INFINITY, resolve: () => {} };
  let isLeftOpen = false;
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    socket.once("end", () => {
      if (!isLeftOpen) socket.end();
    });
    socket.once("data", () => {
      socket.write(signedIn);
      let rest = Buffer.alloc(0);
      socket.on("data", (data) => {
        // The driver sends several queries in one write.
        rest = Buffer.concat([rest, data]);
        while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
          if (rest[0] === "Q".charCodeAt(0)) {
            queries += 1;
            socket.write(done);
          }
          rest = rest.subarray(1 + rest.readUInt32BE(1));
        }
        if (queries >= waiter.count) waiter.resolve();
      });
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    /** Number of queries that have arrived. */
    received: () => queries,
    /** Resolves when this many queries have arrived. */
    queries: (count: number) =>
      new Promise<void>((resolve) => {
        waiter = { count, resolve };
        if (queries >= count) resolve();
      }),
    /** Closes no connection. Sends until the other end has gone, and resolves with the error of that. */
    leaveOpen() {
      isLeftOpen = true;
      return new Promise<unknown>((resolve) => {
        for (const socket of sockets) {
          const timer = setInterval(() => socket.write("\0"), 1);
          socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
          socket.once("close", () => clearInterval(timer));
        }
      });
    },
    disconnect(how: "reset" | "end") {
      for (const socket of sockets) {
        if (how === "reset") socket.resetAndDestroy();
        else socket.end();
      }
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(resolve);
      }),
  };
}

/** A server that requests a clear-text password, as RDS does for IAM authentication, and rejects every sign-in. */
async function startDoorman() {
  const passwords: string[] = [];
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => {
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      socket.once("data", (message) => {
        passwords.push(message.toString("utf8", 5, message.length - 1));
        const fields = Buffer.from("SFATAL\0VFATAL\0C28000\0Mno\0\0");
        const head = Buffer.from([0x45, 0, 0, 0, 4 + fields.length]);
        socket.end(Buffer.concat([head, fields]));
      });
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    passwords,
    connections: () => sockets.length,
    /** The driver with these options, but connected to this server and without TLS. */
    connect: (options: ReturnType<typeof signIn>) =>
      postgres({ ...options, host: "127.0.0.1", port, ssl: false, max: 2, fetch_types: false }),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(resolve);
      }),
  };
}
