import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { recordedWrites } from "./recorded-writes.ts";

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
  vi.stubEnv("PATH", `${join(runner.folder, "../bin")}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  runner.remove();
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

/** CloudTrail returns these events for each name. */
function cloudTrail(events: Readonly<Record<string, readonly unknown[]>>): void {
  runner.fake(
    "aws",
    `#!/usr/bin/env node
const args = process.argv.slice(2);
const [{ AttributeKey, AttributeValue }] = JSON.parse(args[args.indexOf("--lookup-attributes") + 1]);
if (args[0] !== "cloudtrail" || args[1] !== "lookup-events" || AttributeKey !== "ResourceName") process.exit(2);
console.log(JSON.stringify({ Events: ${JSON.stringify(events)}[AttributeValue] ?? [] }));
`,
  );
}

test("returns the latest writes under any of the names, once each", async () => {
  const shared = event("b", 12);
  cloudTrail({ "arn:x": [shared, event("a", 10)], x: [event("c", 14), shared] });
  const writes = await recordedWrites(["arn:x", "x"], 2, 0);
  expect(writes).toEqual([
    { event: "Event-c", caller: ALICE, time: "2026-11-14T00:00:00Z", id: "c" },
    { event: "Event-b", caller: ALICE, time: "2026-11-12T00:00:00Z", id: "b" },
  ]);
});

test("leaves out reads and failed calls", async () => {
  cloudTrail({
    x: [
      event("read", 14, { readOnly: "true" }),
      event("denied", 13, { errorCode: "AccessDenied" }),
    ],
  });
  expect(await recordedWrites(["x"], 3, 0)).toEqual([]);
});

test("names an AWS service that made the call", async () => {
  const userIdentity = { type: "AWSService", invokedBy: "ecs.amazonaws.com" };
  cloudTrail({ x: [event("a", 10, { userIdentity })] });
  expect(await recordedWrites(["x"], 3, 0)).toMatchObject([{ caller: "ecs.amazonaws.com" }]);
});

test("rejects if CloudTrail refuses", async () => {
  runner.fake("aws", "#!/bin/sh\necho AccessDeniedException >&2\nexit 254\n");
  await expect(recordedWrites(["x"], 3, 0)).rejects.toThrow(/AccessDeniedException/);
});
