import { describe, expect, test } from "vitest";
import type { Block, Stacks, TerraformJson } from "./json.ts";
import { resolveReference } from "./references.ts";
import { addressOf, withoutResource, withResource } from "./resources.ts";

const key = { stack: "kms", type: "aws_kms_key", name: "Key", values: { description: "a key" } };
const remoteState = (backend: string, config: Block): TerraformJson => ({
  data: { terraform_remote_state: { kms: { backend, config } } },
});
const kms = (backend: Block): TerraformJson => ({
  terraform: { backend },
  output: {
    key: { value: "${aws_kms_key.Key.arn}" },
    missing: { value: "${aws_kms_key.Gone.arn}" },
  },
});
const S3 = { bucket: "states", key: "cipherwatch/dev/kms.tfstate", region: "ap-southeast-2" };
const stacksWith = (consumer: TerraformJson, backend: Block = { s3: S3 }): Stacks =>
  withResource(
    new Map([
      ["kms", kms(backend)],
      ["alarm", consumer],
    ]),
    key,
  );
const stacks = stacksWith(remoteState("s3", S3));
const output = (name: string) => `\${data.terraform_remote_state.kms.outputs.${name}}`;

test("resolves a reference to a resource of the same stack", () => {
  expect(resolveReference(stacks, "kms", "${aws_kms_key.Key.arn}")).toEqual({
    ...key,
    kind: "resource",
    attribute: "arn",
  });
});

test.each([
  ["s3", S3],
  ["local", { path: "../../../tfstate/dev/kms.tfstate" }],
])("resolves an output of another stack through its %s state", (type, config) => {
  const reference = resolveReference(
    stacksWith(remoteState(type, config), { [type]: config }),
    "alarm",
    output("key"),
  );
  expect(reference && addressOf(reference)).toBe("kms/aws_kms_key.Key");
});

test.each([
  ["bucket", "s3", { ...S3, bucket: "states-of-another-account" }],
  ["key", "s3", { ...S3, key: "another-project/dev/kms.tfstate" }],
  ["backend", "local", { path: "cipherwatch/dev/kms.tfstate" }],
  ["backend, without settings", "constructor", {}],
])("does not resolve an output of a state with another %s", (_difference, type, config) => {
  expect(
    resolveReference(stacksWith(remoteState(type, config)), "alarm", output("key")),
  ).toBeUndefined();
});

describe("resolves to undefined", () => {
  test.each([
    ["a literal", "kms", "alias/aws/s3"],
    ["a reference within a string", "kms", "arn:${aws_kms_key.Key.arn}"],
    ["two references", "kms", "${aws_kms_key.Key.arn}${aws_kms_key.Key.arn}"],
    ["a function call", "kms", "${coalesce(aws_kms_key.Key.arn)}"],
    ["a variable", "kms", "${var.unknown}"],
    ["a missing resource", "kms", "${aws_kms_key.Other.arn}"],
    ["a resource of another stack", "alarm", "${aws_kms_key.Key.arn}"],
    ["a missing output", "alarm", output("other")],
    ["an output that refers to a missing resource", "alarm", output("missing")],
    ["an absent value", "kms", undefined],
  ])("%s", (_what, stack, value) => {
    expect(resolveReference(stacks, stack, value)).toBeUndefined();
  });
});

test("changes copies of the stacks only", () => {
  const reference = "${aws_kms_key.Key.arn}";
  expect(resolveReference(withoutResource(stacks, key), "kms", reference)).toBeUndefined();
  expect(resolveReference(stacks, "kms", reference)).toBeDefined();
});

test("rejects an unknown stack and lists the known ones", () => {
  expect(() => withResource(stacks, { ...key, stack: "other" })).toThrow(
    "Unknown stack other. Stacks: kms, alarm.",
  );
});
