import { logGroupName, resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { type Area, onAllResources } from "./area.ts";

/** The trail, log groups and metric filters, except for deleting recorded events. */
export function trail(stack: CipherwatchStack): Area {
  const { env, trailLogGroup } = stack.settings;
  const name = resourceName(env, "*");
  const trails = [stack.regionalArn("cloudtrail", `trail/${name}`)];
  const logGroups = [
    logGroupName(env, "*"),
    `aws-waf-logs-${name}`,
    `/aws/ecs/containerinsights/${name}`,
    `/aws/rds/instance/${name}`,
  ].map((group) => stack.regionalArn("logs", `log-group:${group}`));
  const existing =
    trailLogGroup === undefined ? [] : [stack.regionalArn("logs", `log-group:${trailLogGroup}`)];
  return {
    read: [
      allow("ReadTrail", trails, [
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetInsightSelectors",
        "cloudtrail:GetTrail",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListTags",
      ]),
      onAllResources(stack, "ListTrailsAndLogs", [
        "cloudtrail:DescribeTrails",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
      ]),
      allow(
        "ReadLogGroups",
        [...logGroups, ...existing],
        ["logs:DescribeMetricFilters", "logs:ListTagsForResource"],
      ),
    ],
    write: [
      allow("ManageTrail", trails, [
        "cloudtrail:AddTags",
        "cloudtrail:CreateTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:RemoveTags",
        "cloudtrail:StartLogging",
        "cloudtrail:UpdateTrail",
      ]),
      allow("ManageLogGroups", logGroups, [
        "logs:AssociateKmsKey",
        "logs:CreateLogGroup",
        "logs:DeleteMetricFilter",
        "logs:PutMetricFilter",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ]),
      ...(existing.length === 0
        ? []
        : [
            allow("ManageFiltersOfExistingTrail", existing, [
              "logs:DeleteMetricFilter",
              "logs:PutMetricFilter",
            ]),
          ]),
      // For flow logs and the web ACL's log. Log deliveries have no resource types.
      onAllResources(stack, "DeliverLogs", [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DeleteResourcePolicy",
        "logs:PutResourcePolicy",
      ]),
    ],
  };
}
