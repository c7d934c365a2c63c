import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { type Area, hasTags, onAllResources } from "./area.ts";

/** The ECS cluster, the service and its autoscaling. */
export function service(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const ecs = (...resources: readonly string[]) =>
    resources.map((resource) => stack.regionalArn("ecs", resource));
  const resources = ecs(`cluster/${name}`, `service/${name}`, `task-definition/${name}`);
  const targets = [stack.regionalArn("application-autoscaling", "scalable-target/*")];
  return {
    read: [
      {
        sid: "ReadService",
        actions: ["ecs:DescribeClusters", "ecs:DescribeServices", "ecs:ListTagsForResource"],
        resources,
      },
      onAllResources(stack, "ReadTaskDefinitionsAndScaling", [
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "ecs:DescribeTaskDefinition",
      ]),
      {
        sid: "ReadTagsOfScaling",
        actions: ["application-autoscaling:ListTagsForResource"],
        resources: targets,
        conditions: hasTags(stack),
      },
    ],
    write: [
      {
        sid: "ManageService",
        actions: [
          "ecs:CreateCluster",
          "ecs:CreateService",
          "ecs:DeleteCluster",
          "ecs:DeleteService",
          "ecs:DescribeServiceDeployments",
          "ecs:DescribeServiceRevisions",
          "ecs:ListServiceDeployments",
          "ecs:RegisterTaskDefinition",
          "ecs:TagResource",
          "ecs:UntagResource",
          "ecs:UpdateCluster",
          "ecs:UpdateClusterSettings",
          "ecs:UpdateService",
        ],
        resources: [...resources, ...ecs(`service-deployment/${name}`, `service-revision/${name}`)],
      },
      onAllResources(stack, "RetireTaskDefinitions", ["ecs:DeregisterTaskDefinition"]),
      {
        sid: "ManageScaling",
        actions: [
          "application-autoscaling:DeleteScalingPolicy",
          "application-autoscaling:DeregisterScalableTarget",
          "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:RegisterScalableTarget",
        ],
        resources: targets,
        conditions: [["StringEquals", "application-autoscaling:service-namespace", "ecs"]],
      },
      {
        sid: "TagScaling",
        actions: ["application-autoscaling:TagResource", "application-autoscaling:UntagResource"],
        resources: targets,
      },
      {
        // Autoscaling creates its alarms with the permissions of who puts the scaling policy.
        sid: "ManageScalingAlarms",
        actions: ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"],
        resources: [stack.regionalArn("cloudwatch", `alarm:TargetTracking-service/${name}`)],
      },
    ],
  };
}
