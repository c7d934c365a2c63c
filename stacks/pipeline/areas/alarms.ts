import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import type { Area } from "./area.ts";

/** Metric alarms, and the topics that they notify. */
export function alarms(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const alarmArns = [stack.regionalArn("cloudwatch", `alarm:${name}`)];
  const topics = [stack.regionalArn("sns", name)];
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
