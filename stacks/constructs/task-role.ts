import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { awsServiceRole } from "./aws-service-role.ts";
import { fromSource, type Statement } from "./policy.ts";

export interface TaskRoleProps {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Statement[];
}

/**
 * A role for ECS tasks of this account and region.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 */
export class TaskRole extends Construct {
  readonly roleArn: string;
  /** Depend on this before a task uses the role. */
  readonly permissions: ITerraformDependable;

  constructor(scope: Construct, id: string, props: TaskRoleProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { roleArn, permissions } = awsServiceRole(this, "", {
      ...props,
      roleId: "Resource",
      service: "ecs-tasks.amazonaws.com",
      trustSid: "TasksAssume",
      trustConditions: fromSource(stack, stack.regionalArn("ecs", "*")),
      policyId: "Policy",
      policyName: "permissions",
    });
    this.roleArn = roleArn;
    this.permissions = permissions;
  }
}
