import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { recordedWrites } from "./recorded-writes.ts";

/** Events that CloudTrail returns for each name; undefined if it denies access. */
let history: Readonly<Record<string, readonly unknown[]>> | undefined;

const server = createServer(async (request, response) => {
  const [attribute] = JSON.parse(await text(request)).LookupAttributes;
  const isLookup = request.headers["x-amz-target"]?.toString().endsWith(".LookupEvents");
  const isByName = isLookup && attribute.AttributeKey === "ResourceName";
  const found = (isByName && history?.[attribute.AttributeValue]) || [];
  if (history === undefined)
    response.writeHead(400).end(JSON.stringify({ __type: "AccessDeniedException" }));
  else response.end(JSON.stringify({ Events: found }));
});
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${port}`);
  vi.stubEnv("AWS_REGION", "ap-southeast-2");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

interface Options {
  readonly readOnly?: string;
  readonly errorCode?: string;
  readonly userIdentity?: object;
}
const ALICE = "arn:aws:sts::123456789012:assumed-role/admin/alice";
const event = (id: string, day: number, { readOnly = "false", ...more }: Options = {}) => ({
  EventId: id,
  EventName: `Event-${id}`,
  ReadOnly: readOnly,
  Username: "alice",
  CloudTrailEvent: JSON.stringify({
    eventTime: `2026-11-${day}T00:00:00Z`,
    userIdentity: { type: "AssumedRole", arn: ALICE },
    ...more,
  }),
});

test("returns the latest writes under any of the names, once each", async () => {
  const shared = event("b", 12);
  history = { "arn:x": [shared, event("a", 10)], x: [event("c", 14), shared] };
  const writes = await recordedWrites(["arn:x", "x"], 2, 0);
  expect(writes).toEqual([
    { event: "Event-c", caller: ALICE, time: "2026-11-14T00:00:00Z", id: "c" },
    { event: "Event-b", caller: ALICE, time: "2026-11-12T00:00:00Z", id: "b" },
  ]);
});

test("leaves out reads and failed calls", async () => {
  history = {
    x: [
      event("read", 14, { readOnly: "true" }),
      event("denied", 13, { errorCode: "AccessDenied" }),
    ],
  };
  expect(await recordedWrites(["x"], 3, 0)).toEqual([]);
});

test("names an AWS service that made the call", async () => {
  const userIdentity = { type: "AWSService", invokedBy: "ecs.amazonaws.com" };
  history = { x: [event("a", 10, { userIdentity })] };
  expect(await recordedWrites(["x"], 3, 0)).toMatchObject([{ caller: "ecs.amazonaws.com" }]);
});

test("rejects if CloudTrail refuses", async () => {
  history = undefined;
  await expect(recordedWrites(["x"], 3, 0)).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
});
