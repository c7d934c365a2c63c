import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { type Area, onAllResources } from "./area.ts";

/** Composite alarms, dashboards, saved queries, EventBridge rules, queues and the webhook. */
export function alarmEvents(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const dashboards = [stack.globalArn("cloudwatch", `dashboard/${name}`)];
  const rules = [stack.regionalArn("events", `rule/${name}`)];
  const queues = [stack.regionalArn("sqs", name)];
  const webhooks = webhook(stack);
  return {
    read: [
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
      onAllResources(stack, "ReadCompositeAlarmsAndQueries", [
        "cloudwatch:DescribeAlarms",
        "logs:DescribeQueryDefinitions",
      ]),
      { sid: "ReadDashboards", actions: ["cloudwatch:GetDashboard"], resources: dashboards },
      {
        sid: "ReadRules",
        actions: ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"],
        resources: rules,
      },
      {
        sid: "ReadQueues",
        actions: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"],
        resources: queues,
      },
      ...webhooks.read,
    ],
    write: [
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
      onAllResources(stack, "ManageCompositeAlarmsAndQueries", [
        "cloudwatch:PutCompositeAlarm",
        "logs:DeleteQueryDefinition",
        "logs:PutQueryDefinition",
      ]),
      {
        sid: "ManageDashboards",
        actions: ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
        resources: dashboards,
      },
      {
        sid: "ManageRules",
        actions: [
          "events:DeleteRule",
          "events:PutRule",
          "events:PutTargets",
          "events:RemoveTargets",
          "events:TagResource",
          "events:UntagResource",
        ],
        resources: rules,
      },
      {
        sid: "ManageQueues",
        actions: [
          "sqs:CreateQueue",
          "sqs:DeleteQueue",
          "sqs:SetQueueAttributes",
          "sqs:TagQueue",
          "sqs:UntagQueue",
        ],
        resources: queues,
      },
      ...webhooks.write,
    ],
  };
}

/**
 * EventBridge stores the webhook's secret in Secrets Manager with the permissions of the caller:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
 */
function webhook(stack: CipherwatchStack): Area {
  const { env, webhookUrl } = stack.settings;
  if (webhookUrl === undefined) return { read: [], write: [] };
  const name = resourceName(env, "webhook");
  const resources = ["connection", "api-destination"].flatMap((kind) => [
    stack.regionalArn("events", `${kind}/${name}`),
    stack.regionalArn("events", `${kind}/${name}/*`),
  ]);
  return {
    read: [
      {
        sid: "ReadWebhook",
        actions: ["events:DescribeApiDestination", "events:DescribeConnection"],
        resources,
      },
    ],
    write: [
      {
        sid: "ManageWebhook",
        actions: [
          "events:CreateApiDestination",
          "events:CreateConnection",
          "events:DeleteApiDestination",
          "events:DeleteConnection",
          "events:UpdateApiDestination",
          "events:UpdateConnection",
        ],
        resources,
      },
      {
        sid: "LetEventBridgeKeepSecret",
        actions: [
          "secretsmanager:CreateSecret",
          "secretsmanager:DescribeSecret",
          "secretsmanager:PutSecretValue",
          "secretsmanager:UpdateSecret",
        ],
        resources: [stack.regionalArn("secretsmanager", `secret:events!connection/${name}/*`)],
      },
    ],
  };
}
