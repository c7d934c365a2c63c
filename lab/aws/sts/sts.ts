import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Clock } from "../../state/clock.ts";
import type { Access } from "../iam/access.ts";
import { integer, readInput, text } from "../shared/input.ts";
import type { AwsStructure, Call, Operations } from "../shared/operation.ts";
import type { Identities } from "./identities.ts";

export interface StsOptions {
  readonly clock: Clock;
  readonly identities: Identities;
  readonly roles: Pick<Access, "role">;
}

const AssumeRole = z.object({
  RoleArn: text({ min: 20, max: 2048 }),
  RoleSessionName: text({ min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ }),
  DurationSeconds: integer({ min: 900, max: 43_200 }).default(3_600),
  ExternalId: text({ min: 2, max: 1224 }).optional(),
});

const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/;

/** Emulates AWS STS. The credentials of a role remain valid until the lab stops. */
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
  call: Call,
  { clock, identities, roles }: StsOptions,
): AwsStructure {
  const request = readInput(AssumeRole, input, "ValidationError");
  const { RoleArn, RoleSessionName: sessionName, DurationSeconds, ExternalId } = request;
  if (!ROLE.test(RoleArn)) throw new AwsError("ValidationError", `${RoleArn} is invalid`);
  call.audit?.({ resources: [{ arn: RoleArn, type: "AWS::IAM::Role" }] });
  const role = roles.role(RoleArn);
  if (role === undefined) {
    throw new AwsError(
      "AccessDenied",
      `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      403,
    );
  }
  call.authorize({
    action: "sts:AssumeRole",
    resource: RoleArn,
    resourcePolicy: role.trustPolicy,
    requiresResourcePolicy: true,
    isTrust: true,
    context: {
      "sts:RoleSessionName": sessionName,
      ...(ExternalId === undefined ? {} : { "sts:ExternalId": ExternalId }),
    },
  });
  const credentials = identities.addRoleSession({
    roleName: role.name,
    roleArn: role.arn,
    sessionName,
  });
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
