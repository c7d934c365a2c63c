import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { policyJson, type Statement, servicePrincipal } from "./policy.ts";

export interface TaskRoleProps {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Statement[];
}

/** A role that ECS tasks of this account and region take, with one policy. */
export class TaskRole extends Construct {
  readonly roleArn: string;
  /** What must be there before a task takes the role. */
  readonly permissions: ITerraformDependable;

  constructor(scope: Construct, id: string, { name, description, permissions }: TaskRoleProps) {
    super(scope, id);
    const role = new IamRole(this, "Resource", {
      name,
      description,
      assumeRolePolicy: policyJson(this, "Trust", [trustTasks(CipherwatchStack.of(this))]),
    });
    this.roleArn = role.arn;
    this.permissions = new IamRolePolicy(this, "Permissions", {
      name: "permissions",
      role: role.name,
      policy: policyJson(this, "Policy", permissions),
    });
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html */
function trustTasks(stack: CipherwatchStack): Statement {
  return {
    sid: "TasksAssume",
    principals: servicePrincipal("ecs-tasks.amazonaws.com"),
    actions: ["sts:AssumeRole"],
    conditions: [
      ["StringEquals", "aws:SourceAccount", stack.accountId],
      ["ArnLike", "aws:SourceArn", stack.regionalArn("ecs", "*")],
    ],
  };
}
