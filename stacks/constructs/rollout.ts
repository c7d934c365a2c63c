import type {
  EcsServiceConfig,
  EcsServiceLoadBalancerAdvancedConfiguration,
} from "@cdktf/provider-aws/lib/ecs-service/index.js";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { rolloutRoleName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { awsServiceRole } from "./aws-service-role.ts";
import { DeploymentAlarms } from "./deployment-alarms.ts";
import type { LoadBalancer, RequestShifting } from "./load-balancer.ts";
import { allow, fromSource } from "./policy.ts";

/**
 * How ECS replaces the tasks of the service: the alarms that roll a deployment back, and the strategy of the
 * settings.
 */
export class Rollout extends Construct {
  /** Arguments of the ECS service. */
  readonly deployment: Pick<EcsServiceConfig, "alarms" | "deploymentConfiguration" | "timeouts">;
  /** For the ECS service's `loadBalancer`. Absent with the strategy rolling. */
  readonly shifting: EcsServiceLoadBalancerAdvancedConfiguration | undefined;
  /** Depend on these before ECS deploys. */
  readonly dependencies: readonly ITerraformDependable[];

  constructor(
    scope: Construct,
    id: string,
    {
      arnSuffix,
      targetGroup,
      shifting,
    }: Pick<LoadBalancer, "arnSuffix" | "targetGroup" | "shifting">,
  ) {
    super(scope, id);
    const { alarmNames } = new DeploymentAlarms(this, "Alarms", {
      loadBalancerArnSuffix: arnSuffix,
      targetGroups: shifting === undefined ? [targetGroup] : [targetGroup, shifting.alternate],
    });
    this.deployment = {
      alarms: { alarmNames: [...alarmNames], enable: true, rollback: true },
      ...this.#strategy(),
    };
    if (shifting === undefined) {
      this.dependencies = [];
      return;
    }
    const role = this.#role([targetGroup.arn, shifting.alternate.arn], shifting);
    this.dependencies = [role.permissions];
    this.shifting = {
      alternateTargetGroupArn: shifting.alternate.arn,
      productionListenerRule: shifting.ruleArn,
      roleArn: role.roleArn,
    };
  }

  #strategy(): Pick<EcsServiceConfig, "deploymentConfiguration" | "timeouts"> {
    const { deploymentStrategy, shiftPercent, shiftMinutes, bakeMinutes } =
      CipherwatchStack.of(this).settings;
    const bakeTimeInMinutes = String(bakeMinutes);
    const timeouts = { create: TIMEOUT, update: TIMEOUT };
    switch (deploymentStrategy) {
      case "rolling":
        return {};
      case "blue-green":
        return { deploymentConfiguration: { strategy: "BLUE_GREEN", bakeTimeInMinutes }, timeouts };
      case "canary":
        return {
          deploymentConfiguration: {
            strategy: "CANARY",
            bakeTimeInMinutes,
            canaryConfiguration: {
              canaryPercent: shiftPercent,
              canaryBakeTimeInMinutes: String(shiftMinutes),
            },
          },
          timeouts,
        };
      case "linear":
        return {
          deploymentConfiguration: {
            strategy: "LINEAR",
            bakeTimeInMinutes,
            linearConfiguration: {
              stepPercent: shiftPercent,
              stepBakeTimeInMinutes: String(shiftMinutes),
            },
          },
          timeouts,
        };
    }
  }

  /**
   * The role that ECS assumes to move requests: AWS's AmazonECSInfrastructureRolePolicyForLoadBalancers, limited
   * to this load balancer.
   * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
   */
  #role(targetGroupArns: readonly string[], { listenerArn, ruleArn }: RequestShifting) {
    const stack = CipherwatchStack.of(this);
    return awsServiceRole(this, "Shift", {
      name: rolloutRoleName(stack.settings.env),
      description: "Lets ECS move requests between two versions of the service",
      service: "ecs.amazonaws.com",
      trustSid: "EcsAssumes",
      trustConditions: fromSource(stack, stack.regionalArn("ecs", "*")),
      policyId: "Policy",
      policyName: "permissions",
      permissions: [
        // These actions have no resource types.
        allow("ReadLoadBalancers", ["*"], READ_LOAD_BALANCERS),
        allow("RegisterTargets", targetGroupArns, REGISTER_TARGETS),
        allow("ShiftRequests", [listenerArn, ruleArn], SHIFT_REQUESTS),
      ],
    });
  }
}

/** Longer than the longest strategy that the settings allow, and the start of the tasks. */
const TIMEOUT = "50m";

/** Actions of the role that ECS assumes to move requests. The permissions boundary must contain them. */
export const READ_LOAD_BALANCERS = [
  "elasticloadbalancing:DescribeListeners",
  "elasticloadbalancing:DescribeRules",
  "elasticloadbalancing:DescribeTargetGroups",
  "elasticloadbalancing:DescribeTargetHealth",
] as const;
export const REGISTER_TARGETS = [
  "elasticloadbalancing:DeregisterTargets",
  "elasticloadbalancing:RegisterTargets",
] as const;
export const SHIFT_REQUESTS = [
  "elasticloadbalancing:ModifyListener",
  "elasticloadbalancing:ModifyRule",
] as const;
