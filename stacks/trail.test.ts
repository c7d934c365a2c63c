import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";
import { TrailStack } from "./trail.ts";

const stackOf = (variables: Readonly<Record<string, string>> = {}) =>
  synthStack((app) => new TrailStack(app, "trail", { settings: settingsOf(variables) }));

const stack = stackOf();
const trail = resourceOf(stack, "aws_cloudtrail");
const TRAIL_ARN = `arn:${PARTITION}:cloudtrail:ap-southeast-2:${ACCOUNT}:trail/cipherwatch-dev-trail`;
const FROM_TRAIL = `StringEquals aws:SourceArn ${TRAIL_ARN}`;

describe("the trail", () => {
  test("records every region and global services, and validates its files", () => {
    expect(trail).toMatchObject({
      name: "cipherwatch-dev-trail",
      enable_logging: true,
      enable_log_file_validation: true,
      is_multi_region_trail: true,
      include_global_service_events: true,
    });
  });

  test("records all management events, read and write, including KMS", () => {
    expect(trail.event_selector).toEqual([
      { read_write_type: "All", include_management_events: true },
    ]);
    expect(trail).not.toHaveProperty("advanced_event_selector");
  });

  test("is delivered to its bucket and the log group, encrypted", () => {
    expect(trail.s3_bucket_name).toMatch(/^\$\{aws_s3_bucket\.TrailBucket_.+\.bucket\}$/);
    expect(trail.cloud_watch_logs_group_arn).toBe("${aws_cloudwatch_log_group.LogGroup.arn}:*");
    expect(trail.kms_key_id).toMatch(/^\$\{aws_kms_key\.TrailKey_.+\.arn\}$/);
  });

  test("depends on the bucket policy and the role's permissions", () => {
    expect(trail.depends_on).toEqual([
      expect.stringMatching(/^aws_s3_bucket_policy\.TrailBucket_/),
      "aws_iam_role_policy.LogDeliveryPermissions",
    ]);
  });
});

describe("the log group", () => {
  test("is encrypted and has the retention of the settings", () => {
    const logGroup = resourceOf(stackOf({ LOG_RETENTION_DAYS: "60" }), "aws_cloudwatch_log_group");
    expect(logGroup).toMatchObject({
      name: "/cipherwatch/dev/trail",
      retention_in_days: 60,
      kms_key_id: trail.kms_key_id,
    });
  });

  test("is written with a role that can only append to the trail's stream", () => {
    const { policy } = resourceOf(stack, "aws_iam_role_policy");
    expect(statementsOf(stack, policy)).toMatchObject([
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [
          `arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:/cipherwatch/dev/trail:log-stream:${ACCOUNT}_CloudTrail_ap-southeast-2*`,
        ],
      },
    ]);
  });

  test("has a role that only CloudTrail can assume", () => {
    const { assume_role_policy } = resourceOf(stack, "aws_iam_role");
    const [trust, ...more] = statementsOf(stack, assume_role_policy);
    expect(more).toEqual([]);
    expect(trust?.principals).toEqual([
      { type: "Service", identifiers: ["cloudtrail.amazonaws.com"] },
    ]);
    // CloudTrail sends no aws:SourceArn when it assumes this role: a condition would stop delivery.
    expect(trust && conditionsOf(trust)).toEqual([]);
  });
});

describe("the key policy", () => {
  const { policy } = resourceOf(stack, "aws_kms_key");

  test("only admits this trail", () => {
    const encrypt = statementOf(stack, policy, "TrailEncryptsFiles");
    expect(conditionsOf(encrypt)).toEqual([
      FROM_TRAIL,
      `StringLike kms:EncryptionContext:aws:cloudtrail:arn arn:${PARTITION}:cloudtrail:*:${ACCOUNT}:trail/cipherwatch-dev-trail`,
    ]);
    const check = statementOf(stack, policy, "TrailChecksKey");
    expect(check.actions).toContain("kms:Decrypt"); // required by CreateTrail if the bucket uses a bucket key
    expect(conditionsOf(check)).toEqual([FROM_TRAIL]);
  });

  test("only admits the log group", () => {
    const logs = statementOf(stack, policy, "LogGroupsUseKey");
    expect(logs.principals).toEqual([
      { type: "Service", identifiers: ["logs.ap-southeast-2.amazonaws.com"] },
    ]);
    expect(conditionsOf(logs)).toEqual([
      `ArnEquals kms:EncryptionContext:aws:logs:arn arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:/cipherwatch/dev/trail`,
    ]);
  });

  test("lets people decrypt only through S3", () => {
    const readers = statementOf(stack, policy, "ReadersDecryptThroughS3");
    expect(conditionsOf(readers)).toEqual([
      "StringEquals kms:ViaService s3.ap-southeast-2.amazonaws.com",
    ]);
  });
});

describe("the bucket", () => {
  const bucketArn = `arn:${PARTITION}:s3:::cipherwatch-dev-trail-${ACCOUNT}-ap-southeast-2`;
  const { policy } = resourceOf(stack, "aws_s3_bucket_policy", "TrailBucket");

  test("only accepts files of this trail", () => {
    const deliver = statementOf(stack, policy, "TrailDeliversFiles");
    expect(deliver.resources).toEqual([`${bucketArn}/AWSLogs/${ACCOUNT}/*`]);
    expect(conditionsOf(deliver)).toEqual([
      FROM_TRAIL,
      "StringEquals s3:x-amz-acl bucket-owner-full-control",
    ]);
    const check = statementOf(stack, policy, "TrailChecksBucket");
    expect(check.resources).toEqual([bucketArn]);
    expect(conditionsOf(check)).toEqual([FROM_TRAIL]);
  });

  test("logs accesses to a bucket that S3 may write to", () => {
    expect(resourceOf(stack, "aws_s3_bucket_logging")).toMatchObject({
      bucket: expect.stringMatching(/TrailBucket/),
      target_bucket: expect.stringMatching(/AccessLogs/),
      depends_on: [expect.stringMatching(/^aws_s3_bucket_policy\.AccessLogs_/)],
    });
    const access = resourceOf(stack, "aws_s3_bucket_policy", "AccessLogs");
    const deliver = statementOf(stack, access.policy, "S3DeliversAccessLogs");
    expect(conditionsOf(deliver)).toEqual([
      `ArnLike aws:SourceArn arn:${PARTITION}:s3:::cipherwatch-dev-*`,
      `StringEquals aws:SourceAccount ${ACCOUNT}`,
    ]);
  });

  test("locks the trail's files in prod", () => {
    const prod = stackOf({ ENV: "prod" });
    expect(resourceOf(prod, "aws_s3_bucket_object_lock_configuration")).toMatchObject({
      bucket: expect.stringMatching(/TrailBucket/),
      rule: { default_retention: { mode: "GOVERNANCE", days: 365 } },
    });
    expect(stack.resource).not.toHaveProperty("aws_s3_bucket_object_lock_configuration");
  });
});
