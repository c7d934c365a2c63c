import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import type { Area } from "./area.ts";

/** Parts of the bucket names, without those of bootstrap. */
const BUCKETS = ["access-logs", "elb-logs", "trail"] as const;

/**
 * Buckets, without the objects in them. The provider first uses S3's newer tagging actions. Without these
 * permissions it falls back to the older ones, but the trail would record a denied call each time.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html
 */
export function storage(stack: CipherwatchStack): Area {
  const { env } = stack.settings;
  const resources = BUCKETS.map(
    (part) => `arn:${stack.partition}:s3:::${resourceName(env, part)}-${stack.accountId}-*`,
  );
  return {
    read: [
      allow("ReadBuckets", resources, [
        "s3:GetAccelerateConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketCORS",
        "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketRequestPayment",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket", // HeadBucket
        "s3:ListTagsForResource",
      ]),
    ],
    write: [
      allow("ManageBuckets", resources, [
        "s3:CreateBucket",
        "s3:PutBucketLogging",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:TagResource",
        "s3:UntagResource",
      ]),
    ],
  };
}
