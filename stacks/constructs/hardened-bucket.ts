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
import { bucketName, resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { keepCustomerKey } from "./fixed-keys.ts";
import {
  denyWithoutTls,
  fromSource,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./policy.ts";

export interface HardenedBucketProps {
  /** Follows the environment in the bucket's name. Account and region come last and make it globally unique. */
  readonly part: string;
  /** KMS key of the objects. Default: S3's own key, the only one that log delivery supports. */
  readonly keyArn?: string | undefined;
  /** Days until objects are deleted. Default: never. Noncurrent versions are always deleted. */
  readonly expirationDays?: number;
  /**
   * Days for which objects cannot be deleted or overwritten without permission to bypass governance. 0
   * only enables Object Lock. Default: no Object Lock, which a target of access logs must not have.
   */
  readonly lockDays?: number;
  /** Receives the access logs of this bucket. Default: no access logs. */
  readonly accessLogs?: HardenedBucket;
  /** Statements of the bucket policy, in addition to the requirement of TLS. */
  readonly grants: (bucket: BucketArns) => readonly Statement[];
}

export interface BucketArns {
  readonly bucketArn: string;
  /** Matches all objects. */
  readonly objectsArn: string;
}

/** Days for which a replaced or deleted object can be restored. */
const NONCURRENT_DAYS = 30;
const ABORT_UPLOAD_DAYS = 7;

/** A private, versioned and encrypted bucket that requires TLS and deletes what has expired. */
export class HardenedBucket extends Construct {
  /** A reference to the bucket resource: anything that uses it is created after the bucket. */
  readonly bucketName: string;
  /** Derived from the name, so that plans show it before the bucket exists. */
  readonly bucketArn: string;
  /** Depend on this before configuring a service that checks the bucket policy. */
  readonly policy: ITerraformDependable;

  constructor(scope: Construct, id: string, props: HardenedBucketProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env, region, deletionProtection } = stack.settings;
    const name = bucketName(env, props.part, stack.accountId, region);
    const bucket = new S3Bucket(this, "Resource", {
      bucket: name,
      forceDestroy: !deletionProtection,
      ...(props.lockDays === undefined ? {} : { objectLockEnabled: true }),
      ...stack.protection,
    });
    this.bucketName = bucket.bucket;
    this.bucketArn = `arn:${stack.partition}:s3:::${name}`;
    this.policy = this.#restrictAccess(props);
    this.#encrypt(props);
    this.#keepVersions(props);
    this.#logAccess(props);
  }

  /** Blocks public access, disables ACLs and sets the bucket policy. */
  #restrictAccess({ grants }: HardenedBucketProps): S3BucketPolicy {
    const publicAccess = new S3BucketPublicAccessBlock(this, "PublicAccess", {
      bucket: this.bucketName,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketOwnershipControls(this, "Ownership", {
      bucket: this.bucketName,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    const arns = { bucketArn: this.bucketArn, objectsArn: `${this.bucketArn}/*` };
    return new S3BucketPolicy(this, "BucketPolicy", {
      bucket: this.bucketName,
      policy: policyJson(this, "Policy", [
        denyWithoutTls(["s3:*"], [arns.bucketArn, arns.objectsArn]),
        ...grants(arns),
      ]),
      dependsOn: [publicAccess], // S3 rejects concurrent changes of a bucket's access
    });
  }

  #encrypt({ keyArn }: HardenedBucketProps): void {
    new S3BucketServerSideEncryptionConfigurationA(this, "Encryption", {
      bucket: this.bucketName,
      rule: [
        keyArn === undefined
          ? { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }
          : {
              applyServerSideEncryptionByDefault: {
                sseAlgorithm: "aws:kms",
                kmsMasterKeyId: keyArn,
              },
              bucketKeyEnabled: true,
            },
      ],
      ...keepCustomerKey(
        CipherwatchStack.of(this),
        "rule",
        'one(self.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"',
      ),
    });
  }

  #keepVersions({ expirationDays, lockDays = 0 }: HardenedBucketProps): void {
    const versioning = new S3BucketVersioningA(this, "Versioning", {
      bucket: this.bucketName,
      versioningConfiguration: { status: "Enabled" },
    });
    new S3BucketLifecycleConfiguration(this, "Lifecycle", {
      bucket: this.bucketName,
      rule: [
        {
          id: "expire",
          status: "Enabled",
          filter: [{ prefix: "" }],
          expiration: [
            expirationDays === undefined
              ? { expiredObjectDeleteMarker: true } // removes markers of objects without versions
              : { days: expirationDays },
          ],
          noncurrentVersionExpiration: [{ noncurrentDays: NONCURRENT_DAYS }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: ABORT_UPLOAD_DAYS }],
        },
      ],
      dependsOn: [versioning],
    });
    if (lockDays > 0) {
      new S3BucketObjectLockConfigurationA(this, "Lock", {
        bucket: this.bucketName,
        rule: { defaultRetention: { mode: "GOVERNANCE", days: lockDays } },
        dependsOn: [versioning],
      });
    }
  }

  #logAccess({ accessLogs, part }: HardenedBucketProps): void {
    if (accessLogs === undefined) return;
    new S3BucketLoggingA(this, "AccessLogging", {
      bucket: this.bucketName,
      targetBucket: accessLogs.bucketName,
      targetPrefix: `${part}/`,
      dependsOn: [accessLogs.policy],
    });
  }
}

/**
 * Lets S3 deliver access logs of this environment's buckets.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
 */
export function grantAccessLogs(stack: CipherwatchStack, { objectsArn }: BucketArns): Statement {
  const buckets = `arn:${stack.partition}:s3:::${resourceName(stack.settings.env, "*")}`;
  return {
    sid: "S3DeliversAccessLogs",
    principals: servicePrincipal("logging.s3.amazonaws.com"),
    actions: ["s3:PutObject"],
    resources: [objectsArn],
    conditions: fromSource(stack, buckets),
  };
}
