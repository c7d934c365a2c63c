import { describe, expect, test } from "vitest";
import { alarmChange } from "../detections/alarm-change.ts";
import { kmsErrors } from "../detections/kms-errors.ts";
import { kmsKeyChange } from "../detections/kms-key-change.ts";
import { createExampleScope } from "../detections/scope.ts";
import type { Block } from "../terraform/json.ts";
import { alarmOf, alarmStack, KEY, TRAIL_KEY } from "./testing/alarm-stack.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  resourcesOf,
  statementOf,
} from "./testing/synthesized.ts";

const stack = alarmStack();
const kmsErrorsStack = alarmStack({ detections: [kmsErrors] });
const URGENT = expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/);
const ROUTINE = expect.stringMatching(/^\$\{aws_sns_topic\.RoutineTopic_.+\.arn\}$/);
const topicArn = (part: string) =>
  `arn:${PARTITION}:sns:ap-southeast-2:${ACCOUNT}:cipherwatch-dev-${part}`;
const queueArn = (part: string) =>
  `arn:${PARTITION}:sqs:ap-southeast-2:${ACCOUNT}:cipherwatch-dev-${part}`;
const OF_ACCOUNT = `StringEquals aws:SourceAccount ${ACCOUNT}`;
const ALARMS = `ArnLike aws:SourceArn arn:${PARTITION}:cloudwatch:ap-southeast-2:${ACCOUNT}:alarm:cipherwatch-dev-*`;
const RULES = `ArnLike aws:SourceArn arn:${PARTITION}:events:ap-southeast-2:${ACCOUNT}:rule/cipherwatch-dev-*`;

describe("the change notification of a detection", () => {
  const keyChangeStack = alarmStack({ detections: [kmsKeyChange] });
  const rule = resourceOf(keyChangeStack, "aws_cloudwatch_event_rule");
  const target = resourceOf(keyChangeStack, "aws_cloudwatch_event_target");

  test("matches write calls on the keys of the service, the trail and the topics", () => {
    const pattern = JSON.parse(String(rule.event_pattern));
    expect(rule.name).toBe("cipherwatch-dev-kms-key-change");
    expect(pattern["detail-type"]).toEqual(["AWS API Call via CloudTrail"]);
    expect(pattern.detail).toMatchObject({
      eventSource: ["kms.amazonaws.com"],
      eventName: expect.arrayContaining(["DisableKey", "ScheduleKeyDeletion"]),
      resources: { ARN: [KEY, TRAIL_KEY, expect.stringMatching(/aws_kms_key\.TopicKey_/)] },
    });
  });

  test("emails the event and the runbook, with a dead-letter queue", () => {
    const { input_paths, input_template } = target.input_transformer as {
      readonly input_paths: Readonly<Record<string, string>>;
      readonly input_template: string;
    };
    const lines = input_template.split("\n").map((line): string => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(kmsKeyChange.runbook.length);
    const text = lines.join("\n");
    expect(text).toContain("(critical): <event> by <who>, from <from>, at <at> in <region>.");
    expect(text).toContain(`1. ${kmsKeyChange.runbook[0]}`);
    expect(text).toContain("docs/runbooks/kms-key-change.md");
    const variables = [...text.matchAll(/<(\w+)>/g)].map(([, name]) => name);
    expect(Object.keys(input_paths)).toEqual(expect.arrayContaining(variables));
    expect(target.arn).toEqual(URGENT);
    expect(target.dead_letter_config).toEqual({
      arn: expect.stringMatching(/aws_sqs_queue\.Undelivered_/),
    });
  });

  test("exists for changes of keys, the trail and the alarms", () => {
    const names = Object.values(resourcesOf(stack, "aws_cloudwatch_event_rule")).map(
      ({ name }) => name,
    );
    expect(names.sort()).toEqual([
      "cipherwatch-dev-alarm-change",
      "cipherwatch-dev-alarm-change-guard",
      "cipherwatch-dev-kms-key-change",
      "cipherwatch-dev-trail-change",
    ]);
  });
});

describe("what silences alarms is reported by both topics, so that silencing one topic is reported by the other", () => {
  const alarmChangeStack = alarmStack({ detections: [alarmChange] });

  test("by the alarm", () => {
    expect(alarmOf(alarmChangeStack, "alarm-change").alarm_actions).toEqual([URGENT, ROUTINE]);
    expect(alarmOf(stack, "kms-errors").alarm_actions).toEqual([URGENT]);
  });

  test("by the rule that reports it within seconds, and by the rule that guards this rule", () => {
    const targets = Object.values(resourcesOf(alarmChangeStack, "aws_cloudwatch_event_target"));
    expect(targets.map(({ rule, arn }) => [rule, arn])).toEqual(
      expect.arrayContaining(
        ["Notice", "Guard"].flatMap((part) =>
          [URGENT, ROUTINE].map((topic) => [expect.stringContaining(`AlarmChange${part}`), topic]),
        ),
      ),
    );
  });

  test("once, if both are one topic", () => {
    const topic = "arn:aws:sns:ap-southeast-2:111122223333:alerts";
    const existing = alarmStack({
      detections: [alarmChange],
      variables: { URGENT_TOPIC_ARN: topic, ROUTINE_TOPIC_ARN: topic },
    });
    expect(alarmOf(existing, "alarm-change").alarm_actions).toEqual([topic]);
  });

  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
  test("with a pattern of at most 2,048 characters, EventBridge's default quota", () => {
    const topic = (letter: string) =>
      `arn:aws:sns:ap-southeast-2:111122223333:${letter.repeat(256)}`;
    const scope = createExampleScope("production-eu", "us-gov-west-1", {
      urgentTopicArn: topic("u"),
      routineTopicArn: topic("r"),
    });
    const detail = alarmChange.changeNotification?.detail(scope);
    expect(
      JSON.stringify({ "detail-type": ["AWS API Call via CloudTrail"], detail }).length,
    ).toBeLessThan(2048);
  });
});

describe("forwarding state changes to programs", () => {
  const variables = {
    ALARM_QUEUE: "true",
    WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
  };
  const forwarding = alarmStack({ variables, detections: [kmsErrors] });

  test("is off by default", () => {
    expect(kmsErrorsStack.resource).not.toHaveProperty("aws_cloudwatch_event_rule");
    expect(kmsErrorsStack.resource).not.toHaveProperty("aws_cloudwatch_event_api_destination");
    expect(kmsErrorsStack.output).not.toHaveProperty("AlarmQueueArn");
  });

  test("sends every state change to the queue and the webhook, except the canary's", () => {
    const { event_pattern } = resourceOf(forwarding, "aws_cloudwatch_event_rule", "AlarmChanges");
    expect(JSON.parse(String(event_pattern))).toEqual({
      source: ["aws.cloudwatch"],
      "detail-type": ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"],
      resources: [{ "anything-but": [expect.stringMatching(/:alarm:cipherwatch-dev-canary$/)] }],
      detail: { alarmName: [{ prefix: "cipherwatch-dev-" }] },
    });
    expect(
      resourceOf(forwarding, "aws_cloudwatch_event_target", "AlarmChanges_Queue"),
    ).toMatchObject({
      arn: expect.stringMatching(/aws_sqs_queue\.AlarmEvents_/),
      dead_letter_config: { arn: expect.stringMatching(/aws_sqs_queue\.Undelivered_/) },
    });
    expect(
      resourceOf(forwarding, "aws_cloudwatch_event_target", "AlarmChanges_Webhook"),
    ).toMatchObject({
      arn: expect.stringMatching(/aws_cloudwatch_event_api_destination\.Webhook_/),
      role_arn: expect.stringMatching(/aws_iam_role\.Webhook_/),
    });
  });

  test("keeps the webhook's secret out of Terraform: a placeholder whose changes are ignored", () => {
    expect(resourceOf(forwarding, "aws_cloudwatch_event_connection")).toMatchObject({
      authorization_type: "API_KEY",
      auth_parameters: { api_key: { key: "Authorization", value: "not-set-yet" } },
      lifecycle: { ignore_changes: ["auth_parameters"] },
    });
  });

  test("encrypts the queues and only accepts events from this environment's rules", () => {
    for (const queue of Object.values(resourcesOf(forwarding, "aws_sqs_queue"))) {
      expect(queue.kms_master_key_id).toMatch(/aws_kms_key\.TopicKey_/);
    }
    for (const [part, name] of [
      ["alarm-events", "AlarmEvents"],
      ["undelivered", "Undelivered"],
    ] as const) {
      const { policy } = resourceOf(forwarding, "aws_sqs_queue_policy", name);
      const send = statementOf(forwarding, policy, "RulesSend");
      expect(send).toMatchObject({
        principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
        actions: ["sqs:SendMessage"],
        resources: [queueArn(part)],
      });
      expect(conditionsOf(send)).toEqual([RULES]);
      expect(statementOf(forwarding, policy, "DenyWithoutTls")).toMatchObject({ effect: "Deny" });
    }
  });

  test("alarms when an event cannot be delivered", () => {
    expect(alarmOf(kmsErrorsStack, "undelivered")).toMatchObject({
      namespace: "AWS/SQS",
      metric_name: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: expect.stringMatching(/aws_sqs_queue\.Undelivered_/) },
      threshold: 1,
      alarm_actions: [ROUTINE],
    });
  });
});

describe("the topics", () => {
  const subscriptions = (variables: Readonly<Record<string, string>>) =>
    Object.values(
      resourcesOf(alarmStack({ variables, detections: [kmsErrors] }), "aws_sns_topic_subscription"),
    ).map(({ topic_arn, protocol, endpoint }) => ({ topic_arn, protocol, endpoint }));

  test("email the addresses of the settings, with a separate one for urgent alarms if set", () => {
    const protocol = "email";
    expect(subscriptions({})).toEqual([
      { topic_arn: ROUTINE, protocol, endpoint: "security@example.com" },
      { topic_arn: URGENT, protocol, endpoint: "security@example.com" },
    ]);
    expect(subscriptions({ PAGER_EMAIL: "on-call@pager.example.com" })).toContainEqual({
      topic_arn: URGENT,
      protocol,
      endpoint: "on-call@pager.example.com",
    });
  });

  test.each([
    ["kms-key-change", "critical", URGENT],
    ["kms-errors", "high", URGENT],
    ["denied-api", "medium", ROUTINE],
  ])("%s is %s and notifies the topic of its severity", (id, severity, topic) => {
    const alarm = alarmOf(stack, id);
    expect(alarm.alarm_description).toContain(`(${severity}):`);
    expect(alarm.alarm_actions).toEqual([topic]);
  });

  test("are encrypted with a key that CloudWatch may use for alarms of this environment", () => {
    for (const topic of Object.values(resourcesOf(kmsErrorsStack, "aws_sns_topic"))) {
      expect(topic.kms_master_key_id).toMatch(/^\$\{aws_kms_key\.TopicKey_.+\.arn\}$/);
    }
    const { policy } = resourceOf(kmsErrorsStack, "aws_kms_key", "TopicKey");
    const alarms = statementOf(kmsErrorsStack, policy, "AlarmsEncryptMessages");
    expect(alarms).toMatchObject({
      principals: [{ type: "Service", identifiers: ["cloudwatch.amazonaws.com"] }],
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    });
    expect(conditionsOf(alarms)).toEqual([ALARMS, OF_ACCOUNT]);
  });

  test("let EventBridge use the key for topics and queues, restricted by encryption context", () => {
    const { policy } = resourceOf(kmsErrorsStack, "aws_kms_key", "TopicKey");
    const conditions = (sid: string) => conditionsOf(statementOf(kmsErrorsStack, policy, sid));
    expect(conditions("RulesEncryptMessages")).toEqual([
      `StringEquals kms:EncryptionContext:aws:sns:topicArn ${["urgent", "routine", "canary"].map(topicArn).join(",")}`,
    ]);
    expect(conditions("RulesEncryptEvents")).toEqual([
      `StringEquals kms:EncryptionContext:aws:sqs:arn ${queueArn("alarm-events")},${queueArn("undelivered")}`,
    ]);
  });

  test("accept messages from this environment's alarms and from rules, only with TLS", () => {
    for (const [part, name] of [
      ["urgent", "UrgentTopic"],
      ["routine", "RoutineTopic"],
    ] as const) {
      const { policy } = resourceOf(kmsErrorsStack, "aws_sns_topic_policy", name);
      expect(conditionsOf(statementOf(kmsErrorsStack, policy, "AlarmsPublish"))).toEqual([
        ALARMS,
        OF_ACCOUNT,
      ]);
      // EventBridge supports no condition there: with one, it would drop its messages silently.
      expect(conditionsOf(statementOf(kmsErrorsStack, policy, "RulesPublish"))).toEqual([]);
      expect(statementOf(kmsErrorsStack, policy, "DenyWithoutTls")).toMatchObject({
        effect: "Deny",
        actions: ["sns:Publish"],
        resources: [topicArn(part)],
      });
    }
  });

  test("are checked with each plan: confirmed, and not to be ended by everyone with an email", () => {
    const { check } = kmsErrorsStack as unknown as {
      readonly check: Readonly<Record<string, { readonly assert: readonly Block[] }>>;
    };
    expect(Object.keys(check)).toEqual(["routine_subscription", "urgent_subscription"]);
    for (const [name, { assert }] of Object.entries(check)) {
      const topic = name.split("_")[0];
      expect(assert).toMatchObject([
        {
          condition: expect.stringMatching(
            /^\$\{!aws_sns_topic_subscription\.\w+\.pending_confirmation\}$/,
          ),
          error_message: expect.stringContaining(`cipherwatch-dev-${topic} is not confirmed`),
        },
        {
          condition: expect.stringMatching(/\.confirmation_was_authenticated\}$/),
          error_message: expect.stringContaining("docs/alarm-events.md"),
        },
      ]);
    }
  });
});

describe("the Slack channel", () => {
  const chat = alarmStack({
    variables: { SLACK_TEAM_ID: "T0123ABCDEF", SLACK_CHANNEL_ID: "C0123ABCDEF" },
    detections: [kmsErrors],
  });

  test("receives the notifications of both topics, and may do nothing in the account", () => {
    expect(resourceOf(chat, "aws_chatbot_slack_channel_configuration")).toMatchObject({
      slack_team_id: "T0123ABCDEF",
      slack_channel_id: "C0123ABCDEF",
      sns_topic_arns: [URGENT, ROUTINE],
      guardrail_policy_arns: ["arn:aws:iam::aws:policy/AWSDenyAll"],
      iam_role_arn: expect.stringMatching(/^\$\{aws_iam_role\.Chat_Role_.+\.arn\}$/),
    });
    expect(chat.resource).not.toHaveProperty("aws_iam_role_policy");
  });

  test("does not exist by default", () => {
    expect(kmsErrorsStack.resource).not.toHaveProperty("aws_chatbot_slack_channel_configuration");
  });
});
