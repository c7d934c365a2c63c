import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import { BootstrapStack } from "./bootstrap.ts";
import { ACCOUNT, conditionsOf, resourceOf, statementsOf } from "./testing/synthesized.ts";

const stackOf = (variables: Readonly<Record<string, string>> = {}) =>
  synthStack((app) => new BootstrapStack(app, "bootstrap", { settings: settingsOf(variables) }));

describe("the buckets for states and plans", () => {
  const stack = stackOf();

  test("are encrypted with one key and log accesses", () => {
    for (const bucket of ["StateBucket", "PlanBucket"]) {
      const encryption = "aws_s3_bucket_server_side_encryption_configuration";
      expect(resourceOf(stack, encryption, bucket).rule).toMatchObject([
        {
          apply_server_side_encryption_by_default: {
            sse_algorithm: "aws:kms",
            kms_master_key_id: expect.stringMatching(/aws_kms_key\.StateKey/),
          },
        },
      ]);
      expect(resourceOf(stack, "aws_s3_bucket_logging", bucket).target_bucket).toMatch(
        /aws_s3_bucket\.AccessLogs/,
      );
    }
  });

  test("allow use of the key only through S3", () => {
    const users = statementsOf(stack, resourceOf(stack, "aws_kms_key").policy).filter(
      ({ actions }) => actions.includes("kms:Decrypt"),
    );
    expect(users.map(conditionsOf)).toEqual([
      ["StringEquals kms:ViaService s3.ap-southeast-2.amazonaws.com"],
    ]);
  });

  test("keep states without expiration, and plans for a week", () => {
    const rule = (name: string) =>
      resourceOf(stack, "aws_s3_bucket_lifecycle_configuration", name).rule;
    expect(rule("PlanBucket")).toMatchObject([{ expiration: [{ days: 7 }] }]);
    expect(rule("StateBucket")).toMatchObject([
      { expiration: [{ expired_object_delete_marker: true }] },
    ]);
  });

  test("have names that contain the account id, and are outputs", () => {
    expect(resourceOf(stack, "aws_s3_bucket", "StateBucket").bucket).toBe(
      `cipherwatch-dev-state-${ACCOUNT}-ap-southeast-2`,
    );
    expect(stack.output).toMatchObject({
      StateBucketName: { value: expect.stringMatching(/aws_s3_bucket\.StateBucket/) },
      PlanBucketName: { value: expect.stringMatching(/aws_s3_bucket\.PlanBucket/) },
    });
  });

  test.each([
    ["can be destroyed in dev before the state bucket is in use", {}, undefined],
    ["cannot be destroyed in prod", { ENV: "prod" }, { prevent_destroy: true }],
    ["while it holds the states", { STATE_BUCKET: "example-state" }, { prevent_destroy: true }],
  ])("%s", (_, variables, lifecycle) => {
    const bucket = resourceOf(stackOf(variables), "aws_s3_bucket", "StateBucket");
    expect(bucket.lifecycle).toEqual(lifecycle);
    expect(resourceOf(stackOf(variables), "aws_kms_key").lifecycle).toEqual(lifecycle);
  });
});
