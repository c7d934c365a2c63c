import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { type Condition, policyJson, type Statement, servicePrincipal } from "./policy.ts";

/** Construct ids of the resources that make up a role. */
export interface AwsServiceRoleIds {
  readonly role: string;
  readonly trust: string;
  readonly permissions: string;
  readonly policy: string;
}

export interface AwsServiceRoleProps {
  readonly name: string;
  readonly description: string;
  /** Lets an AWS service assume the role. */
  readonly trust: {
    readonly sid: string;
    /** Such as `ecs-tasks.amazonaws.com`. */
    readonly service: string;
    readonly conditions?: readonly Condition[];
  };
  /** Name of the inline policy with the permissions. */
  readonly policyName: string;
  readonly permissions: readonly Statement[];
}

export interface AwsServiceRole {
  readonly roleArn: string;
  /** Depend on this before a service assumes the role. */
  readonly permissions: ITerraformDependable;
}

/** Adds an IAM role that an AWS service assumes, with one inline policy. */
export function awsServiceRole(
  scope: Construct,
  ids: AwsServiceRoleIds,
  { name, description, trust, policyName, permissions }: AwsServiceRoleProps,
): AwsServiceRole {
  const { sid, service, conditions } = trust;
  const role = new IamRole(scope, ids.role, {
    name,
    description,
    assumeRolePolicy: policyJson(scope, ids.trust, [
      {
        sid,
        principals: servicePrincipal(service),
        actions: ["sts:AssumeRole"],
        ...(conditions === undefined ? {} : { conditions }),
      },
    ]),
  });
  return {
    roleArn: role.arn,
    permissions: new IamRolePolicy(scope, ids.permissions, {
      name: policyName,
      role: role.name,
      policy: policyJson(scope, ids.policy, permissions),
    }),
  };
}
