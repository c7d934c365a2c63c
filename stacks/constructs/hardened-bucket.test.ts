import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
} from "../testing/synthesized.ts";
import { HardenedBucket, type HardenedBucketProps } from "./hardened-bucket.ts";

function bucketOf(props: Partial<HardenedBucketProps> = {}, env = "dev") {
  return synthStack((app) => {
    const stack = new CipherwatchStack(app, "example", { settings: settingsOf({ ENV: env }) });
    new HardenedBucket(stack, "Bucket", {
      part: "example",
      expirationDays: 90,
      grants: () => [],
      ...props,
    });
    return stack;
  });
}

const stack = bucketOf();

test("has a globally unique name with account and region", () => {
  expect(resourceOf(stack, "aws_s3_bucket").bucket).toBe(
    `cipherwatch-dev-example-${ACCOUNT}-ap-southeast-2`,
  );
});

test("blocks public access and disables ACLs", () => {
  expect(resourceOf(stack, "aws_s3_bucket_public_access_block")).toMatchObject({
    block_public_acls: true,
    block_public_policy: true,
    ignore_public_acls: true,
    restrict_public_buckets: true,
  });
  expect(resourceOf(stack, "aws_s3_bucket_ownership_controls").rule).toEqual({
    object_ownership: "BucketOwnerEnforced",
  });
});

test("denies requests without TLS", () => {
  const arn = `arn:${PARTITION}:s3:::cipherwatch-dev-example-${ACCOUNT}-ap-southeast-2`;
  const { policy } = resourceOf(stack, "aws_s3_bucket_policy");
  const deny = statementOf(stack, policy, "DenyWithoutTls");
  expect(deny).toMatchObject({ effect: "Deny", actions: ["s3:*"], resources: [arn, `${arn}/*`] });
  expect(conditionsOf(deny)).toEqual(["Bool aws:SecureTransport false"]);
});

test("keeps versions, deletes expired objects and aborts incomplete uploads", () => {
  expect(resourceOf(stack, "aws_s3_bucket_versioning").versioning_configuration).toEqual({
    status: "Enabled",
  });
  expect(resourceOf(stack, "aws_s3_bucket_lifecycle_configuration").rule).toMatchObject([
    {
      status: "Enabled",
      expiration: [{ days: 90 }],
      noncurrent_version_expiration: [{ noncurrent_days: 30 }],
      abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
    },
  ]);
});

test("keeps objects forever without an expiration, and noncurrent versions for a month", () => {
  const kept = synthStack((app) => {
    const example = new CipherwatchStack(app, "example", { settings: settingsOf() });
    new HardenedBucket(example, "Bucket", { part: "example", grants: () => [] });
    return example;
  });
  expect(resourceOf(kept, "aws_s3_bucket_lifecycle_configuration").rule).toMatchObject([
    {
      expiration: [{ expired_object_delete_marker: true }],
      noncurrent_version_expiration: [{ noncurrent_days: 30 }],
    },
  ]);
});

describe("encryption", () => {
  const ruleOf = (props: Partial<HardenedBucketProps>) =>
    resourceOf(bucketOf(props), "aws_s3_bucket_server_side_encryption_configuration").rule;

  test("uses the given KMS key with a bucket key", () => {
    const keyArn = "arn:aws:kms:ap-southeast-2:111122223333:key/k";
    expect(ruleOf({ keyArn })).toEqual([
      {
        apply_server_side_encryption_by_default: {
          sse_algorithm: "aws:kms",
          kms_master_key_id: keyArn,
        },
        bucket_key_enabled: true,
      },
    ]);
  });

  test("uses S3's key by default", () => {
    expect(ruleOf({})).toEqual([
      { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
    ]);
  });
});

describe("Object Lock", () => {
  test("is enabled without retention for 0 days, so that it can be set later", () => {
    const zero = bucketOf({ lockDays: 0 });
    expect(resourceOf(zero, "aws_s3_bucket").object_lock_enabled).toBe(true);
    expect(zero.resource).not.toHaveProperty("aws_s3_bucket_object_lock_configuration");
  });

  test("is off by default", () => {
    expect(resourceOf(stack, "aws_s3_bucket")).not.toHaveProperty("object_lock_enabled");
  });
});

test("can be destroyed with its objects in dev, and not at all in prod", () => {
  expect(resourceOf(bucketOf({}, "prod"), "aws_s3_bucket")).toMatchObject({
    force_destroy: false,
    lifecycle: { prevent_destroy: true },
  });
  expect(resourceOf(stack, "aws_s3_bucket").force_destroy).toBe(true);
});
