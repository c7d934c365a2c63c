import { expect, test } from "vitest";
import { CANARY, fixture } from "../testing/fixtures.ts";
import { parsePlan } from "./plan-json.ts";
import { reportStack } from "./plan-report.ts";
import { COMMENT_CHARACTERS, renderPlans } from "./render-plans.ts";
import { withWarnings } from "./warnings.ts";

/** A plan with every kind of change; see e2e/pipeline/plan-of-every-shape.ts. */
const plan = parsePlan(withWarnings(fixture("shapes.json"), fixture("shapes.txt")), "shapes");
const commit = "0123456789abcdef0123456789abcdef01234567";
const report = reportStack("shapes", plan, { digest: "a".repeat(64), readBy: [] });
const text = renderPlans(
  {
    environments: [{ environment: "dev", commit, stacks: [report] }],
    missing: [],
    commit,
    runUrl: "https://github.com/example-org/cipherwatch/actions/runs/1",
  },
  COMMENT_CHARACTERS,
);

test("counts it as Terraform does", () => {
  expect(text).toContain("| shapes | 1 | 7 | 7 | 4 |");
  expect(text).toContain(
    "<b>shapes</b>: 1 to import, 7 to add, 7 to change, 4 to destroy (2 replaced), 1 to move, 1 to forget",
  );
});

test.each([
  "! terraform_data.moved  # move, was terraform_data.moved_from",
  "! terraform_data.moved_and_changed  # change, was terraform_data.moved_and_changed_from",
  "! terraform_data.imported_and_changed  # change, imports some-id",
  "- terraform_data.deposed (deposed object ce4cc2bb)  # destroy",
  "- terraform_data.replaced_later  # replace: this cannot be changed in place",
])("shows %s", (line) => {
  expect(text.split("\n")).toContain(line);
});

test("shows the order of a reordered list and of reordered policy statements", () => {
  expect(text).toContain('-     input = ["a","b","c"]\n+     input = ["c","b","a"]');
  expect(text).toContain(
    "-     input.Statement = items 0, 1\n+     input.Statement = items 1, 0 (only their order changes)",
  );
});

test("shows configured values that are unknown, and no others", () => {
  const created = section("+ terraform_data.created");
  expect(created).toEqual(["+     input = (known after apply)"]);
});

test("masks sensitive values in every position", () => {
  expect(fixture("shapes.json")).toMatch(CANARY);
  expect(text).not.toMatch(CANARY);
  expect(section("+ terraform_data.secret_places")).toEqual([
    "+     input.json = (sensitive value)",
    '+     input.list = ["a",(sensitive value)]',
    "+     input.map.x = (sensitive value)",
    '+     input.map.y = "plain"',
    "+     input.nested[0].deep.z = (sensitive value)",
  ]);
  expect(text).toContain(
    "- output secret = (sensitive value)\n+ output secret = (sensitive value)",
  );
});

test("masks a password in JSON that becomes unknown", () => {
  expect(fixture("shapes.json")).toContain("hunter2");
  expect(text).not.toContain("hunter2");
  expect(section("! terraform_data.password")).toContain(
    '-     input = {"password":(sensitive value),"size":1}',
  );
});

test("starts with failed checks, and lists Terraform's warnings without values", () => {
  expect(text).toMatch(/^> \[!WARNING\]\n> Checks that do not hold:\n/);
  expect(text).toContain("> - dev: `shapes`: `check.failing`: `The first item is not z.`");
  expect(text).toContain("<b>shapes</b>: 3 warnings");
  expect(text).toMatch(/Warning: Check block assertion failed\n\n {2}on checks\.tf line/);
  expect(text).not.toContain('terraform_data.reordered.input[0] is "c"');
});

function section(heading: string): string[] {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith(heading)) + 1;
  const end = lines.findIndex((line, i) => i >= from && !/^[-+] {5}/.test(line));
  return lines.slice(from, end);
}
