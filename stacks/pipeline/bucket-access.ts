import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { allow, type Statement, viaService } from "../constructs/policy.ts";

/** The buckets of bootstrap and the KMS key that encrypts both, unless S3 owns it. */
export interface PipelineBuckets {
  readonly stateBucketArn: string;
  readonly planBucketArn: string;
  readonly keyArn: string | undefined;
}

/**
 * Access to states and plans. The plan role reads states and
 * plans, and adds plans. It cannot lock a state: the lock
 * is a file beside it, and anyone who can create one can block every deployment. The deploy role locks and
 * writes states, and reads plans, but deletes neither.
 * https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required
 */
export function bucketAccess(
  stack: CipherwatchStack,
  { stateBucketArn, planBucketArn, keyArn }: PipelineBuckets,
): Readonly<Record<"plan" | "deploy", readonly Statement[]>> {
  const folder = `${stateBucketArn}/cipherwatch/${stack.settings.env}`;
  const readStates: readonly Statement[] = [
    // Unrestricted by prefix: without s3:ListBucket, HeadObject on a missing state returns 403 instead of
    // 404. https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    allow("ListStates", [stateBucketArn], ["s3:ListBucket"]),
    allow("ReadStates", [`${folder}/*.tfstate`], ["s3:GetObject"]),
    ...(keyArn === undefined
      ? []
      : [
          allow(
            "UseKeyThroughS3",
            [keyArn],
            ["kms:Decrypt", "kms:GenerateDataKey"],
            viaService(stack, "s3"),
          ),
        ]),
    {
      // Bootstrap's state defines the permissions of these roles; only a person may change it.
      sid: "LeaveBootstrapAlone",
      effect: "Deny",
      actions: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      resources: [`${folder}/bootstrap.tfstate*`],
    },
  ];
  const readPlans: readonly Statement[] = [
    allow("ListPlans", [planBucketArn], ["s3:ListBucket"]),
    allow("ReadPlans", [`${planBucketArn}/*`], ["s3:GetObject"]),
  ];
  return {
    plan: [
      ...readStates,
      // Only new objects: a plan that was reviewed cannot be replaced.
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
      allow(
        "LeavePlans",
        [`${planBucketArn}/*`],
        ["s3:PutObject"],
        ["Null", "s3:if-none-match", "false"],
      ),
      ...readPlans,
    ],
    deploy: [
      ...readStates,
      allow("WriteStates", [`${folder}/*.tfstate`], ["s3:PutObject"]),
      allow(
        "LockStates",
        [`${folder}/*.tfstate.tflock`],
        ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      ),
      ...readPlans,
    ],
  };
}
