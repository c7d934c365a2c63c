import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import type { Statement } from "../constructs/policy.ts";

/** The buckets of bootstrap, and the key that both are encrypted under. */
export interface PipelineBuckets {
  readonly stateBucketArn: string;
  readonly planBucketArn: string;
  readonly keyArn: string;
}

/**
 * To plan: read the states and leave a plan. A plan takes no lock, which is a file beside the state:
 * whoever can make one can stop every deployment.
 * To deploy: take the lock, write the states, but delete none, and read the plans.
 * https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required
 */
export function bucketAccess(
  stack: CipherwatchStack,
  { stateBucketArn, planBucketArn, keyArn }: PipelineBuckets,
): Readonly<Record<"plan" | "deploy", readonly Statement[]>> {
  const { env, region } = stack.settings;
  const folder = `${stateBucketArn}/cipherwatch/${env}`;
  const readStates: readonly Statement[] = [
    // Of the whole bucket, which holds this environment's states alone. S3 tells who may not list that a
    // state which is not there yet is forbidden, and such a question has no prefix to be told apart by:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    { sid: "ListStates", actions: ["s3:ListBucket"], resources: [stateBucketArn] },
    { sid: "ReadStates", actions: ["s3:GetObject"], resources: [`${folder}/*.tfstate`] },
    {
      sid: "UseKeyThroughS3",
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: [keyArn],
      conditions: [["StringEquals", "kms:ViaService", `s3.${region}.amazonaws.com`]],
    },
    {
      // It belongs to who applies bootstrap, and says what this role may do.
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
