import { expect, test } from "vitest";
import { remoteStateStacks } from "../../../terraform/cdktf/names.ts";
import { fixture } from "../testing/fixtures.ts";
import { waitsFor } from "./plan-stacks.ts";

const alarm = {
  name: "alarm",
  folder: "",
  dependencies: ["database", "kms", "network", "registry", "service", "trail"],
};

test("returns a dependency without a state", () => {
  const error = fixture("no-state.txt");
  const stacks = remoteStateStacks(error);
  expect(stacks).toContain("kms");
  expect(waitsFor(error, alarm)).toEqual([...new Set(stacks)].sort());
});

test("returns a dependency without the required output", () => {
  const error = fixture("no-output.txt");
  expect(error).toMatch(/Unsupported attribute/);
  expect(waitsFor(error, alarm)).toContain("kms");
});

test("returns nothing for any other error", () => {
  expect(fixture("failed.txt")).toMatch(/^Error: /m);
  expect(waitsFor(fixture("failed.txt"), alarm)).toEqual([]);
  expect(waitsFor("", alarm)).toEqual([]);
});

test("returns nothing if there is another error as well", () => {
  const error = `${fixture("no-state.txt")}\n\n${fixture("failed.txt")}`;
  expect(waitsFor(error, alarm)).toEqual([]);
});

test("returns nothing for an unsupported attribute of a resource", () => {
  const error =
    'Error: Unsupported attribute\n\n  on cdk.tf.json line 1, in locals:\n   1: "${aws_kms_key.Key.colour}"\n\nThis object has no argument, nested block, or exported attribute named "colour".';
  expect(waitsFor(error, alarm)).toEqual([]);
});

test("returns only dependencies of the stack", () => {
  expect(waitsFor(fixture("no-output.txt"), { ...alarm, dependencies: [] })).toEqual([]);
});
