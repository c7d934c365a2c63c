import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Clock } from "../../state/clock.ts";
import { partitionOf } from "../shared/arn.ts";
import { integer, readInput, text } from "../shared/input.ts";
import type { AwsStructure, Call, Operations } from "../shared/operation.ts";
import type { Identities } from "./identities.ts";

export interface StsOptions {
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  readonly identities: Identities;
}

const AssumeRole = z.object({
  RoleArn: text({ min: 20, max: 2048 }),
  RoleSessionName: text({ min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ }),
  DurationSeconds: integer({ min: 900, max: 43_200 }).default(3_600),
});

const ROLE = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[!-~]+\/)?([\w+=,.@-]{1,64})$/;

/**
 * Emulates AWS STS. Trust policies are not evaluated: any caller may assume any role of the account,
 * and the credentials remain valid until the lab stops.
 */
export function createSts(options: StsOptions): { readonly operations: Operations } {
  return {
    operations: {
      /** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
      GetCallerIdentity: (_input, { caller }) => ({
        UserId: caller.userId,
        Account: caller.accountId,
        Arn: caller.arn,
      }),
      AssumeRole: (input, call) => assumeRole(input, call, options),
    },
  };
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
function assumeRole(
  input: unknown,
  { caller, audit }: Call,
  { accountId, region, clock, identities }: StsOptions,
): AwsStructure {
  const request = readInput(AssumeRole, input, "ValidationError");
  const { RoleArn, RoleSessionName: sessionName, DurationSeconds } = request;
  const [, partition, account, roleName] = ROLE.exec(RoleArn) ?? [];
  if (roleName === undefined) throw new AwsError("ValidationError", `${RoleArn} is invalid`);
  audit?.({ resources: [{ arn: RoleArn, type: "AWS::IAM::Role" }] });
  if (account !== accountId || partition !== partitionOf(region)) {
    throw new AwsError(
      "AccessDenied",
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      403,
    );
  }
  const credentials = identities.addRoleSession({ roleName, sessionName });
  const { userId, arn } = identities.callerFor(credentials.accessKeyId);
  return {
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: new Date(clock.now() + DurationSeconds * 1_000),
    },
    AssumedRoleUser: { AssumedRoleId: userId, Arn: arn },
  };
}
