import { expect, test } from "vitest";
import { attributeChanges, UNKNOWN } from "./attribute-changes.ts";
import { SENSITIVE } from "./masking.ts";
import type { ChangeOfValue } from "./plan-json.ts";

const update = (change: Partial<ChangeOfValue>) =>
  attributeChanges({ actions: ["update"], ...change });

test("lists the changed values of an update", () => {
  const before = { name: "a", days: 7, tags: { a: "1", b: "2" }, same: [1, { x: 1 }] };
  const after = { name: "a", days: 30, tags: { a: "1", c: "3" }, same: [1, { x: 1 }] };
  expect(update({ before, after })).toEqual([
    { path: "days", before: "7", after: "30" },
    { path: "tags.b", before: '"2"' },
    { path: "tags.c", after: '"3"' },
  ]);
});

test("treats false and 0 as values, and null as none", () => {
  expect(
    update({
      before: { on: false, count: 0, text: "", list: [], gone: null },
      after: { on: true, count: 1, text: "x", list: ["y"], gone: "" },
    }),
  ).toEqual([
    { path: "on", before: "false", after: "true" },
    { path: "count", before: "0", after: "1" },
    { path: "text", after: '"x"' },
    { path: "list[0]", after: '"y"' },
  ]);
});

test("compares embedded JSON, and ignores moved list items", () => {
  const policy = (...actions: string[]) =>
    JSON.stringify({ Statement: [{ Sid: "A" }, { Sid: "B", Action: actions }] });
  expect(
    update({
      before: { policy: policy("kms:Decrypt", "kms:Encrypt") },
      after: { policy: policy("kms:Encrypt", "kms:GenerateDataKey") },
    }),
  ).toEqual([
    {
      path: "policy.Statement[1].Action[1]",
      before: '"kms:Decrypt"',
      after: '"kms:GenerateDataKey"',
    },
  ]);
});

test("shows several added or removed items in one line", () => {
  expect(
    update({ before: { a: ["1"], b: ["1", "2"] }, after: { a: ["3", "1", "2"], b: [] } }),
  ).toEqual([
    { path: "a", after: '["3","2"]' },
    { path: "b", before: '["1","2"]' },
  ]);
  expect(
    update({
      before: { a: [] },
      after: { a: ["x", "canary"] },
      after_sensitive: { a: [false, true] },
    }),
  ).toEqual([{ path: "a", after: `["x",${SENSITIVE}]` }]);
});

test("shows a text that is no longer JSON unchanged", () => {
  expect(update({ before: { policy: '{"a":1}' }, after: { policy: "{broken" } })).toEqual([
    { path: "policy", before: '"{\\"a\\":1}"', after: '"{broken"' },
  ]);
});

test("lists the set values of a creation, without unknown values and default tags", () => {
  expect(
    attributeChanges({
      actions: ["create"],
      before: null,
      after: { name: "a", description: "", tags: { x: "1" }, tags_all: { x: "1", y: "2" } },
      after_unknown: { arn: true, nested: [{ id: true }] },
    }),
  ).toEqual([
    { path: "name", after: '"a"' },
    { path: "tags.x", after: '"1"' },
  ]);
});

test("lists the known differences of a replacement and what forces it", () => {
  expect(
    attributeChanges({
      actions: ["delete", "create"],
      before: { arn: "arn:x", encrypted: true, size: 20, key: "k" },
      after: { encrypted: false, size: 20 },
      after_unknown: { arn: true, key: true },
      replace_paths: [["encrypted"], ["key"]],
    }),
  ).toEqual([
    { path: "encrypted", before: "true", after: "false", forcesReplacement: true },
    { path: "key", before: '"k"', after: UNKNOWN, forcesReplacement: true },
  ]);
});

test("marks values below a path that forces the replacement", () => {
  const [found] = attributeChanges({
    actions: ["delete", "create"],
    before: { launch: [{ type: "a" }] },
    after: { launch: [{ type: "b" }] },
    replace_paths: [["launch", 0, "type"]],
  });
  expect(found).toMatchObject({ path: "launch[0].type", forcesReplacement: true });
});

test("lists nothing for a destruction", () => {
  expect(attributeChanges({ actions: ["delete"], before: { a: 1 }, after: null })).toEqual([]);
});

test.each([
  ["all of it", true, true],
  ["the attribute", { secret: true }, { secret: true }],
  ["only before", { secret: true }, {}],
  ["only after", {}, { secret: true }],
])("masks a sensitive value: %s", (_, before_sensitive, after_sensitive) => {
  const changes = update({
    before: { secret: "canary-1" },
    after: { secret: "canary-2" },
    before_sensitive,
    after_sensitive,
  });
  expect(changes).toMatchObject([{ before: SENSITIVE, after: SENSITIVE }]);
  expect(JSON.stringify(changes)).not.toMatch(/canary/);
});

test("masks sensitive values in lists whose items move", () => {
  const changes = update({
    before: {
      env: [
        { name: "A", value: "canary-a" },
        { name: "B", value: "b" },
      ],
    },
    after: {
      env: [
        { name: "B", value: "b" },
        { name: "C", value: "canary-c" },
      ],
    },
    before_sensitive: { env: [{ value: true }, {}] },
    after_sensitive: { env: [{}, { value: true }] },
  });
  expect(changes).toEqual([
    { path: "env[1].name", before: '"A"', after: '"C"' },
    { path: "env[1].value", before: SENSITIVE, after: SENSITIVE },
  ]);
});

test("does not parse JSON in a sensitive text", () => {
  const changes = update({
    before: { secret: '{"password":"canary-1"}' },
    after: { secret: '{"password":"canary-2"}' },
    before_sensitive: { secret: true },
  });
  expect(changes).toEqual([{ path: "secret", before: SENSITIVE, after: SENSITIVE }]);
});

test("omits an unchanged sensitive value", () => {
  expect(
    update({
      before: { secret: "canary", size: 1 },
      after: { secret: "canary", size: 2 },
      after_sensitive: { secret: true },
    }),
  ).toEqual([{ path: "size", before: "1", after: "2" }]);
});

test("masks an attribute with the name of a secret even if it is not marked", () => {
  const names = ["password", "master_password", "secret_string", "private_key_pem", "auth_token"];
  const changes = update({
    before: Object.fromEntries(names.map((name) => [name, "canary-1"])),
    after: { ...Object.fromEntries(names.map((name) => [name, "canary-2"])), password_length: 12 },
  });
  expect(JSON.stringify(changes)).not.toMatch(/canary/);
  expect(changes).toContainEqual({ path: "password_length", after: "12" });
});

test("shows changed values that are known only after the apply", () => {
  expect(
    update({
      before: { task: "x:1", list: ["a"] },
      after: { list: ["a"] },
      after_unknown: { task: true, list: [false, true] },
    }),
  ).toEqual([
    { path: "task", before: '"x:1"', after: UNKNOWN },
    { path: "list[1]", after: UNKNOWN },
  ]);
});

test.each([
  ["a moved item", ["a", "b", "c"], ["b", "a", "c"]],
  ["a moved item beside a removed one", ["a", "b", "c"], ["b", "a"]],
])("shows %s as reordered", (_, before, after) => {
  expect(update({ before: { list: before }, after: { list: after } })).toContainEqual({
    path: "list",
    before: JSON.stringify(before),
    after: JSON.stringify(after),
  });
});

test("shows only the added item of a list that keeps its order", () => {
  expect(update({ before: { list: ["a", "b"] }, after: { list: ["x", "a", "b"] } })).toEqual([
    { path: "list[0]", after: '"x"' },
  ]);
});

test("shows JSON that repeats a key as text", () => {
  const [found] = update({ before: { policy: '{"a":1}' }, after: { policy: '{"a":1,"a":1}' } });
  expect(found).toEqual({
    path: "policy",
    before: JSON.stringify('{"a":1}'),
    after: JSON.stringify('{"a":1,"a":1}'),
  });
});
