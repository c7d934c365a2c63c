import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import type { Area } from "./area.ts";

/** Metric alarms, and the topics that they notify. */
export function alarms(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const alarmArns = [stack.regionalArn("cloudwatch", `alarm:${name}`)];
  const topics = [stack.regionalArn("sns", name)];
  return {
    read: [
      {
        sid: "ReadAlarms",
        actions: ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
        resources: alarmArns,
      },
      {
        sid: "ReadTopics",
        actions: [
          "sns:GetSubscriptionAttributes",
          "sns:GetTopicAttributes",
          "sns:ListTagsForResource",
        ],
        resources: topics,
      },
    ],
    write: [
      {
        sid: "ManageAlarms",
        actions: [
          "cloudwatch:DeleteAlarms",
          "cloudwatch:PutMetricAlarm",
          "cloudwatch:TagResource",
          "cloudwatch:UntagResource",
        ],
        resources: alarmArns,
      },
      {
        sid: "ManageTopics",
        actions: [
          "sns:CreateTopic",
          "sns:DeleteTopic",
          "sns:SetSubscriptionAttributes",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
          "sns:TagResource",
          "sns:Unsubscribe",
          "sns:UntagResource",
        ],
        resources: topics,
      },
    ],
  };
}
