import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { type Statement, viaService } from "../constructs/policy.ts";

/** The buckets of bootstrap and the KMS key that encrypts both. */
export interface PipelineBuckets {
  readonly stateBucketArn: string;
  readonly planBucketArn: string;
  readonly keyArn: string;
}

/**
 * Access to states and plans. The plan role reads states and writes plans. It cannot lock a state: the lock
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
    { sid: "ListStates", actions: ["s3:ListBucket"], resources: [stateBucketArn] },
    { sid: "ReadStates", actions: ["s3:GetObject"], resources: [`${folder}/*.tfstate`] },
    {
      sid: "UseKeyThroughS3",
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: [keyArn],
      conditions: [viaService(stack, "s3")],
    },
    {
      // Bootstrap's state defines the permissions of these roles; only a person may change it.
      sid: "LeaveBootstrapAlone",
      effect: "Deny",
      actions: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      resources: [`${folder}/bootstrap.tfstate*`],
    },
  ];
  return {
    plan: [
      ...readStates,
      { sid: "LeavePlans", actions: ["s3:PutObject"], resources: [`${planBucketArn}/*`] },
    ],
    deploy: [
      ...readStates,
      { sid: "WriteStates", actions: ["s3:PutObject"], resources: [`${folder}/*.tfstate`] },
      {
        sid: "LockStates",
        actions: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        resources: [`${folder}/*.tfstate.tflock`],
      },
      { sid: "ListPlans", actions: ["s3:ListBucket"], resources: [planBucketArn] },
      { sid: "ReadPlans", actions: ["s3:GetObject"], resources: [`${planBucketArn}/*`] },
    ],
  };
}
