import { describe, expect, test } from "vitest";
import type { Stacks, TerraformJson } from "../../terraform/json.ts";
import { addressOf, resolve, withoutResource, withResource } from "./infrastructure.ts";

const key = { stack: "giver", type: "aws_kms_key", name: "Key", values: { description: "a key" } };
const remoteState = (config: object): TerraformJson => ({
  terraform: {},
  provider: {},
  data: { terraform_remote_state: { "input-giver": { config } } },
});
const giver = {
  terraform: {},
  provider: {},
  output: {
    "the-key": { value: "${aws_kms_key.Key.arn}" },
    "no-key": { value: "${aws_kms_key.Gone.arn}" },
  },
};
const stacks: Stacks = withResource(
  new Map<string, TerraformJson>([
    ["giver", giver],
    ["taker", remoteState({ path: "../../../tfstate/dev/giver.tfstate" })],
    ["distant", remoteState({ bucket: "states", key: "cipherwatch/dev/giver.tfstate" })],
  ]),
  key,
);
const output = (name: string) => `\${data.terraform_remote_state.input-giver.outputs.${name}}`;

describe("a value refers to", () => {
  test("a resource of its own stack", () => {
    expect(resolve(stacks, "giver", "${aws_kms_key.Key.arn}")).toEqual({
      ...key,
      kind: "resource",
      attribute: "arn",
    });
  });

  test.each(["taker", "distant"])("what another stack gives, by its state: %s", (stack) => {
    const found = resolve(stacks, stack, output("the-key"));
    expect(found && addressOf(found)).toBe("giver/aws_kms_key.Key");
  });

  test.each([
    ["a literal", "giver", "alias/aws/s3"],
    ["a part of a text", "giver", "arn:${aws_kms_key.Key.arn}"],
    ["two at once", "giver", "${aws_kms_key.Key.arn}${aws_kms_key.Key.arn}"],
    ["an expression", "giver", "${coalesce(aws_kms_key.Key.arn)}"],
    ["a variable", "giver", "${var.unknown}"],
    ["what is not there", "giver", "${aws_kms_key.Other.arn}"],
    ["what is in another stack", "taker", "${aws_kms_key.Key.arn}"],
    ["an output that is not there", "taker", output("other")],
    ["an output of what is not there", "taker", output("no-key")],
    ["nothing", "giver", undefined],
  ])("nothing that could be told, for %s", (_what, stack, value) => {
    expect(resolve(stacks, stack, value)).toBeUndefined();
  });
});

test("changes leave the given stacks as they are", () => {
  const reference = "${aws_kms_key.Key.arn}";
  expect(resolve(withoutResource(stacks, key), "giver", reference)).toBeUndefined();
  expect(resolve(stacks, "giver", reference)).toBeDefined();
});

test("a stack that is not there is told, with those that are", () => {
  expect(() => withResource(stacks, { ...key, stack: "other" })).toThrow(
    "There is no stack other; there are giver, taker, distant.",
  );
});
