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

test("sets region and default tags on the provider", () => {
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

test("adds the tags of the settings to those that policies depend on", () => {
  const [provider] = stackOf({ TAGS: "Owner=payments" }).provider?.aws ?? [];
  expect(provider).toMatchObject({
    default_tags: [{ tags: { Owner: "payments", Project: "cipherwatch", Environment: "dev" } }],
  });
});

test("restricts the provider to the account of the settings", () => {
  const [provider] = stackOf({ ACCOUNT_ID: "111122223333" }).provider?.aws ?? [];
  expect(provider).toMatchObject({ allowed_account_ids: ["111122223333"] });
});

test("stores the state in a local file for each environment and stack, at a relative path", () => {
  expect(stackOf().terraform?.backend).toEqual({
    local: { path: "../../../tfstate/dev/example.tfstate" },
  });
});

test("stores the state in the state bucket with a lock file, encrypted as the bucket is configured", () => {
  expect(stackOf({ STATE_BUCKET: "example-state" }).terraform?.backend).toEqual({
    s3: {
      bucket: "example-state",
      key: "cipherwatch/dev/example.tfstate",
      region: "ap-southeast-2",
      use_lockfile: true,
    },
  });
});

test("requires a Terraform version that supports the lock file", () => {
  expect(stackOf().terraform?.required_version).toBe(">= 1.11.0");
});

test("explains what a construct needs if its stack is not a CipherwatchStack", () => {
  expect(() =>
    synthStack((app) => {
      const stack = new TerraformStack(app, "foreign");
      new EncryptionKey(stack, "Key", { alias: "alias/x", description: "x", grants: [] });
      return stack;
    }),
  ).toThrow(/^foreign\/Key needs .* a CipherwatchStack, but the stack foreign is not one/);
});
