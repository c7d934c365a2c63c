import { TerraformStack } from "cdktf";
import { expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import { CipherwatchStack } from "./cipherwatch-stack.ts";
import { EncryptionKey } from "./constructs/encryption-key.ts";

function stackOf(variables: Readonly<Record<string, string>> = {}) {
  return synthStack(
    (app) => new CipherwatchStack(app, "example", { settings: settingsOf(variables) }),
  );
}

test("the provider has the region and tags everything once", () => {
  const [provider] = stackOf({ REGION: "eu-west-1", ENV: "prod" }).provider?.aws ?? [];
  expect(provider).toEqual({
    region: "eu-west-1",
    default_tags: [
      {
        tags: {
          Project: "cipherwatch",
          Environment: "prod",
          Stack: "example",
          ManagedBy: "terraform",
        },
      },
    ],
  });
});

test("an account in the settings is the only one that the provider takes", () => {
  const [provider] = stackOf({ ACCOUNT_ID: "111122223333" }).provider?.aws ?? [];
  expect(provider).toMatchObject({ allowed_account_ids: ["111122223333"] });
});

test("the state is a local file per environment and stack, at a relative path", () => {
  expect(stackOf().terraform?.backend).toEqual({
    local: { path: "../../../tfstate/dev/example.tfstate" },
  });
});

test("with a state bucket the state is in S3, encrypted as the bucket says, with S3's own lock file", () => {
  expect(stackOf({ STATE_BUCKET: "example-state" }).terraform?.backend).toEqual({
    s3: {
      bucket: "example-state",
      key: "cipherwatch/dev/example.tfstate",
      region: "ap-southeast-2",
      use_lockfile: true,
    },
  });
});

test("a Terraform too old for that lock file is refused", () => {
  expect(stackOf().terraform?.required_version).toBe(">= 1.11.0");
});

test("a construct outside of these stacks says what it lacks", () => {
  expect(() =>
    synthStack((app) => {
      const stack = new TerraformStack(app, "foreign");
      new EncryptionKey(stack, "Key", { alias: "alias/x", description: "x", grants: [] });
      return stack;
    }),
  ).toThrow(/^foreign\/Key needs .* a CipherwatchStack, but the stack foreign is none/);
});
