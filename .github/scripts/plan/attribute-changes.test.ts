import { expect, test } from "vitest";
import { attributeChanges, UNKNOWN } from "./attribute-changes.ts";
import type { ChangeOfValue } from "./plan-json.ts";
import { SENSITIVE } from "./sensitive.ts";

const update = (change: Partial<ChangeOfValue>) =>
  attributeChanges({ actions: ["update"], ...change });

test("of an update, the values that differ", () => {
  const before = { name: "a", days: 7, tags: { a: "1", b: "2" }, same: [1, { x: 1 }] };
  const after = { name: "a", days: 30, tags: { a: "1", c: "3" }, same: [1, { x: 1 }] };
  expect(update({ before, after })).toEqual([
    { path: "days", before: "7", after: "30" },
    { path: "tags.b", before: '"2"' },
    { path: "tags.c", after: '"3"' },
  ]);
});

test("false, 0 and the texts of them are values, and nothing is not", () => {
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

test("JSON in a text is looked into, and what moved in a list is left out", () => {
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

test("several values that come or go are one line", () => {
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
  ).toEqual([
    { path: "a[0]", after: '"x"' },
    { path: "a[1]", after: SENSITIVE },
  ]);
});

test("a text that is no JSON any more is shown as it is", () => {
  expect(update({ before: { policy: '{"a":1}' }, after: { policy: "{broken" } })).toEqual([
    { path: "policy", before: '"{\\"a\\":1}"', after: '"{broken"' },
  ]);
});

test("of a creation what is set, without what is known later and the default tags", () => {
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

test("of a replacement what is known to differ, and what forces it", () => {
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

test("a path that forces a replacement is found below it, too", () => {
  const [found] = attributeChanges({
    actions: ["delete", "create"],
    before: { launch: [{ type: "a" }] },
    after: { launch: [{ type: "b" }] },
    replace_paths: [["launch", 0, "type"]],
  });
  expect(found).toMatchObject({ path: "launch[0].type", forcesReplacement: true });
});

test("of a destruction nothing", () => {
  expect(attributeChanges({ actions: ["delete"], before: { a: 1 }, after: null })).toEqual([]);
});

test.each([
  ["all of it", true, true],
  ["the attribute", { secret: true }, { secret: true }],
  ["only before", { secret: true }, {}],
  ["only after", {}, { secret: true }],
])("a sensitive value is maskSensitive: %s", (_, before_sensitive, after_sensitive) => {
  const changes = update({
    before: { secret: "canary-1" },
    after: { secret: "canary-2" },
    before_sensitive,
    after_sensitive,
  });
  expect(changes).toMatchObject([{ before: SENSITIVE, after: SENSITIVE }]);
  expect(JSON.stringify(changes)).not.toMatch(/canary/);
});

test("sensitive values in lists are maskSensitive, though the others move", () => {
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

test("JSON in a sensitive text is not looked into", () => {
  const changes = update({
    before: { secret: '{"password":"canary-1"}' },
    after: { secret: '{"password":"canary-2"}' },
    before_sensitive: { secret: true },
  });
  expect(changes).toEqual([{ path: "secret", before: SENSITIVE, after: SENSITIVE }]);
});

test("a sensitive value that stays is not named", () => {
  expect(
    update({
      before: { secret: "canary", size: 1 },
      after: { secret: "canary", size: 2 },
      after_sensitive: { secret: true },
    }),
  ).toEqual([{ path: "size", before: "1", after: "2" }]);
});

test("a text by the name of a secret is maskSensitive even if nobody marked it", () => {
  const names = ["password", "master_password", "secret_string", "private_key_pem", "auth_token"];
  const changes = update({
    before: Object.fromEntries(names.map((name) => [name, "canary-1"])),
    after: { ...Object.fromEntries(names.map((name) => [name, "canary-2"])), password_length: 12 },
  });
  expect(JSON.stringify(changes)).not.toMatch(/canary/);
  expect(changes).toContainEqual({ path: "password_length", after: "12" });
});

test("what is known only later is said, where it changes", () => {
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
