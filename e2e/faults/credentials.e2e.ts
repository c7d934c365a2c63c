import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { expectDesigned, expectRecovery, useTestbed } from "./testbed.ts";

/** The endpoint of an ECS agent. While it is silent, it accepts requests and does not respond. */
const agent = { isSilent: true, requests: 0 };
const server = createServer((_, response) => {
  agent.requests += 1;
  if (agent.isSilent) return;
  // They expire at once, so that each call of AWS needs others.
  const Expiration = new Date(Date.now() + 1_000).toISOString();
  const body = { AccessKeyId: "AKID", SecretAccessKey: "s", Token: "t", Expiration };
  response.end(JSON.stringify(body));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const testbed = useTestbed({
  AWS_ACCESS_KEY_ID: "",
  AWS_SECRET_ACCESS_KEY: "",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}/role`,
});

test("recovers from an ECS agent that does not respond, at the start and when credentials expire", async () => {
  const { send } = testbed();
  const refused = await send("/encrypt", { Name: "n", Text: "t" });
  expect(refused.status).toBe(503);
  expectDesigned(refused);
  for (let times = 0; times < 2; times += 1) {
    agent.isSilent = false;
    await expectRecovery(testbed());
    agent.isSilent = true;
    const { requests } = agent;
    // KMS decides whether credentials have expired; this one does not check them.
    const whileSilent = async () => {
      expect((await send("/encrypt", { Name: "n", Text: "t" })).status).toBe(200);
      return agent.requests;
    };
    await expect.poll(whileSilent, { timeout: 60_000 }).toBeGreaterThan(requests);
  }
});
