import { expect, test } from "vitest";
import { planFixture } from "../testing/fixtures.ts";
import { namesOf, withCallers } from "./changed-by.ts";
import { reportStack } from "./plan-report.ts";

const plan = planFixture("change");
const report = reportStack("kms", plan, { digest: "a".repeat(64), readBy: [] });
const write = { event: "EnableKeyRotation", caller: "x", time: "2026-11-20T01:02:03Z", id: "1" };

test("asks about the ARN and the id of each changed resource", async () => {
  const asked: string[][] = [];
  const { resources } = await withCallers(report, plan, async (names) => {
    asked.push([...names]);
    return [write];
  });
  expect(resources).toMatchObject([
    { address: "aws_kms_key.DataKey_17AFBB84", changedBy: [write] },
  ]);
  expect(asked).toEqual([
    [expect.stringMatching(/^arn:aws:kms:.*:key\//), expect.stringMatching(/^[0-9a-f-]{36}$/)],
  ]);
});

test("does not ask about resources that do not exist", () => {
  const [created] = planFixture("create").resource_changes;
  expect(namesOf(created)).toEqual([]);
  expect(namesOf(undefined)).toEqual([]);
});
