import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { startConsole } from "./server.ts";

test("the state is JSON that a person can read, taken anew for each request", async () => {
  let asked = 0;
  const { url, close } = await startConsole({ port: 0, state: () => ({ asked: ++asked }) });
  await fetch(url);
  const answer = await fetch(`${url}/api/state`);
  expect(answer.headers.get("Content-Type")).toBe("application/json");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(await answer.text()).toBe('{\n  "asked": 2\n}');
  await close();
});

test("a name that somebody pointed at loopback is refused", async () => {
  const { url, close } = await startConsole({ port: 0, state: () => ({ secret: true }) });
  const asked = get(`${url}/api/state`, { headers: { Host: "attacker.example" } });
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(403);
  expect(String(await answer.toArray())).toBe(
    "The console answers 127.0.0.1 and localhost, not attacker.example.",
  );
  await close();
});
