import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { startConsole } from "./server.ts";

test("returns the current state as indented JSON that is never cached", async () => {
  let requests = 0;
  const { url, close } = await startConsole({ port: 0, state: () => ({ requests: ++requests }) });
  await fetch(url);
  const response = await fetch(`${url}/api/state`);
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(await response.text()).toBe('{\n  "requests": 2\n}');
  await close();
});

test("rejects a host name that resolves to loopback (DNS rebinding)", async () => {
  const { url, close } = await startConsole({ port: 0, state: () => ({ secret: true }) });
  const request = get(`${url}/api/state`, { headers: { Host: "attacker.example" } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  expect(response.statusCode).toBe(403);
  expect(String(await response.toArray())).toBe(
    "Unknown host attacker.example; use 127.0.0.1 or localhost.",
  );
  await close();
});
