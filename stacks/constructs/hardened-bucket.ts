import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket/index.js";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration/index.js";
import { S3BucketLoggingA } from "@cdktf/provider-aws/lib/s3-bucket-logging/index.js";
import { S3BucketObjectLockConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-object-lock-configuration/index.js";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls/index.js";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy/index.js";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block/index.js";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration/index.js";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning/index.js";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { denyWithoutTls, policyJson, type Statement, servicePrincipal } from "./policy.ts";

export interface HardenedBucketProps {
  /** Last part of the name, before the account and the region that make it unique in the world. */
  readonly part: string;
  /** KMS key of the objects. S3's own key unless given: the only one that log delivery can use. */
  readonly keyArn?: string;
  /** Days until an object is deleted. Never unless given; versions that were replaced always go. */
  readonly expirationDays?: number;
  /**
   * Days in which no object can be deleted or overwritten, but by who may bypass governance; 0: none.
   * Unless given, the bucket cannot lock objects at all, and a target of access logs must not.
   */
  readonly lockDays?: number;
  /** Bucket that gets this one's access logs. None unless given. */
  readonly accessLogs?: HardenedBucket;
  /** Who may do what, beside the account's own IAM policies. */
  readonly grants: (bucket: BucketArns) => readonly Statement[];
}

export interface BucketArns {
  readonly bucketArn: string;
  /** Of all objects. */
  readonly objectsArn: string;
}

/** Days for which a replaced or deleted object can be brought back. */
const NONCURRENT_DAYS = 30;
const ABORT_UPLOAD_DAYS = 7;

/** A private, versioned, encrypted bucket that speaks TLS only and cleans up after itself. */
export class HardenedBucket extends Construct {
  /** As a reference: whoever takes it waits for the bucket. */
  readonly bucketName: string;
  /** Made of names alone, so that plans show it before the bucket exists. */
  readonly bucketArn: string;
  /** What must be there before a service that checks the bucket's policy is pointed at it. */
  readonly policy: ITerraformDependable;

  constructor(scope: Construct, id: string, props: HardenedBucketProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env, region, deletionProtection } = stack.settings;
    const name = `${resourceName(env, props.part)}-${stack.accountId}-${region}`;
    const bucket = new S3Bucket(this, "Resource", {
      bucket: name,
      forceDestroy: !deletionProtection,
      ...(props.lockDays === undefined ? {} : { objectLockEnabled: true }),
      ...stack.protection,
    });
    this.bucketName = bucket.bucket;
    this.bucketArn = `arn:${stack.partition}:s3:::${name}`;
    const bucketName = this.bucketName;

    const publicAccess = new S3BucketPublicAccessBlock(this, "PublicAccess", {
      bucket: bucketName,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketOwnershipControls(this, "Ownership", {
      bucket: bucketName,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    const versioning = new S3BucketVersioningA(this, "Versioning", {
      bucket: bucketName,
      versioningConfiguration: { status: "Enabled" },
    });
    new S3BucketServerSideEncryptionConfigurationA(this, "Encryption", {
      bucket: bucketName,
      rule: [
        props.keyArn === undefined
          ? { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }
          : {
              applyServerSideEncryptionByDefault: {
                sseAlgorithm: "aws:kms",
                kmsMasterKeyId: props.keyArn,
              },
              bucketKeyEnabled: true,
            },
      ],
    });
    new S3BucketLifecycleConfiguration(this, "Lifecycle", {
      bucket: bucketName,
      rule: [
        {
          id: "expire",
          status: "Enabled",
          filter: [{ prefix: "" }],
          expiration: [
            props.expirationDays === undefined
              ? { expiredObjectDeleteMarker: true } // what hides an object of which nothing is left
              : { days: props.expirationDays },
          ],
          noncurrentVersionExpiration: [{ noncurrentDays: NONCURRENT_DAYS }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: ABORT_UPLOAD_DAYS }],
        },
      ],
      dependsOn: [versioning],
    });
    if (props.lockDays !== undefined && props.lockDays > 0) {
      new S3BucketObjectLockConfigurationA(this, "Lock", {
        bucket: bucketName,
        rule: { defaultRetention: { mode: "GOVERNANCE", days: props.lockDays } },
        dependsOn: [versioning],
      });
    }
    if (props.accessLogs !== undefined) {
      new S3BucketLoggingA(this, "AccessLogging", {
        bucket: bucketName,
        targetBucket: props.accessLogs.bucketName,
        targetPrefix: `${props.part}/`,
        dependsOn: [props.accessLogs.policy],
      });
    }

    const arns = { bucketArn: this.bucketArn, objectsArn: `${this.bucketArn}/*` };
    this.policy = new S3BucketPolicy(this, "BucketPolicy", {
      bucket: bucketName,
      policy: policyJson(this, "Policy", [
        denyWithoutTls(["s3:*"], [arns.bucketArn, arns.objectsArn]),
        ...props.grants(arns),
      ]),
      dependsOn: [publicAccess], // S3 refuses one of two changes to a bucket's access at a time
    });
  }
}

/**
 * Lets S3 deliver the access logs of this account's buckets, under the prefix that each has as part.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
 */
export function grantAccessLogs(stack: CipherwatchStack, { objectsArn }: BucketArns): Statement {
  const { env } = stack.settings;
  return {
    sid: "S3DeliversAccessLogs",
    principals: servicePrincipal("logging.s3.amazonaws.com"),
    actions: ["s3:PutObject"],
    resources: [objectsArn],
    conditions: [
      ["StringEquals", "aws:SourceAccount", stack.accountId],
      ["ArnLike", "aws:SourceArn", `arn:${stack.partition}:s3:::${resourceName(env, "*")}`],
    ],
  };
}
