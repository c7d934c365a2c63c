import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { type Area, onAllResources } from "./area.ts";

/** Composite alarms, dashboards, saved queries, EventBridge rules, queues and the webhook. */
export function alarmEvents(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const dashboards = [stack.globalArn("cloudwatch", `dashboard/${name}`)];
  const rules = [stack.regionalArn("events", `rule/${name}`)];
  const queues = [stack.regionalArn("sqs", name)];
  const webhooks = webhook(stack);
  const chat = chatChannel(stack);
  return {
    read: [
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
      onAllResources(stack, "ReadCompositeAlarmsAndQueries", [
        "cloudwatch:DescribeAlarms",
        "logs:DescribeQueryDefinitions",
      ]),
      allow("ReadDashboards", dashboards, ["cloudwatch:GetDashboard"]),
      allow("ReadRules", rules, [
        "events:DescribeRule",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
      ]),
      allow("ReadQueues", queues, [
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
      ]),
      ...webhooks.read,
      ...chat.read,
    ],
    write: [
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
      onAllResources(stack, "ManageCompositeAlarmsAndQueries", [
        "cloudwatch:PutCompositeAlarm",
        "logs:DeleteQueryDefinition",
        "logs:PutQueryDefinition",
      ]),
      allow("ManageDashboards", dashboards, [
        "cloudwatch:DeleteDashboards",
        "cloudwatch:PutDashboard",
      ]),
      allow("ManageRules", rules, [
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource",
      ]),
      allow("ManageQueues", queues, [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
      ]),
      ...webhooks.write,
      ...chat.write,
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
      allow("ReadWebhook", resources, [
        "events:DescribeApiDestination",
        "events:DescribeConnection",
      ]),
    ],
    write: [
      allow("ManageWebhook", resources, [
        "events:CreateApiDestination",
        "events:CreateConnection",
        "events:DeleteApiDestination",
        "events:DeleteConnection",
        "events:UpdateApiDestination",
        "events:UpdateConnection",
      ]),
      allow(
        "LetEventBridgeKeepSecret",
        [stack.regionalArn("secretsmanager", `secret:events!connection/${name}/*`)],
        [
          "secretsmanager:CreateSecret",
          "secretsmanager:DescribeSecret",
          "secretsmanager:PutSecretValue",
          "secretsmanager:UpdateSecret",
        ],
      ),
    ],
  };
}

/**
 * The service is in a few regions only, so these calls are not restricted to the region of the settings.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html
 */
function chatChannel(stack: CipherwatchStack): Area {
  const { env, slackChannelId } = stack.settings;
  if (slackChannelId === undefined) return { read: [], write: [] };
  const name = resourceName(env, "chat");
  const channel = [stack.globalArn("chatbot", `chat-configuration/slack-channel/${name}`)];
  return {
    read: [
      allow("FindChatChannel", ["*"], ["chatbot:DescribeSlackChannelConfigurations"]),
      allow("ReadChatChannel", channel, ["chatbot:ListTagsForResource"]),
    ],
    write: [
      allow("CreateChatChannel", ["*"], ["chatbot:CreateSlackChannelConfiguration"]),
      allow("ManageChatChannel", channel, [
        "chatbot:DeleteSlackChannelConfiguration",
        "chatbot:TagResource",
        "chatbot:UntagResource",
        "chatbot:UpdateSlackChannelConfiguration",
      ]),
    ],
  };
}
