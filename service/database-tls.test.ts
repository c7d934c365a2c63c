import { type AddressInfo, createServer, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { expect, test, vi } from "vitest";
import { createDatabase, signIn } from "./database.ts";
import { createCertificate } from "./testing/certificate.ts";

const certificate = createCertificate();
const server = {
  kind: "password",
  host: "localhost",
  name: "d",
  user: "u",
  password: "p",
} as const;

// All connections of a process trust the same authorities.
const { ssl } = signIn({ ...server, port: 1 });
(ssl as { secureContext: SecureContext }).secureContext.context.addCACert(certificate.cert);

test("gives up a connection with statements that it cannot send, and the process goes on", async () => {
  const { port, readOn, stop } = await startServerThatStopsReading();
  const { query, close } = createDatabase({
    access: { ...server, port },
    poolSize: 1,
    connectTimeout: 5_000,
    statementTimeout: 100,
  });
  const uncaught = vi.fn();
  process.on("uncaughtException", uncaught);
  await query((sql) => sql.unsafe("SELECT"));
  const large = `SELECT '${"x".repeat(2 ** 22)}'`;
  const statements = Array.from({ length: 8 }, () => query((sql) => sql.unsafe(large)));
  for (const { status } of await Promise.allSettled(statements)) expect(status).toBe("rejected");
  await readOn();
  await close(0);
  process.off("uncaughtException", uncaught);
  expect(uncaught).not.toHaveBeenCalled();
  await stop();
});

/** A server that signs in over TLS, answers one statement, and reads nothing else, as a host that is gone. */
async function startServerThatStopsReading() {
  const message = (type: string, ...content: number[]) =>
    Buffer.from([type.charCodeAt(0), 0, 0, 0, 4 + content.length, ...content]);
  const ready = message("Z", "I".charCodeAt(0));
  const closed = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  let readOn = () => {};
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => {
      socket.write("S");
      const secured = new TLSSocket(socket, { isServer: true, ...certificate });
      secured.on("error", () => {}).once("close", closed.resolve);
      secured.once("data", () => {
        secured.write(Buffer.concat([message("R", 0, 0, 0, 0), ready]));
        secured.once("data", () => {
          secured.write(Buffer.concat([message("C", ...Buffer.from("SELECT 0\0")), ready]));
          secured.pause();
          readOn = () => void secured.resume();
        });
      });
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    /** Reads again, and resolves when the connection has closed. */
    readOn() {
      readOn();
      return closed.promise;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(resolve);
      }),
  };
}
