import fc from "fast-check";
import { expect, test } from "vitest";
import { attributeChanges } from "./attribute-changes.ts";
import { isContainer } from "./json.ts";
import type { ChangeOfValue } from "./plan-json.ts";
import { scannablePlan } from "./scannable-plan.ts";

const CANARY = "canary";

/** A value in which some texts are sensitive, and the marks that Terraform would set for them. */
interface Marked {
  readonly value: unknown;
  readonly marks: unknown;
}

const { marked } = fc.letrec<{ marked: Marked }>((tie) => ({
  marked: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc
      .oneof(
        fc.boolean(),
        fc.integer(),
        fc.constantFrom("a", "b", "", '{"a":1}'),
        fc.constant(null),
      )
      .map((value) => ({ value, marks: false })),
    fc.constant({ value: CANARY, marks: true }),
    fc.constant({ value: `{"password":"${CANARY}"}`, marks: true }),
    fc.constant({ value: [CANARY, { a: CANARY }], marks: true }),
    fc.array(tie("marked"), { maxLength: 4 }).map((items) => ({
      value: items.map(({ value }) => value),
      marks: items.map(({ marks }) => marks),
    })),
    fc
      .dictionary(fc.constantFrom("a", "b", "c", "d"), tie("marked"), { maxKeys: 4 })
      .map((members) => ({
        value: mapped(members, ({ value }) => value),
        // Terraform leaves out what is not sensitive.
        marks: Object.fromEntries(
          Object.entries(mapped(members, ({ marks }) => marks)).filter(
            ([, mark]) => mark !== false,
          ),
        ),
      })),
  ),
}));

function mapped<T, R>(members: Readonly<Record<string, T>>, to: (item: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(members).map(([key, item]) => [key, to(item)]));
}

const change = fc
  .tuple(marked, marked, fc.constantFrom("create", "update", "replace"))
  .map(([before, after, action]): ChangeOfValue => {
    const actions = {
      create: ["create" as const],
      update: ["update" as const],
      replace: ["delete" as const, "create" as const],
    };
    return {
      actions: actions[action],
      before: before.value,
      after: after.value,
      before_sensitive: before.marks,
      after_sensitive: after.marks,
    };
  });

test("never shows a value marked as sensitive, at any position", () => {
  let seen = 0;
  fc.assert(
    fc.property(change, (each) => {
      if (JSON.stringify(each).includes(CANARY)) seen += 1;
      return !JSON.stringify(attributeChanges(each)).includes(CANARY);
    }),
    { numRuns: 2000 },
  );
  expect(seen).toBeGreaterThan(500);
});

test("never passes a masked value to Snyk", () => {
  fc.assert(
    fc.property(marked, change, ({ value, marks }, each) => {
      const values = isContainer(value)
        ? { value, marks }
        : { value: { a: value }, marks: { a: marks } };
      const plan = {
        format_version: "1.2",
        terraform_version: "1.11.4",
        output_changes: {},
        checks: [],
        cipherwatch_warnings: [],
        errored: false,
        complete: true,
        planned_values: {
          root_module: {
            resources: [
              { mode: "managed", values: values.value, sensitive_values: values.marks },
              { mode: "data", values: { secret: CANARY } },
            ],
          },
        },
        resource_changes: [{ address: "a.b", mode: "managed" as const, type: "a", change: each }],
      };
      return !JSON.stringify(scannablePlan(plan)).includes(CANARY);
    }),
    { numRuns: 1000 },
  );
});

const SECRET = "hunter2-and-more";
test.each<[string, Partial<ChangeOfValue>]>([
  ["a whole object", { after: { a: SECRET }, after_sensitive: true }],
  ["an old value whose mark is gone", { before: SECRET, after: null, before_sensitive: true }],
  ["a value in a map", { after: { map: { x: SECRET } }, after_sensitive: { map: { x: true } } }],
  [
    "a value in a nested block",
    {
      after: { block: [{ a: [{ b: SECRET }] }] },
      after_sensitive: { block: [{ a: [{ b: true }] }] },
    },
  ],
  [
    "a copy of a sensitive value that is not marked",
    { before: { a: SECRET }, after: { b: [SECRET] }, before_sensitive: { a: true } },
  ],
  [
    "a value that becomes unknown",
    { before: { password: SECRET }, after: {}, after_unknown: { password: true } },
  ],
  [
    "a container that becomes unknown",
    { before: { a: [{ password: SECRET }] }, after: {}, after_unknown: { a: true } },
  ],
  [
    "JSON that becomes unknown",
    { before: { a: `{"password":"${SECRET}"}` }, after: {}, after_unknown: { a: true } },
  ],
  [
    "JSON that becomes another text",
    { before: { a: `{"auth_token":"${SECRET}"}` }, after: { a: "x" } },
  ],
  ["an object that becomes a text", { before: { a: { password: SECRET } }, after: { a: "x" } }],
  [
    "an environment variable of a container",
    { after: { a: `[{"environment":[{"name":"DB_PASSWORD","value":"${SECRET}"}]}]` } },
  ],
  ["a list under the name of a secret", { after: { client_secret: ["a", SECRET] } }],
])("masks %s", (_, change) => {
  const found = attributeChanges({ actions: ["update"], ...change });
  expect(found.length).toBeGreaterThan(0);
  expect(JSON.stringify(found)).not.toContain(SECRET);
});

test("shows that a sensitive value changes", () => {
  const change = (after: string) =>
    attributeChanges({
      actions: ["update"],
      before: { password: "one-secret" },
      after: { password: after },
    });
  expect(change("one-secret")).toEqual([]);
  expect(change("another-secret")).toEqual([
    { path: "password", before: "(sensitive value)", after: "(sensitive value)" },
  ]);
});

test("shows settings that only mention a secret", () => {
  expect(
    attributeChanges({
      actions: ["update"],
      before: {},
      after: { manage_master_user_password: true },
    }),
  ).toEqual([{ path: "manage_master_user_password", after: "true" }]);
});
