import { Cloudtrail } from "@cdktf/provider-aws/lib/cloudtrail/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, resourceName, trailLogGroupName, trailName } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { EncryptionKey, grantLogGroups, THIS_KEY } from "./constructs/encryption-key.ts";
import { type BucketArns, grantAccessLogs, HardenedBucket } from "./constructs/hardened-bucket.ts";
import { encryptedLogGroup } from "./constructs/log-group.ts";
import {
  accountPrincipals,
  type Condition,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./constructs/policy.ts";

const CLOUDTRAIL = servicePrincipal("cloudtrail.amazonaws.com");

/**
 * CloudTrail of the whole account, to a bucket and to a log group. Every management event is in it:
 * a trail without those of KMS would see none of what this project is about, so there is no setting
 * to leave any out.
 */
export class TrailStack extends CipherwatchStack {
  readonly trailArn: string;
  readonly logGroupName: string;
  /** Of the key that encrypts what the trail writes. */
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: CipherwatchStackProps) {
    super(scope, id, props);
    const { env, trailRetentionDays, trailLockDays } = this.settings;
    const name = trailName(env);
    // From its name: the policies that admit the trail must be there before the trail is.
    this.trailArn = this.regionalArn("cloudtrail", `trail/${name}`);
    this.logGroupName = trailLogGroupName(env);

    const key = new EncryptionKey(this, "TrailKey", {
      alias: keyAlias(env, "trail"),
      description: `Encrypts the trail of cipherwatch ${env}: its files and its log group`,
      grants: [
        ...this.#grantTrail(name),
        this.#grantReaders(),
        grantLogGroups(this, this.logGroupName),
      ],
    });
    this.keyArn = key.keyArn;

    // Log delivery encrypts with S3's own key or not at all, and the logs of this bucket's own
    // accesses would beget logs without end.
    const accessLogs = new HardenedBucket(this, "AccessLogs", {
      part: "access-logs",
      expirationDays: trailRetentionDays,
      grants: (bucket) => [grantAccessLogs(this, bucket)],
    });
    const bucket = new HardenedBucket(this, "TrailBucket", {
      part: "trail",
      keyArn: key.keyArn,
      expirationDays: trailRetentionDays,
      lockDays: trailLockDays,
      accessLogs,
      grants: (arns) => this.#grantDelivery(arns),
    });

    const logGroup = encryptedLogGroup(this, "LogGroup", {
      name: this.logGroupName,
      keyArn: key.keyArn,
    });
    const role = this.#logDeliveryRole();

    new Cloudtrail(this, "Trail", {
      name,
      s3BucketName: bucket.bucketName,
      kmsKeyId: key.keyArn,
      cloudWatchLogsGroupArn: `${logGroup.arn}:*`,
      cloudWatchLogsRoleArn: role.arn,
      enableLogging: true,
      enableLogFileValidation: true,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      eventSelector: [{ readWriteType: "All", includeManagementEvents: true }],
      // CloudTrail tries both when the trail is made: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
      dependsOn: [bucket.policy, role.permissions],
    });

    new TerraformOutput(this, "TrailArn", { value: this.trailArn });
    new TerraformOutput(this, "LogGroupName", { value: this.logGroupName });
  }

  get #ofThisTrail(): Condition {
    return ["StringEquals", "aws:SourceArn", this.trailArn];
  }

  /**
   * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
   * Decrypt is there because the bucket has a bucket key.
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
          this.#ofThisTrail,
          ["StringLike", "kms:EncryptionContext:aws:cloudtrail:arn", context],
        ],
      },
      {
        sid: "TrailChecksKey",
        principals: CLOUDTRAIL,
        actions: ["kms:Decrypt", "kms:DescribeKey"],
        resources: THIS_KEY,
        conditions: [this.#ofThisTrail],
      },
    ];
  }

  /** Whoever may read the bucket by IAM may also decrypt what is in it, through S3 alone. */
  #grantReaders(): Statement {
    return {
      sid: "ReadersDecryptThroughS3",
      principals: accountPrincipals(this),
      actions: ["kms:Decrypt"],
      resources: THIS_KEY,
      conditions: [["StringEquals", "kms:ViaService", `s3.${this.settings.region}.amazonaws.com`]],
    };
  }

  #grantDelivery({ bucketArn }: BucketArns): Statement[] {
    return [
      {
        sid: "TrailChecksBucket",
        principals: CLOUDTRAIL,
        actions: ["s3:GetBucketAcl"],
        resources: [bucketArn],
        conditions: [this.#ofThisTrail],
      },
      {
        sid: "TrailDeliversFiles",
        principals: CLOUDTRAIL,
        actions: ["s3:PutObject"],
        resources: [`${bucketArn}/AWSLogs/${this.accountId}/*`],
        conditions: [
          this.#ofThisTrail,
          ["StringEquals", "s3:x-amz-acl", "bucket-owner-full-control"],
        ],
      },
    ];
  }

  /**
   * What CloudTrail writes to the log group as. CloudTrail sends neither aws:SourceArn nor
   * aws:SourceAccount when it takes this role, so its trust cannot be narrowed by them:
   * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
   */
  #logDeliveryRole() {
    const { env, region } = this.settings;
    const role = new IamRole(this, "LogDeliveryRole", {
      name: resourceName(env, "trail-to-logs"),
      description: "CloudTrail writes the trail's events to its log group",
      assumeRolePolicy: policyJson(this, "LogDeliveryTrust", [
        {
          sid: "CloudTrailAssumes",
          principals: CLOUDTRAIL,
          actions: ["sts:AssumeRole"],
        },
      ]),
    });
    const stream = `${this.accountId}_CloudTrail_${region}*`;
    const permissions = new IamRolePolicy(this, "LogDeliveryPermissions", {
      name: "write-trail-events",
      role: role.name,
      policy: policyJson(this, "LogDelivery", [
        {
          sid: "WriteTrailStream",
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [
            this.regionalArn("logs", `log-group:${this.logGroupName}:log-stream:${stream}`),
          ],
        },
      ]),
    });
    return { arn: role.arn, permissions };
  }
}
