import type { IncomingMessage, Server } from "node:http";
import { connect as connectTo, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { useService } from "./testing/fixture.ts";
import { createHarness, type Harness, type HarnessSettings } from "./testing/harness.ts";
import { exchange, listenOn, portOf, send, sendJson } from "./testing/http.ts";

const fixture = useService();
const PATIENCE = { timeout: 30_000, interval: 20 };
const MIB = 2 ** 20;

const servers: Server[] = [];
const harnesses: Harness[] = [];

async function serve(settings: Omit<HarnessSettings, "databaseUrl">, maxConnections?: number) {
  const { kms } = fixture.service;
  const harness = createHarness({ databaseUrl: fixture.postgres.url, kms, ...settings });
  const server = await listenOn(harness, maxConnections);
  harnesses.push(harness);
  servers.push(server);
  return { harness, port: portOf(server) };
}

afterEach(async () => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  for (const { database } of harnesses.splice(0)) await database.close(0);
});

const head = (length: number) =>
  `POST /encrypt HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

/** Connects clients that send the beginning of a body and then nothing. */
async function stall(port: number, count: number, beginning: string, length: number) {
  const sockets = Array.from({ length: count }, () => connectTo(port, "127.0.0.1"));
  const responses = sockets.map((socket) => collect(socket));
  await Promise.all(
    sockets.map(
      (socket) => new Promise<void>((done) => socket.write(head(length) + beginning, () => done())),
    ),
  );
  return { sockets, responses };
}

function collect(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    socket.setEncoding("utf8").on("data", (text) => {
      received += text;
    });
    socket.on("close", () => resolve(received));
    socket.on("error", () => {});
  });
}

describe("slow clients", () => {
  test("take no slot before their body is complete", async () => {
    const { port } = await serve({ inFlight: 2 });
    const { sockets } = await stall(port, 130, "{", 1_000);
    const responses = await Promise.all(
      [1, 2].map((n) => sendJson(port, "POST", "/encrypt", { Name: `n${n}`, Text: "t" })),
    );
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    for (const socket of sockets) socket.destroy();
  });

  test("lose their memory to others once they have taken longer than a second", async () => {
    const { harness, port } = await serve({ memory: 5_700_000 });
    const { responses } = await stall(port, 5, " ".repeat(500_000), 500_001);
    const isFull = () => {
      const account = harness.memory.open();
      const fits = account.resize(400_000);
      account.close();
      return !fits;
    };
    await expect.poll(isFull, PATIENCE).toBe(true);
    const received: string[] = [];
    for (const response of responses) void response.then((text) => received.push(text));
    const others = async () => {
      const Text = "t".repeat(200_000);
      return (await sendJson(port, "POST", "/encrypt", { Name: "n", Text })).status;
    };
    const evicted = () => received.filter((text) => text.includes("arrived slowly"));
    const evictedByOthers = async () => {
      await others();
      return evicted()[0];
    };
    await expect.poll(evictedByOthers, PATIENCE).toMatch(/^HTTP\/1\.1 429 [\s\S]*retry-after: 1/i);
    await expect.poll(others, PATIENCE).toBe(200);
  });

  test("return their memory when they disconnect", async () => {
    const { port } = await serve({ memory: 4 * MIB });
    const Text = "t".repeat(250_000);
    const post = () => sendJson(port, "POST", "/encrypt", { Name: "n", Text });
    for (let round = 0; round < 5; round++) {
      const { sockets } = await stall(port, 3, " ".repeat(500_000), 500_001);
      for (const socket of sockets) socket.destroy();
    }
    await expect.poll(async () => (await post()).status, PATIENCE).toBe(200);
  });

  test("that do not read their responses lose the connection when others need the memory", async () => {
    const { harness, port } = await serve({ memory: 12 * MIB });
    const Text = "\u0001".repeat(262_144);
    const Key = await harness.encrypt("n", Text);
    const body = JSON.stringify({ Name: "n", Key });
    const request = `${head(body.length).replace("/encrypt", "/decrypt")}${body}`;
    // The kernel buffers one response; further ones on the same connection wait for the client.
    const sockets = Array.from({ length: 2 }, () => connectTo(port, "127.0.0.1").pause());
    const closed = sockets.map((socket) => new Promise((done) => socket.once("close", done)));
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.write(request.repeat(8));
    }
    const others = async () =>
      (await sendJson(port, "POST", "/decrypt", { Name: "n", Key })).status;
    for (let n = 0; n < 2; n++) await expect.poll(others, PATIENCE).toBe(200);
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  });
});

/** @returns bytes of the buffers that are in use */
function memoryOfBuffers(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().arrayBuffers;
}

describe("memory", () => {
  test("bounds the bodies that are worked on, and shares itself again afterwards", async () => {
    const { harness, port } = await serve({ memory: 3.6 * MIB });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    harness.kms.interrupt = () => held;
    const before = harness.kms.calls.length;
    const post = () => sendJson(port, "POST", "/encrypt", { Name: "n", Text: "t".repeat(250_000) });
    const working = [post(), post(), post()];
    await expect.poll(() => harness.kms.calls.length, PATIENCE).toBe(before + 3);
    const { status, headers, text } = await post();
    expect({ status, retry: headers["retry-after"] }).toEqual({ status: 429, retry: "1" });
    expect(JSON.parse(text)).toMatchObject({ Code: "TooManyRequests" });
    release();
    for (const response of await Promise.all(working)) expect(response.status).toBe(200);
    expect((await post()).status).toBe(200);
  });

  test("is not taken from a request that waits for a quota, which holds none", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const take = () => {
      ask();
      return held;
    };
    const identity = { verifyToken: () => "alice", quotas: { take }, clientMetrics: 0 };
    const { harness } = await serve({ identity, memory: MIB });
    const headers = { Authorization: "Bearer t" };
    const waiting = harness.post("/encrypt", { Name: "n", Text: "t" }, headers);
    await asked;
    vi.advanceTimersByTime(1_001);
    const [all, more] = [harness.memory.open(), harness.memory.open()];
    expect([all.resize(MIB), more.resize(1)]).toEqual([true, false]);
    all.close();
    release(undefined);
    expect((await waiting).status).toBe(200);
  });

  test("is not held by the bodies of decrypts that wait for the memory of their texts", async () => {
    const { harness, port } = await serve({ memory: 12 * MIB });
    const Key = await harness.encrypt("n", "t");
    const body = JSON.stringify({ Name: "n", Key }) + " ".repeat(700_000);
    const headers = { "Content-Type": "application/json", "Content-Length": `${body.length}` };
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    harness.kms.interrupt = () => held;
    const before = harness.kms.calls.length;
    const decrypts = Array.from({ length: 4 }, () =>
      send(port, "POST", "/decrypt", { body, headers }),
    );
    await expect.poll(() => harness.kms.calls.length, PATIENCE).toBe(before + 4);
    release();
    for (const { status } of await Promise.all(decrypts)) expect(status).toBe(200);
  });

  test("of the body of a decrypt is free while KMS decides", async () => {
    const { harness, port } = await serve({ deadline: 60_000 });
    const Key = await harness.encrypt("n", "t");
    const body = JSON.stringify({ Name: "n", Key }) + " ".repeat(MIB);
    const headers = { "Content-Type": "application/json", "Content-Length": `${body.length}` };
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    harness.kms.interrupt = () => held;
    const calls = harness.kms.calls.length;
    const before = memoryOfBuffers();
    const decrypts = Array.from({ length: 16 }, () =>
      send(port, "POST", "/decrypt", { body, headers }),
    );
    await expect.poll(() => harness.kms.calls.length, PATIENCE).toBe(calls + 16);
    await expect.poll(memoryOfBuffers, PATIENCE).toBeLessThan(before + 8 * MIB);
    release();
    for (const { status } of await Promise.all(decrypts)) expect(status).toBe(200);
  });

  test("keeps serving health checks and small requests", async () => {
    const { port } = await serve({ memory: 4 * MIB });
    await stall(port, 7, " ".repeat(250_000), 250_001);
    expect((await send(port, "GET", "/healthz")).status).toBe(200);
    expect((await sendJson(port, "POST", "/decrypt", { Name: "n", Key: "k" })).status).toBe(403);
  });
});

test("a request with a large body beyond the slots gets 429 before its body is read", async () => {
  const { harness, port } = await serve({ inFlight: 1 });
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  harness.kms.interrupt = () => held;
  const before = harness.kms.calls.length;
  const working = sendJson(port, "POST", "/encrypt", { Name: "n", Text: "t" });
  await expect.poll(() => harness.kms.calls.length, PATIENCE).toBe(before + 1);
  const response = await exchange(port, (write) => write(`${head(20_000)}{`));
  expect(response).toMatch(
    /^HTTP\/1\.1 429 [\s\S]*retry-after: 1[\s\S]*too many requests are in progress/i,
  );
  release();
  expect((await working).status).toBe(200);
});

test("a request whose client has gone while it waited for a quota is not worked on", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
  const clients: string[] = [];
  const take = (client: string) => {
    clients.push(client);
    return held;
  };
  const identity = { verifyToken: () => "alice", quotas: { take }, clientMetrics: 0 };
  const { harness, port } = await serve({ identity });
  const before = harness.kms.calls.length;
  const body = JSON.stringify({ Name: "n", Text: "t" });
  const socket = connectTo(port, "127.0.0.1");
  socket.write(head(body.length).replace("\r\n", "\r\nAuthorization: Bearer t\r\n") + body);
  await expect.poll(() => clients, PATIENCE).toEqual(["alice"]);
  socket.destroy();
  const [server] = servers;
  const connections = () => new Promise((resolve) => server?.getConnections((_, n) => resolve(n)));
  await expect.poll(connections, PATIENCE).toBe(0);
  release(undefined);
  await expect
    .poll(() => harness.lines, PATIENCE)
    .toMatchObject([{ client: "alice", status: 400 }]);
  expect(harness.kms.calls).toHaveLength(before);
});

test("a connection may have 16 requests in progress, and is closed with the next one", async () => {
  const { harness, port } = await serve({});
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  harness.kms.interrupt = () => held;
  const before = harness.kms.calls.length;
  const body = JSON.stringify({ Name: "n", Text: "t" });
  const request = `${head(body.length)}${body}`;
  const last = request.replace("\r\n", "\r\nConnection: close\r\n");
  const allowed = exchange(port, (write) => write(request.repeat(15) + last));
  await expect.poll(() => harness.kms.calls.length, PATIENCE).toBe(before + 16);
  const tooMany = exchange(port, (write) => write(request.repeat(50)));
  await expect(tooMany).resolves.toBe("");
  expect(harness.kms.calls.length).toBeLessThanOrEqual(before + 32);
  release();
  expect((await allowed).match(/HTTP\/1\.1 200 /g)).toHaveLength(16);
});

test("the body of a rejected request is not kept while its response waits for an earlier one", async () => {
  const { harness, port } = await serve({ inFlight: 1 });
  const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
  harness.kms.interrupt = () => held;
  const before = harness.kms.calls.length;
  const requests: IncomingMessage[] = [];
  for (const event of ["request", "checkExpectation"]) {
    servers[0]?.on(event, (request) => requests.push(request));
  }
  const [text, blanks] = [JSON.stringify({ Name: "n", Text: "t" }), " ".repeat(16_000)];
  const request = `${head(blanks.length)}${blanks}`;
  const rejected = [
    request,
    request.replace("/encrypt", "/nowhere"),
    request.replace("/encrypt", "//["),
    request.replace("/encrypt", "/encrypt?a=b"),
    request.replace("Host", "Expect: a\r\nHost"),
    request.replace("Host", "X-Host"),
  ];
  const socket = connectTo(port, "127.0.0.1");
  socket.write(`${head(text.length)}${text}`);
  await expect.poll(() => harness.kms.calls.length, PATIENCE).toBe(before + 1);
  socket.write(rejected.join(""));
  await expect
    .poll(
      () => requests.map(({ complete, readableLength }) => complete && readableLength),
      PATIENCE,
    )
    .toEqual(Array(1 + rejected.length).fill(0));
  release(undefined);
  socket.destroy();
});

test("a connection too many gets 429 in the documented form, and later the place of an idle one", async () => {
  const { port } = await serve({}, 2);
  const [first, second] = [connectTo(port, "127.0.0.1"), connectTo(port, "127.0.0.1")];
  await Promise.all([first, second].map((s) => new Promise((done) => s.once("connect", done))));
  const response = await exchange(port, () => {});
  expect(response).toMatch(/^HTTP\/1\.1 429 [\s\S]*Retry-After: 1[\s\S]*"Code":"TooManyRequests"/);
  await expect.poll(() => send(port, "GET", "/").then(({ status }) => status), PATIENCE).toBe(200);
  expect([first.destroyed, second.destroyed]).toEqual([true, false]);
  second.destroy();
});
