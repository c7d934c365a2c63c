import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { inLanes, PATIENCE, Tally } from "./load.ts";
import { LONG, useTestbed } from "./testbed.ts";

/** CloudWatch Logs with an empty log group: no member of its responses is required. */
const logs = createServer((request, response) => request.resume() && response.end("{}"));
await new Promise<void>((resolve) => logs.listen(0, "127.0.0.1", resolve));
afterAll(() => void logs.close());

const testbed = useTestbed({
  ERASURE_LOG_GROUP: "erasures",
  AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: `http://127.0.0.1:${(logs.address() as AddressInfo).port}`,
});

test("an erasure ledger rejects no request while many records are decrypted and forgotten at a time", async () => {
  const { send } = testbed();
  const encrypt = async () => {
    const { text } = await send("/encrypt", { Name: "n", Text: "t" });
    return { Name: "n", Key: JSON.parse(text).Key };
  };
  const first = await encrypt();
  const decryptFirst = async () => (await send("/decrypt", first)).status;
  await expect.poll(decryptFirst, { timeout: PATIENCE, interval: 100 }).toBe(200);
  const tally = new Tally();
  await inLanes(32, LONG ? 30_000 : 3_000, async () => {
    const record = await encrypt();
    for (const path of ["/decrypt", "/forget", "/decrypt"]) {
      const { status, text } = await send(path, record);
      tally.add(`${path} ${status === 200 ? 200 : JSON.parse(text).Code}`);
    }
  });
  console.log(tally.counts);
  expect(Object.keys(tally.counts).sort()).toEqual([
    "/decrypt 200",
    "/decrypt DecryptionFailed",
    "/forget 200",
  ]);
});
