import { expect, test } from "vitest";
import { fixture } from "../testing/fixtures.ts";
import { actionOf } from "./action.ts";
import { parsePlan } from "./plan-json.ts";

const whole = { format_version: "1.2", terraform_version: "1.11.4" };
const parse = (plan: unknown) => parsePlan(JSON.stringify(plan), "the plan of kms");

test("parses a Terraform plan", () => {
  const plan = parsePlan(fixture("create.json"), "the plan of kms");
  expect(plan.resource_changes.map(({ type }) => type)).toContain("aws_kms_key");
});

test.each([
  ["no JSON", "{", /the plan of kms is not JSON/],
  [
    "another format",
    JSON.stringify({ ...whole, format_version: "2.0" }),
    /must be format version 1/,
  ],
  ["no plan", "[]", /not in the format of terraform show -json/],
  [
    "one that failed halfway",
    JSON.stringify({ ...whole, errored: true }),
    /the plan of kms is errored.*-target/,
  ],
  ["one of a part", JSON.stringify({ ...whole, complete: false }), /incomplete.*-target/],
])("rejects %s", (_, json, message) => {
  expect(() => parsePlan(json, "the plan of kms")).toThrow(message);
});

test.each([
  [
    "a resource",
    { resource_changes: [{ address: "a", mode: "managed", type: "t", change: hidden() }] },
  ],
  ["an output", { output_changes: { a: hidden() } }],
])("rejects %s that is unchanged but has another value", (_, part) => {
  expect(() => parse({ ...whole, ...part })).toThrow(/lists (output\.)?a as unchanged/);
});

function hidden() {
  return { actions: ["no-op"], before: { size: 1 }, after: { size: 2 } };
}

test("rejects an unknown action", () => {
  const change = { actions: ["obliterate"] };
  expect(() =>
    parse({ ...whole, resource_changes: [{ address: "a", mode: "managed", type: "t", change }] }),
  ).toThrow(/actions/);
});

test.each([
  [["no-op"], {}, undefined],
  [["read"], {}, undefined],
  [["create"], {}, "create"],
  [["update"], {}, "update"],
  [["delete", "create"], {}, "replace"],
  [["create", "delete"], {}, "replace"],
  [["create", "forget"], {}, "replace"],
  [["delete"], {}, "destroy"],
  [["forget"], {}, "forget"],
  [["no-op"], { previous_address: "b" }, "move"],
  [["update"], { previous_address: "b" }, "update"],
  [["delete"], { mode: "data" }, undefined],
])("%j is read as an action", (actions, more, expected) => {
  const { resource_changes } = parse({
    ...whole,
    resource_changes: [{ address: "a", mode: "managed", type: "t", change: { actions }, ...more }],
  });
  expect(resource_changes.map(actionOf)).toEqual([expected]);
});

test.each([
  [["no-op"], "import"],
  [["update"], "update"],
  [["delete", "create"], "replace"],
])("%j with an import is %s", (actions, expected) => {
  const change = { actions, importing: { id: "x" } };
  const { resource_changes } = parse({
    ...whole,
    resource_changes: [{ address: "a", mode: "managed", type: "t", change }],
  });
  expect(resource_changes.map(actionOf)).toEqual([expected]);
});
