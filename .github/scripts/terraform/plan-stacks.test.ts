import { expect, test } from "vitest";
import { remoteStateStacks } from "../../../terraform/cdktf/names.ts";
import { fixture, planFixture } from "../testing/fixtures.ts";
import { contradiction, waitsFor } from "./plan-stacks.ts";

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

test("accepts a plan whose exit code and text agree with its JSON", () => {
  const plan = planFixture("shapes");
  expect(contradiction(plan, true, fixture("shapes.txt"))).toBeUndefined();
});

test("reports a plan whose JSON lacks a change", () => {
  const plan = planFixture("shapes");
  const less = {
    ...plan,
    resource_changes: plan.resource_changes.filter(
      ({ address }) => address !== "terraform_data.created",
    ),
  };
  expect(contradiction({ ...plan, resource_changes: [], output_changes: {} }, true, "")).toMatch(
    /exit code.*reports changes.*JSON contains none/,
  );
  expect(contradiction(plan, false, fixture("shapes.txt"))).toMatch(/exit code.*no changes/);
  expect(contradiction(less, true, fixture("shapes.txt"))).toMatch(
    /text of terraform plan counts .*to \w+, but its JSON contains/,
  );
});
