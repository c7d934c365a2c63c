import type { Operations } from "./operation.ts";

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function createSts(): { readonly operations: Operations } {
  return {
    operations: {
      GetCallerIdentity: (_input, { caller }) => ({
        UserId: caller.userId,
        Account: caller.accountId,
        Arn: caller.arn,
      }),
    },
  };
}
