import { describe, expect, test } from "vitest";
import { AlarmStack } from "./alarm.ts";
import type { Detection, ServiceDetection } from "./detections/detection.ts";
import { kmsErrors } from "./detections/kms-errors.ts";
import { synthStack } from "./synthesize.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  settingsOf,
  statementOf,
} from "./testing.ts";

interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  readonly detections?: readonly Detection[];
}

function stackOf({ variables = {}, detections = [kmsErrors] }: Given = {}) {
  return synthStack(
    (app) =>
      new AlarmStack(app, "alarm", {
        settings: settingsOf(variables),
        keyArn: "arn:aws:kms:ap-southeast-2:111122223333:key/k",
        logGroupName: "/cipherwatch/dev/trail",
        detections,
      }),
  );
}

const stack = stackOf();
const TOPIC = "${aws_sns_topic.Topic.arn}";
const TOPIC_ARN = `arn:${PARTITION}:sns:ap-southeast-2:${ACCOUNT}:cipherwatch-dev-alarms`;
const ALARMS = `ArnLike aws:SourceArn arn:${PARTITION}:cloudwatch:ap-southeast-2:${ACCOUNT}:alarm:cipherwatch-dev-*`;
const OF_ACCOUNT = `StringEquals aws:SourceAccount ${ACCOUNT}`;

describe("a detection in the trail", () => {
  test("counts what matches in the trail's log group, and counts a quiet minute as none", () => {
    expect(resourceOf(stack, "aws_cloudwatch_log_metric_filter")).toEqual({
      name: "cipherwatch-dev-kms-errors",
      log_group_name: "/cipherwatch/dev/trail",
      pattern: `{ $.errorCode = "*" && $.eventSource = "kms.amazonaws.com" && $.userIdentity.sessionContext.sessionIssuer.arn = "arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-service" }`,
      metric_transformation: {
        namespace: "Cipherwatch/dev/Detections",
        name: "kms-errors",
        value: "1",
        default_value: "0",
        unit: "Count",
      },
    });
  });

  test("alarms at one failure in a minute, recovers by itself and tells the topic once", () => {
    const alarm = resourceOf(stack, "aws_cloudwatch_metric_alarm");
    expect(alarm).toMatchObject({
      alarm_name: "cipherwatch-dev-kms-errors",
      namespace: "Cipherwatch/dev/Detections",
      metric_name: "kms-errors",
      statistic: "Sum",
      period: 60,
      evaluation_periods: 1,
      datapoints_to_alarm: 1,
      comparison_operator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treat_missing_data: "notBreaching",
      actions_enabled: true,
      alarm_actions: [TOPIC],
    });
    expect(alarm).not.toHaveProperty("ok_actions");
  });

  test("says in its alarm why it fired and what to do now", () => {
    const { alarm_description } = resourceOf(stack, "aws_cloudwatch_metric_alarm");
    expect(alarm_description).toContain("(high): 1 or more in a minute.");
    expect(alarm_description).toContain(kmsErrors.why);
    expect(alarm_description).toContain(`1. ${kmsErrors.runbook[0]}`);
    expect(alarm_description).toContain(
      "Logs Insights on /cipherwatch/dev/trail: fields eventTime",
    );
    expect(alarm_description).toContain('sessionIssuer.userName = "cipherwatch-dev-service"');
  });

  test("takes its threshold from the settings", () => {
    const alarm = resourceOf(
      stackOf({ variables: { THRESHOLDS: "kms-errors=5" } }),
      "aws_cloudwatch_metric_alarm",
    );
    expect(alarm.threshold).toBe(5);
    expect(alarm.alarm_description).toContain("5 or more in a minute");
  });

  test("has names of its own in each environment", () => {
    const prod = stackOf({ variables: { ENV: "prod" } });
    expect(resourceOf(prod, "aws_cloudwatch_metric_alarm")).toMatchObject({
      alarm_name: "cipherwatch-prod-kms-errors",
      namespace: "Cipherwatch/prod/Detections",
    });
  });
});

test("a detection that the service reports has an alarm and no filter", () => {
  const { pattern, mustFire, mustNotFire, ...common } = kmsErrors;
  const reported: ServiceDetection = {
    ...common,
    id: "decrypt-denied",
    source: "service",
    period: 10,
    metric: ({ serviceNamespace }) => ({
      namespace: serviceNamespace,
      metricName: "DecryptDenied",
      dimensions: { Service: "api" },
    }),
  };
  const service = stackOf({ detections: [reported] });
  expect(service.resource).not.toHaveProperty("aws_cloudwatch_log_metric_filter");
  expect(resourceOf(service, "aws_cloudwatch_metric_alarm")).toMatchObject({
    alarm_name: "cipherwatch-dev-decrypt-denied",
    namespace: "Cipherwatch/dev/Service",
    metric_name: "DecryptDenied",
    dimensions: { Service: "api" },
    alarm_description: expect.stringContaining("Logs Insights on /cipherwatch/dev/service:"),
    period: 10,
  });
});

describe("the topic", () => {
  test("mails the address of the settings", () => {
    expect(resourceOf(stack, "aws_sns_topic_subscription")).toEqual({
      topic_arn: TOPIC,
      protocol: "email",
      endpoint: "security@example.com",
    });
  });

  test("is encrypted with a key that CloudWatch may use for this environment's alarms", () => {
    const topic = resourceOf(stack, "aws_sns_topic");
    expect(topic.kms_master_key_id).toMatch(/^\$\{aws_kms_key\.TopicKey_.+\.arn\}$/);
    const { policy } = resourceOf(stack, "aws_kms_key", "TopicKey");
    const alarms = statementOf(stack, policy, "AlarmsEncryptMessages");
    expect(alarms).toMatchObject({
      principals: [{ type: "Service", identifiers: ["cloudwatch.amazonaws.com"] }],
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    });
    expect(conditionsOf(alarms)).toEqual([ALARMS, OF_ACCOUNT]);
  });

  test("lets EventBridge use its key for this topic, by the one condition that EventBridge meets", () => {
    const { policy } = resourceOf(stack, "aws_kms_key", "TopicKey");
    const rules = statementOf(stack, policy, "RulesEncryptMessages");
    expect(rules.principals).toEqual([{ type: "Service", identifiers: ["events.amazonaws.com"] }]);
    expect(conditionsOf(rules)).toEqual([
      `StringEquals kms:EncryptionContext:aws:sns:topicArn ${TOPIC_ARN}`,
    ]);
  });

  test("takes messages from this environment's alarms and rules alone, over TLS alone", () => {
    const { policy } = resourceOf(stack, "aws_sns_topic_policy");
    expect(conditionsOf(statementOf(stack, policy, "AlarmsPublish"))).toEqual([ALARMS, OF_ACCOUNT]);
    expect(conditionsOf(statementOf(stack, policy, "RulesPublish"))).toEqual([
      `ArnLike aws:SourceArn arn:${PARTITION}:events:ap-southeast-2:${ACCOUNT}:rule/cipherwatch-dev-*`,
      OF_ACCOUNT,
    ]);
    expect(statementOf(stack, policy, "DenyWithoutTls")).toMatchObject({
      effect: "Deny",
      actions: ["sns:Publish"],
      resources: [TOPIC_ARN],
    });
  });
});
