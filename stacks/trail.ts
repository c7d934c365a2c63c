import { Cloudtrail } from "@cdktf/provider-aws/lib/cloudtrail/index.js";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, resourceName, trailLogGroupName, trailName } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { type AwsServiceRole, awsServiceRole } from "./constructs/aws-service-role.ts";
import { grantLogGroups, supportingKey, THIS_KEY } from "./constructs/encryption-key.ts";
import { type BucketArns, grantAccessLogs, HardenedBucket } from "./constructs/hardened-bucket.ts";
import { encryptedLogGroup } from "./constructs/log-group.ts";
import {
  accountPrincipals,
  allow,
  type Condition,
  type Statement,
  servicePrincipal,
  viaService,
} from "./constructs/policy.ts";

/** Derived from the name, because policies that admit the trail must exist before it. */
export function trailArnOf(stack: CipherwatchStack): string {
  const { env, trailArn } = stack.settings;
  return trailArn ?? stack.regionalArn("cloudtrail", `trail/${trailName(env)}`);
}

const CLOUDTRAIL = servicePrincipal("cloudtrail.amazonaws.com");

/**
 * A CloudTrail trail of the whole account, delivered to a bucket and to a log group. It records every
 * management event. No setting excludes any, because the detections depend on KMS events.
 */
export class TrailStack extends CipherwatchStack {
  readonly trailArn: string;
  readonly logGroupName: string;
  /** ARN of the key that encrypts the trail's files and log group. Undefined if AWS owns it. */
  readonly keyArn: string | undefined;

  constructor(scope: Construct, id: string, props: CipherwatchStackProps) {
    super(scope, id, props);
    const { env, trailRetentionDays, trailLockDays } = this.settings;
    const name = trailName(env);
    this.trailArn = trailArnOf(this);
    this.logGroupName = trailLogGroupName(env);

    const keyArn = supportingKey(this, "TrailKey", {
      alias: keyAlias(env, "trail"),
      description: `Encrypts the trail of cipherwatch ${env}: its files and its log group`,
      grants: [
        ...this.#grantTrail(name),
        this.#grantReaders(),
        grantLogGroups(this, this.logGroupName),
      ],
    });
    this.keyArn = keyArn;

    // S3 log delivery supports no KMS key. The bucket does not log accesses to itself, because every log
    // file would cause another one.
    const accessLogs = new HardenedBucket(this, "AccessLogs", {
      part: "access-logs",
      expirationDays: trailRetentionDays,
      grants: (bucket) => [grantAccessLogs(this, bucket)],
    });
    const bucket = new HardenedBucket(this, "TrailBucket", {
      part: "trail",
      keyArn,
      expirationDays: trailRetentionDays,
      lockDays: trailLockDays,
      accessLogs,
      grants: (arns) => this.#grantDelivery(arns),
    });

    const logGroup = encryptedLogGroup(this, "LogGroup", {
      name: this.logGroupName,
      keyArn,
    });
    const role = this.#logDeliveryRole();

    new Cloudtrail(this, "Trail", {
      name,
      s3BucketName: bucket.bucketName,
      ...(keyArn !== undefined && { kmsKeyId: keyArn }),
      cloudWatchLogsGroupArn: `${logGroup.arn}:*`,
      cloudWatchLogsRoleArn: role.roleArn,
      enableLogging: true,
      enableLogFileValidation: true,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      eventSelector: [{ readWriteType: "All", includeManagementEvents: true }],
      // CloudTrail checks both when it creates the trail: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
      dependsOn: [bucket.policy, role.permissions],
    });

    new TerraformOutput(this, "TrailArn", { value: this.trailArn });
    new TerraformOutput(this, "LogGroupName", { value: this.logGroupName });
  }

  get #fromThisTrail(): Condition {
    return ["StringEquals", "aws:SourceArn", this.trailArn];
  }

  /**
   * Includes Decrypt, which CloudTrail needs if the bucket uses a bucket key.
   * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
   */
  #grantTrail(name: string): Statement[] {
    const context = `arn:${this.partition}:cloudtrail:*:${this.accountId}:trail/${name}`;
    return [
      {
        sid: "TrailEncryptsFiles",
        principals: CLOUDTRAIL,
        actions: ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
        resources: THIS_KEY,
        conditions: [
          this.#fromThisTrail,
          ["StringLike", "kms:EncryptionContext:aws:cloudtrail:arn", context],
        ],
      },
      {
        sid: "TrailChecksKey",
        principals: CLOUDTRAIL,
        actions: ["kms:Decrypt", "kms:DescribeKey"],
        resources: THIS_KEY,
        conditions: [this.#fromThisTrail],
      },
    ];
  }

  /** Lets principals who may read the bucket decrypt its files, but only through S3. */
  #grantReaders(): Statement {
    return {
      sid: "ReadersDecryptThroughS3",
      principals: accountPrincipals(this),
      actions: ["kms:Decrypt"],
      resources: THIS_KEY,
      conditions: [viaService(this, "s3")],
    };
  }

  #grantDelivery({ bucketArn }: BucketArns): Statement[] {
    return [
      {
        sid: "TrailChecksBucket",
        principals: CLOUDTRAIL,
        actions: ["s3:GetBucketAcl"],
        resources: [bucketArn],
        conditions: [this.#fromThisTrail],
      },
      {
        sid: "TrailDeliversFiles",
        principals: CLOUDTRAIL,
        actions: ["s3:PutObject"],
        resources: [`${bucketArn}/AWSLogs/${this.accountId}/*`],
        conditions: [
          this.#fromThisTrail,
          ["StringEquals", "s3:x-amz-acl", "bucket-owner-full-control"],
        ],
      },
    ];
  }

  /**
   * The role that CloudTrail assumes to write to the log group. Its trust policy has no conditions, because
   * CloudTrail sends neither aws:SourceArn nor aws:SourceAccount when it assumes this role:
   * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
   */
  #logDeliveryRole(): AwsServiceRole {
    const { env, region } = this.settings;
    const stream = `${this.accountId}_CloudTrail_${region}*`;
    return awsServiceRole(this, "LogDelivery", {
      name: resourceName(env, "trail-to-logs"),
      description: "Lets CloudTrail write events to the log group",
      service: "cloudtrail.amazonaws.com",
      trustSid: "CloudTrailAssumes",
      policyId: "LogDelivery",
      policyName: "write-trail-events",
      permissions: [
        allow(
          "WriteTrailStream",
          [this.regionalArn("logs", `log-group:${this.logGroupName}:log-stream:${stream}`)],
          ["logs:CreateLogStream", "logs:PutLogEvents"],
        ),
      ],
    });
  }
}
