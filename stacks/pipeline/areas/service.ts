import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { type Area, hasTags, onAllResources } from "./area.ts";

/** The ECS cluster, the service and its autoscaling. */
export function service(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const hasHours = stack.settings.operatingHours !== undefined;
  const ecs = (...resources: readonly string[]) =>
    resources.map((resource) => stack.regionalArn("ecs", resource));
  const resources = ecs(`cluster/${name}`, `service/${name}`, `task-definition/${name}`);
  const targets = [stack.regionalArn("application-autoscaling", "scalable-target/*")];
  return {
    read: [
      allow("ReadService", resources, [
        "ecs:DescribeClusters",
        "ecs:DescribeServices",
        "ecs:ListTagsForResource",
      ]),
      onAllResources(stack, "ReadTaskDefinitionsAndScaling", [
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        ...(hasHours ? ["application-autoscaling:DescribeScheduledActions"] : []),
        "ecs:DescribeTaskDefinition",
      ]),
      allow(
        "ReadTagsOfScaling",
        targets,
        ["application-autoscaling:ListTagsForResource"],
        ...hasTags(stack),
      ),
    ],
    write: [
      allow(
        "ManageService",
        [...resources, ...ecs(`service-deployment/${name}`, `service-revision/${name}`)],
        [
          "ecs:CreateCluster",
          "ecs:CreateService",
          "ecs:DeleteCluster",
          "ecs:DeleteService",
          "ecs:DescribeServiceDeployments",
          "ecs:DescribeServiceRevisions",
          "ecs:ListServiceDeployments",
          ...(stack.settings.fargateSpot ? ["ecs:PutClusterCapacityProviders"] : []),
          "ecs:RegisterTaskDefinition",
          "ecs:TagResource",
          "ecs:UntagResource",
          "ecs:UpdateCluster",
          "ecs:UpdateClusterSettings",
          "ecs:UpdateService",
        ],
      ),
      onAllResources(stack, "RetireTaskDefinitions", ["ecs:DeregisterTaskDefinition"]),
      allow(
        "ManageScaling",
        targets,
        [
          "application-autoscaling:DeleteScalingPolicy",
          ...(hasHours
            ? [
                "application-autoscaling:DeleteScheduledAction",
                "application-autoscaling:PutScheduledAction",
              ]
            : []),
          "application-autoscaling:DeregisterScalableTarget",
          "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:RegisterScalableTarget",
        ],
        ["StringEquals", "application-autoscaling:service-namespace", "ecs"],
      ),
      allow("TagScaling", targets, [
        "application-autoscaling:TagResource",
        "application-autoscaling:UntagResource",
      ]),
      // Autoscaling creates its alarms with the permissions of whoever puts the scaling policy.
      allow(
        "ManageScalingAlarms",
        [stack.regionalArn("cloudwatch", `alarm:TargetTracking-service/${name}`)],
        ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"],
      ),
    ],
  };
}
