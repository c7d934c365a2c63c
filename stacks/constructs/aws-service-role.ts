import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { type Condition, policyJson, type Statement, servicePrincipal } from "./policy.ts";

export interface AwsServiceRoleProps {
  readonly name: string;
  readonly description: string;
  /** The service that assumes the role, such as `ecs-tasks.amazonaws.com`. */
  readonly service: string;
  readonly trustSid: string;
  /** Conditions of the trust policy. */
  readonly trustConditions?: readonly Condition[];
  /** Construct id of the role. Default: the prefix and `Role`. */
  readonly roleId?: string;
  /** Construct id of the permissions' policy document. */
  readonly policyId: string;
  /** Name of the inline policy. */
  readonly policyName: string;
  readonly permissions: readonly Statement[];
}

export interface AwsServiceRole {
  readonly roleArn: string;
  /** Depend on this before a service assumes the role. */
  readonly permissions: ITerraformDependable;
}

/**
 * Adds an IAM role that an AWS service assumes, with one inline policy.
 * @param prefix of the construct ids
 */
export function awsServiceRole(
  scope: Construct,
  prefix: string,
  { service, trustSid, trustConditions, ...props }: AwsServiceRoleProps,
): AwsServiceRole {
  const trust: Statement = {
    sid: trustSid,
    principals: servicePrincipal(service),
    actions: ["sts:AssumeRole"],
    conditions: trustConditions,
  };
  const role = new IamRole(scope, props.roleId ?? `${prefix}Role`, {
    name: props.name,
    description: props.description,
    assumeRolePolicy: policyJson(scope, `${prefix}Trust`, [trust]),
  });
  const permissions = new IamRolePolicy(scope, `${prefix}Permissions`, {
    name: props.policyName,
    role: role.name,
    policy: policyJson(scope, props.policyId, props.permissions),
  });
  return { roleArn: role.arn, permissions };
}
