import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Access, Role } from "../iam/access.ts";
import { PolicyError } from "../iam/policy.ts";
import type { Operations } from "../shared/operation.ts";
import {
  type Members,
  missingQueryParameter,
  type RecordedOperation,
  recordedOperations,
  textOf,
} from "./recorded-operation.ts";

/**
 * Operations of IAM that change what a role may do. A new trust policy takes effect.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
 */
export function iamOperations(access: Access): Operations {
  const requireRole = (members: Members): Role => {
    const name = textOf(members, "RoleName");
    const role = name.startsWith("arn:") ? undefined : access.role(name);
    if (role !== undefined) return role;
    throw new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
  };
  const onRole = (...required: readonly string[]): RecordedOperation => ({
    required: ["RoleName", ...required],
    resource: (members) => requireRole(members).arn,
  });
  const onProvider = (member: string): RecordedOperation => ({
    required: ["OpenIDConnectProviderArn", member],
    resource: (members) => textOf(members, "OpenIDConnectProviderArn"),
  });

  return recordedOperations(
    { prefix: "iam", missingParameter: missingQueryParameter },
    {
      GetRole: {
        ...onRole(),
        respond: (members) => {
          const { name, arn, trustDocument } = requireRole(members);
          return {
            Role: {
              RoleName: name,
              Arn: arn,
              Path: arn.slice(arn.indexOf(":role/") + ":role".length, -name.length),
              AssumeRolePolicyDocument: encodeURIComponent(trustDocument),
            },
          };
        },
      },
      UpdateAssumeRolePolicy: {
        ...onRole("PolicyDocument"),
        respond: (members) => {
          try {
            access.setTrustPolicy(requireRole(members), textOf(members, "PolicyDocument"));
            return {};
          } catch (error) {
            if (!(error instanceof PolicyError)) throw error;
            throw new AwsError("MalformedPolicyDocument", error.message);
          }
        },
      },
      AttachRolePolicy: onRole("PolicyArn"),
      DetachRolePolicy: onRole("PolicyArn"),
      PutRolePolicy: onRole("PolicyName", "PolicyDocument"),
      DeleteRolePolicy: onRole("PolicyName"),
      PutRolePermissionsBoundary: onRole("PermissionsBoundary"),
      DeleteRolePermissionsBoundary: onRole(),
      DeleteRole: onRole(),
      AddClientIDToOpenIDConnectProvider: onProvider("ClientID"),
      UpdateOpenIDConnectProviderThumbprint: onProvider("ThumbprintList"),
    },
  );
}
