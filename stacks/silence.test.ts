import { describe, expect, test } from "vitest";
import { kmsErrors } from "../detections/kms-errors.ts";
import { alarmOf, alarmStack } from "./testing/alarm-stack.ts";
import { resourceOf, resourcesOf } from "./testing/synthesized.ts";

const IMAGE_DIGEST = `sha256:${"0".repeat(64)}`;
const detections = [kmsErrors];
const stack = alarmStack({ variables: { IMAGE_DIGEST }, detections });
const URGENT = expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/);
const ROUTINE = expect.stringMatching(/^\$\{aws_sns_topic\.RoutineTopic_.+\.arn\}$/);
const CANARY = expect.stringMatching(/^\$\{aws_sns_topic\.Canary_Topic_.+\.arn\}$/);

describe("silence is an alarm", () => {
  test.each([
    ["trail-silent", "AWS/Logs", "IncomingLogEvents", { LogGroupName: "/cipherwatch/dev/trail" }],
    [
      "service-silent",
      "AWS/Logs",
      "IncomingLogEvents",
      { LogGroupName: "/cipherwatch/dev/service" },
    ],
    [
      "canary-silent",
      "AWS/SNS",
      "NumberOfMessagesPublished",
      { TopicName: "cipherwatch-dev-canary" },
    ],
  ])("%s fires when its metric stops", (id, namespace, metric_name, dimensions) => {
    expect(alarmOf(stack, id)).toMatchObject({
      namespace,
      metric_name,
      dimensions,
      statistic: "Sum",
      comparison_operator: "LessThanThreshold",
      threshold: 1,
      treat_missing_data: "breaching",
      actions_enabled: true,
      alarm_actions: [URGENT],
    });
  });

  test.each([
    ["urgent", ROUTINE],
    ["routine", URGENT],
  ])("failed deliveries of the topic %s notify the other topic", (part, otherTopic) => {
    expect(alarmOf(stack, `${part}-failed`)).toMatchObject({
      namespace: "AWS/SNS",
      metric_name: "NumberOfNotificationsFailed",
      dimensions: { TopicName: `cipherwatch-dev-${part}` },
      threshold: 1,
      alarm_actions: [otherTopic],
    });
  });

  test("is on the dashboard", () => {
    const { dashboard_body } = resourceOf(stack, "aws_cloudwatch_dashboard");
    for (const id of ["trail-silent", "service-silent", "canary-silent", "urgent-failed"]) {
      expect(String(dashboard_body)).toContain(`alarm:cipherwatch-dev-${id}`);
    }
  });
});

describe("the canary's alarm", () => {
  test("changes its state with the canary's calls, and publishes to a topic without subscribers", () => {
    expect(alarmOf(stack, "canary")).toMatchObject({
      treat_missing_data: "missing",
      ok_actions: [CANARY],
      alarm_actions: [URGENT],
    });
    const subscribed = Object.values(resourcesOf(stack, "aws_sns_topic_subscription")).map(
      ({ topic_arn }) => topic_arn,
    );
    expect(subscribed).toEqual([ROUTINE, URGENT]);
  });

  test("counts only rejections of the service's own calls, without a default value", () => {
    const { pattern, metric_transformation } = resourceOf(
      stack,
      "aws_cloudwatch_log_metric_filter",
      "Canary_",
    );
    expect(pattern).toContain('$.errorCode = "InvalidCiphertextException"');
    expect(pattern).toContain(":role/cipherwatch-dev-service");
    expect(pattern).toContain('$.requestParameters.encryptionContext.record = "canary"');
    expect(metric_transformation).not.toHaveProperty("default_value");
  });

  test("pages somebody only above what the tasks can send", () => {
    const threshold = (MAX_TASKS: string) =>
      alarmOf(alarmStack({ variables: { IMAGE_DIGEST, MAX_TASKS }, detections }), "canary")
        .threshold;
    expect(threshold("3")).toBe(15);
    expect(threshold("2")).toBe(10);
  });
});

test.each([
  ["the settings turn it off", { IMAGE_DIGEST, MONITORING_CANARY: "false" }],
  ["there is no image yet", {}],
])("has no canary while %s, but still detects a silent trail", (_, variables) => {
  const without = alarmStack({ variables, detections });
  const names = Object.values(resourcesOf(without, "aws_cloudwatch_metric_alarm")).map(
    ({ alarm_name }) => alarm_name,
  );
  expect(names).toContain("cipherwatch-dev-trail-silent");
  for (const id of ["canary", "canary-silent", "service-silent"]) {
    expect(names).not.toContain(`cipherwatch-dev-${id}`);
  }
});
