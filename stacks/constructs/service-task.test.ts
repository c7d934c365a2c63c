import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { healthCommand } from "./service-task.ts";

async function answering(status: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/healthz" ? status : 404).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** The exit code of the check. */
async function check(port: number): Promise<number | null> {
  const [, ...script] = healthCommand(port);
  const [code] = await once(execFile(process.execPath, script), "exit");
  return code;
}

test.each([
  [200, 0],
  [503, 1],
])("an API that answers %i makes the health check exit with %i", async (status, code) => {
  const server = await answering(status);
  onTestFinished(() => void server.close());
  expect(await check(portOf(server))).toBe(code);
});

test("an API that does not answer makes the health check exit with 1", async () => {
  const server = await answering(200);
  const port = portOf(server);
  server.close();
  await once(server, "close");
  expect(await check(port)).toBe(1);
});
