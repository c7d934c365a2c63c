import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { inspect } from "node:util";
import { afterEach, expect, test } from "vitest";
import { createListeningSockets, LISTENING_SOCKETS } from "./listening-sockets.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const CLIENTS = 64;
const onLinux = test.runIf(process.platform === "linux");

const servers: Server[] = [];
const clients: Socket[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) server.closeAllConnections();
});

function serve(count?: number) {
  const server = createServer((_, response) => response.end("served"));
  servers.push(server);
  return { server, ...createListeningSockets(server, count) };
}

function open(port: number, count = CLIENTS): readonly Socket[] {
  const opened = Array.from({ length: count }, () =>
    connect({ ...LOOPBACK, port })
      .setEncoding("latin1")
      .on("error", () => {}),
  );
  clients.push(...opened);
  return opened;
}

/** @returns the server's ends of the connections, and how many it accepted at most in a turn of the event loop */
async function accept(server: Server, port: number) {
  const accepted: Socket[] = [];
  server.on("connection", (socket) => accepted.push(socket));
  open(port);
  let most = 0;
  while (accepted.length < CLIENTS) {
    const before = accepted.length;
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, accepted.length - before);
  }
  return { accepted, most };
}

onLinux("accepts several connections in a turn of the event loop", async () => {
  const one = serve(1);
  expect((await accept(one.server, await one.listen(LOOPBACK))).most).toBe(1);
  const several = serve();
  const { most } = await accept(several.server, await several.listen(LOOPBACK));
  // The kernel distributes connections by a hash, so a few sockets may have none.
  expect(most).toBeGreaterThan(LISTENING_SOCKETS / 4);
  await Promise.all([one, several].map(endAll));
});

onLinux("gives each connection the options of http.Server", async () => {
  const { server, listen, close } = serve();
  const { accepted } = await accept(server, await listen(LOOPBACK));
  const plain = serve(1);
  const { accepted: byHttpServer } = await accept(plain.server, await plain.listen(LOOPBACK));
  const options = new Set(accepted.map(optionsOf));
  expect(options).toEqual(new Set(byHttpServer.map(optionsOf)));
  expect([...options][0]).toMatch(/kSetNoDelay: true/);
  await Promise.all([{ server, close }, plain].map(endAll));
});

test("answers the requests of all connections", async () => {
  const { server, listen, close } = serve();
  const responses = open(await listen(LOOPBACK)).map(async (client) => {
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const [response] = await once(client, "data");
    return String(response).slice(0, 15);
  });
  expect(new Set(await Promise.all(responses))).toEqual(new Set(["HTTP/1.1 200 OK"]));
  await endAll({ server, close });
});

test("listens no more and waits for all connections once it is closed", async () => {
  const { server, listen, close } = serve();
  const port = await listen(LOOPBACK);
  const { accepted } = await accept(server, port);
  let closed = false;
  const closing = close().then(() => {
    closed = true;
  });
  const refusals = open(port).map((client) => once(client, "error"));
  for (const [error] of await Promise.all(refusals)) {
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  }
  for (const socket of accepted) {
    expect(closed).toBe(false);
    socket.destroy();
    await once(socket, "close");
  }
  await closing;
});

test.each([1, LISTENING_SOCKETS])(
  "reports a port on which %i sockets of another server listen",
  async (count) => {
    const first = serve(count);
    const second = serve();
    const port = await first.listen(LOOPBACK);
    await expect(second.listen({ ...LOOPBACK, port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await Promise.all([first, second].map(({ close }) => close()));
    expect(await second.listen({ ...LOOPBACK, port })).toBe(port);
    await second.close();
  },
);

function endAll({ server, close }: { server: Server; close: () => Promise<void> }): Promise<void> {
  const closing = close();
  server.closeAllConnections();
  return closing;
}

/** What Node keeps about the options of a connection. */
function optionsOf(socket: Socket): string {
  const options = Object.getOwnPropertySymbols(socket)
    .filter(({ description }) => /^kSet/.test(description ?? ""))
    .map((symbol) => [symbol.description, Reflect.get(socket, symbol)]);
  const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark } = socket;
  return inspect({
    ...Object.fromEntries(options),
    allowHalfOpen,
    readableHighWaterMark,
    writableHighWaterMark,
  });
}
