import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import type { Area } from "./area.ts";

/** Buckets of the stacks, by the part of their names that is theirs; bootstrap's are not among them. */
const BUCKETS = ["access-logs", "elb-logs", "trail"] as const;

/**
 * Buckets, but none of the objects in them. Terraform's provider asks for tags by S3's newer calls first:
 * without these it goes on by the older ones, and each refusal stands in the trail as a denied call.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html
 */
export function storage(stack: CipherwatchStack): Area {
  const { env } = stack.settings;
  const resources = BUCKETS.map(
    (part) => `arn:${stack.partition}:s3:::${resourceName(env, part)}-${stack.accountId}-*`,
  );
  return {
    read: [
      {
        sid: "ReadBuckets",
        actions: [
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
          "s3:ListBucket", // to see whether a bucket is there
          "s3:ListTagsForResource",
        ],
        resources,
      },
    ],
    write: [
      {
        sid: "ManageBuckets",
        actions: [
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
        ],
        resources,
      },
    ],
  };
}
