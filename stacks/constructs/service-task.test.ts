import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { healthCommand } from "./service-task.ts";

async function serverResponding(status: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/healthz" ? status : 404).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** @returns the exit code of the health check */
async function check(port: number): Promise<number | null> {
  const [, ...script] = healthCommand(port);
  const [code] = await once(execFile(process.execPath, script), "exit");
  return code;
}

test.each([
  [200, 0],
  [503, 1],
])("makes the health check of an API that responds with %i exit with %i", async (status, code) => {
  const server = await serverResponding(status);
  onTestFinished(() => void server.close());
  expect(await check(portOf(server))).toBe(code);
});

test("makes the health check of an unreachable API exit with 1", async () => {
  const server = await serverResponding(200);
  const port = portOf(server);
  server.close();
  await once(server, "close");
  expect(await check(port)).toBe(1);
});
