import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { type Area, onAllResources } from "./area.ts";

/** Metric alarms, and the topics that they notify. */
export function alarms(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const alarmArns = [stack.regionalArn("cloudwatch", `alarm:${name}`)];
  const topics = [stack.regionalArn("sns", name)];
  const { urgentTopicArn, routineTopicArn } = stack.settings;
  const existing = [urgentTopicArn, routineTopicArn].filter((arn) => arn !== undefined);
  return {
    read: [
      allow("ReadAlarms", alarmArns, [
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
      ]),
      allow("ReadTopics", topics, [
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListTagsForResource",
      ]),
      ...(existing.length === 0
        ? []
        : [
            onAllResources(stack, "FindTopics", ["sns:ListTopics"]),
            allow("ReadTagsOfTopics", [...new Set(existing)], ["sns:ListTagsForResource"]),
          ]),
    ],
    write: [
      allow("ManageAlarms", alarmArns, [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ]),
      allow("ManageTopics", topics, [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:SetSubscriptionAttributes",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:TagResource",
        "sns:Unsubscribe",
        "sns:UntagResource",
      ]),
    ],
  };
}
