import { expect, test } from "vitest";
import { remoteStateStacks } from "../../../terraform/cdktf/names.ts";
import { fixture } from "../testing/fixtures.ts";
import { waitsFor } from "./plan-stacks.ts";

const alarm = { name: "alarm", folder: "", dependencies: ["kms", "network", "trail"] };

test("a stack whose dependency has no state waits for it", () => {
  const error = fixture("no-state.txt");
  const stacks = remoteStateStacks(error);
  expect(stacks).toContain("kms");
  expect(waitsFor(error, alarm)).toEqual([...new Set(stacks)].sort());
});

test("so does one whose dependency lacks the output that it reads", () => {
  const error = fixture("no-output.txt");
  expect(error).toMatch(/Unsupported attribute/);
  expect(waitsFor(error, alarm)).toContain("kms");
});

test("any other error is a failure", () => {
  expect(fixture("failed.txt")).toMatch(/^Error: /m);
  expect(waitsFor(fixture("failed.txt"), alarm)).toEqual([]);
  expect(waitsFor("", alarm)).toEqual([]);
});

test("so is another error beside one of waiting", () => {
  const error = `${fixture("no-state.txt")}\n\n${fixture("failed.txt")}`;
  expect(waitsFor(error, alarm)).toEqual([]);
});

test("an attribute that is not there is no waiting when no other stack was to put it out", () => {
  const error =
    'Error: Unsupported attribute\n\n  on cdk.tf.json line 1, in locals:\n   1: "${aws_kms_key.Key.colour}"\n\nThis object has no argument, nested block, or exported attribute named "colour".';
  expect(waitsFor(error, alarm)).toEqual([]);
});

test("nobody waits for a stack that comes after it", () => {
  expect(waitsFor(fixture("no-output.txt"), { ...alarm, dependencies: [] })).toEqual([]);
});
