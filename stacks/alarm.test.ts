import { describe, expect, test } from "vitest";
import { decryptDenied } from "../detections/decrypt-denied.ts";
import type { Detection } from "../detections/detection.ts";
import { cisPack, detections } from "../detections/index.ts";
import { kmsErrors } from "../detections/kms-errors.ts";
import { kmsKeyChange } from "../detections/kms-key-change.ts";
import { kmsVolume } from "../detections/kms-volume.ts";
import { trailChange } from "../detections/trail-change.ts";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import type { TerraformJson } from "../terraform/json.ts";
import { AlarmStack } from "./alarm.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
} from "./testing/synthesized.ts";

const KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/data";
const TRAIL_KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/trail";

interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  /** Those of the settings unless given. */
  readonly detections?: readonly Detection[];
}

function stackOf({ variables = {}, detections }: Given = {}): TerraformJson {
  return synthStack(
    (app) =>
      new AlarmStack(app, "alarm", {
        settings: settingsOf(variables),
        keyArn: KEY,
        trailKeyArn: TRAIL_KEY,
        ...(detections === undefined ? {} : { detections }),
      }),
  );
}

type Arguments = Readonly<Record<string, unknown>>;

function resourcesOf(stack: TerraformJson, type: string): readonly Arguments[] {
  return Object.values(stack.resource?.[type] ?? {});
}

function alarmOf(stack: TerraformJson, id: string): Arguments {
  const name = `cipherwatch-dev-${id}`;
  const found = resourcesOf(stack, "aws_cloudwatch_metric_alarm").find(
    ({ alarm_name }) => alarm_name === name,
  );
  if (found === undefined) throw new Error(`The stack has no alarm ${name}.`);
  return found;
}

const stack = stackOf();
const one = stackOf({ detections: [kmsErrors] });
const URGENT = expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/);
const ROUTINE = expect.stringMatching(/^\$\{aws_sns_topic\.RoutineTopic_.+\.arn\}$/);
const topicArn = (part: string) =>
  `arn:${PARTITION}:sns:ap-southeast-2:${ACCOUNT}:cipherwatch-dev-${part}`;
const queueArn = (part: string) =>
  `arn:${PARTITION}:sqs:ap-southeast-2:${ACCOUNT}:cipherwatch-dev-${part}`;
const OF_ACCOUNT = `StringEquals aws:SourceAccount ${ACCOUNT}`;
const ALARMS = `ArnLike aws:SourceArn arn:${PARTITION}:cloudwatch:ap-southeast-2:${ACCOUNT}:alarm:cipherwatch-dev-*`;
const RULES = `ArnLike aws:SourceArn arn:${PARTITION}:events:ap-southeast-2:${ACCOUNT}:rule/cipherwatch-dev-*`;

describe("a detection in the trail", () => {
  test("counts what matches in the trail's log group, and counts a quiet minute as none", () => {
    expect(resourceOf(one, "aws_cloudwatch_log_metric_filter")).toEqual({
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
    const alarm = alarmOf(one, "kms-errors");
    expect(alarm).toMatchObject({
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
      alarm_actions: [URGENT],
    });
    expect(alarm).not.toHaveProperty("ok_actions");
  });

  test("says in its alarm why it fired, what to do now and where to look", () => {
    const { alarm_description } = alarmOf(one, "kms-errors");
    expect(alarm_description).toContain("(high): 1 or more in a minute.");
    expect(alarm_description).toContain(kmsErrors.why);
    expect(alarm_description).toContain(`1. ${kmsErrors.runbook[0]}`);
    expect(alarm_description).toContain("CloudWatch Logs Insights: cipherwatch-dev/kms-errors.");
    expect(alarm_description).toContain("Runbook: docs/runbooks/kms-errors.md");
  });

  test("links the runbook on GitHub where the settings name the repository", () => {
    const variables = { GITHUB_REPOSITORY: "example-org/cipherwatch" };
    expect(alarmOf(stackOf({ variables }), "kms-errors").alarm_description).toContain(
      "https://github.com/example-org/cipherwatch/blob/HEAD/docs/runbooks/kms-errors.md",
    );
  });

  test("saves its query over the trail's log group", () => {
    expect(resourceOf(one, "aws_cloudwatch_query_definition")).toEqual({
      name: "cipherwatch-dev/kms-errors",
      log_group_names: ["/cipherwatch/dev/trail"],
      query_string: expect.stringMatching(
        /^fields eventTime.*\n\| filter .*userName = "cipherwatch-dev-service"\n\| sort eventTime desc$/,
      ),
    });
  });

  test("has names of its own in each environment", () => {
    const prod = stackOf({ variables: { ENV: "prod" }, detections: [kmsErrors] });
    expect(resourceOf(prod, "aws_cloudwatch_metric_alarm", "KmsErrors")).toMatchObject({
      alarm_name: "cipherwatch-prod-kms-errors",
      namespace: "Cipherwatch/prod/Detections",
    });
  });
});

test("a detection that the service reports has an alarm on seconds and no filter", () => {
  const service = stackOf({ detections: [decryptDenied] });
  expect(service.resource).not.toHaveProperty("aws_cloudwatch_log_metric_filter");
  expect(alarmOf(service, "decrypt-denied")).toMatchObject({
    namespace: "Cipherwatch/dev/Service",
    metric_name: "DecryptDenied",
    dimensions: { Service: "api" },
    period: 10,
  });
  expect(resourceOf(service, "aws_cloudwatch_query_definition")).toMatchObject({
    log_group_names: ["/cipherwatch/dev/service"],
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Anomaly_Detection_Alarm.html
test("beside its threshold, the volume has an alarm on what is unusual", () => {
  const alarm = alarmOf(stack, "kms-volume-anomaly");
  expect(alarm).toMatchObject({
    comparison_operator: "GreaterThanUpperThreshold",
    threshold_metric_id: "band",
    alarm_actions: [ROUTINE],
    metric_query: [
      {
        id: "m1",
        return_data: true,
        metric: {
          namespace: "Cipherwatch/dev/Detections",
          metric_name: "kms-volume",
          period: 300,
          stat: "Sum",
        },
      },
      { id: "band", return_data: true, expression: "ANOMALY_DETECTION_BAND(m1, 4)" },
    ],
  });
  // PutMetricAlarm refuses these beside a metric query.
  for (const other of ["threshold", "metric_name", "namespace", "statistic", "period"]) {
    expect(alarm).not.toHaveProperty(other);
  }
});

describe("the settings choose", () => {
  const idsOf = (variables: Readonly<Record<string, string>>) =>
    resourcesOf(stackOf({ variables }), "aws_cloudwatch_query_definition")
      .map(({ name }) => String(name).split("/")[1])
      .sort();

  test("which detections run: all that there are, unless some are named", () => {
    expect(idsOf({})).toEqual(detections.map(({ id }) => id).sort());
    expect(idsOf({ DETECTIONS: "kms-errors,trail-change" })).toEqual([
      "kms-errors",
      "trail-change",
    ]);
  });

  test("whether the CIS pack runs too", () => {
    const all = [...detections, ...cisPack].map(({ id }) => id).sort();
    expect(idsOf({ CIS_PACK: "true" })).toEqual(all);
  });

  test("thresholds and periods", () => {
    const variables = { THRESHOLDS: "kms-errors=5", PERIODS: "kms-errors=120" };
    const alarm = alarmOf(stackOf({ variables }), "kms-errors");
    expect(alarm).toMatchObject({ threshold: 5, period: 120 });
    expect(alarm.alarm_description).toContain("5 or more in 2 minutes");
  });

  test("how far from usual is unusual", () => {
    const variables = { ANOMALY_DEVIATIONS: "kms-volume=2.5" };
    const alarm = alarmOf(stackOf({ variables }), "kms-volume-anomaly");
    expect(alarm.metric_query).toContainEqual(
      expect.objectContaining({ expression: "ANOMALY_DETECTION_BAND(m1, 2.5)" }),
    );
  });

  test("whom a detection does not count, beside those it leaves out by itself", () => {
    const exclusions = [
      "backup.amazonaws.com",
      "arn:aws:iam::111122223333:role/Restore",
      "arn:aws:iam::111122223333:user/break-glass-*",
    ];
    const variables = { EXCLUSIONS: exclusions.map((it) => `kms-outsider=${it}`).join(",") };
    const { pattern } = resourceOf(
      stackOf({ variables }),
      "aws_cloudwatch_log_metric_filter",
      "KmsOutsider",
    );
    const role = "$.userIdentity.sessionContext.sessionIssuer.arn";
    const conditions = [
      `($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != "${exclusions[0]}")`,
      `(${role} NOT EXISTS || (${role} != "arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-service" && ${role} != "${exclusions[1]}"))`,
      `($.userIdentity.arn NOT EXISTS || $.userIdentity.arn != "${exclusions[2]}")`,
    ];
    expect(pattern).toMatch(/^\{ \(\$\.eventSource = "kms\.amazonaws\.com" && .+\) && \(/);
    expect(pattern).toContain(`) && ${conditions.join(" && ")} }`);
  });

  test("notices when an alarm is over", () => {
    const told = stackOf({ variables: { OK_NOTICES: "true" } });
    expect(alarmOf(told, "kms-errors")).toMatchObject({ ok_actions: [URGENT] });
    expect(alarmOf(told, "kms-volume-anomaly")).toMatchObject({ ok_actions: [ROUTINE] });
    expect(resourceOf(told, "aws_cloudwatch_composite_alarm")).toMatchObject({
      ok_actions: [URGENT],
    });
  });
});

describe("an attack under way", () => {
  test("is two alarms of different tactics at once, once they exist", () => {
    const two = stackOf({ detections: [kmsErrors, decryptDenied, kmsVolume, trailChange] });
    const composite = resourceOf(two, "aws_cloudwatch_composite_alarm");
    const alarm = (id: string) => `ALARM("cipherwatch-dev-${id}")`;
    expect(composite).toMatchObject({
      alarm_name: "cipherwatch-dev-attack-under-way",
      alarm_rule: [
        `((${alarm("kms-errors")} OR ${alarm("decrypt-denied")}) AND (${alarm("kms-volume")} OR ${alarm("kms-volume-anomaly")} OR ${alarm("trail-change")}))`,
        `((${alarm("kms-volume")} OR ${alarm("kms-volume-anomaly")}) AND ${alarm("trail-change")})`,
      ].join(" OR "),
      alarm_actions: [URGENT],
    });
    expect(composite.depends_on).toHaveLength(5);
  });

  test("is none where all detections are of one tactic", () => {
    expect(one.resource).not.toHaveProperty("aws_cloudwatch_composite_alarm");
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
  test("has a rule that CloudWatch takes", () => {
    const rule = String(resourceOf(stack, "aws_cloudwatch_composite_alarm").alarm_rule);
    expect(rule.length).toBeLessThanOrEqual(10_240);
    const alarms = new Set([...rule.matchAll(/ALARM\("([^"]+)"\)/g)].map(([, name]) => name));
    expect(alarms.size).toBeLessThanOrEqual(100);
    const known = resourcesOf(stack, "aws_cloudwatch_metric_alarm").map((it) => it.alarm_name);
    expect(known).toEqual(expect.arrayContaining([...alarms]));
  });
});

describe("what EventBridge knows within seconds", () => {
  const noticing = stackOf({ detections: [kmsKeyChange] });
  const rule = resourceOf(noticing, "aws_cloudwatch_event_rule");
  const target = resourceOf(noticing, "aws_cloudwatch_event_target");

  test("is a write call on one of the keys that all rests on", () => {
    const pattern = JSON.parse(String(rule.event_pattern));
    expect(rule.name).toBe("cipherwatch-dev-kms-key-change");
    expect(pattern["detail-type"]).toEqual(["AWS API Call via CloudTrail"]);
    expect(pattern.detail).toMatchObject({
      eventSource: ["kms.amazonaws.com"],
      eventName: expect.arrayContaining(["DisableKey", "ScheduleKeyDeletion"]),
      resources: { ARN: [KEY, TRAIL_KEY, expect.stringMatching(/aws_kms_key\.TopicKey_/)] },
    });
  });

  test("is mailed with what happened and what to do, and kept where nobody could be told", () => {
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

  test("tells of the trail and of the alarms themselves, too", () => {
    const names = resourcesOf(stack, "aws_cloudwatch_event_rule").map(({ name }) => name);
    expect(names.sort()).toEqual([
      "cipherwatch-dev-alarm-change",
      "cipherwatch-dev-kms-key-change",
      "cipherwatch-dev-trail-change",
    ]);
  });
});

describe("programs", () => {
  const variables = {
    ALARM_QUEUE: "true",
    WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
  };
  const told = stackOf({ variables, detections: [kmsErrors] });

  test("are told of nothing unless the settings want it", () => {
    expect(one.resource).not.toHaveProperty("aws_cloudwatch_event_rule");
    expect(one.resource).not.toHaveProperty("aws_cloudwatch_event_api_destination");
    expect(one.output).not.toHaveProperty("AlarmQueueArn");
  });

  test("get each change of an alarm's state by queue and by webhook", () => {
    const { event_pattern } = resourceOf(told, "aws_cloudwatch_event_rule", "AlarmChanges");
    expect(JSON.parse(String(event_pattern))).toEqual({
      source: ["aws.cloudwatch"],
      "detail-type": ["CloudWatch Alarm State Change"],
      detail: { alarmName: [{ prefix: "cipherwatch-dev-" }] },
    });
    expect(resourceOf(told, "aws_cloudwatch_event_target", "AlarmChanges_Queue")).toMatchObject({
      arn: expect.stringMatching(/aws_sqs_queue\.AlarmEvents_/),
      dead_letter_config: { arn: expect.stringMatching(/aws_sqs_queue\.Undelivered_/) },
    });
    expect(resourceOf(told, "aws_cloudwatch_event_target", "AlarmChanges_Webhook")).toMatchObject({
      arn: expect.stringMatching(/aws_cloudwatch_event_api_destination\.Webhook_/),
      role_arn: expect.stringMatching(/aws_iam_role\.Webhook_/),
    });
  });

  test("the webhook's secret is never Terraform's: a placeholder that it then leaves alone", () => {
    expect(resourceOf(told, "aws_cloudwatch_event_connection")).toMatchObject({
      authorization_type: "API_KEY",
      auth_parameters: { api_key: { key: "Authorization", value: "not-set-yet" } },
      lifecycle: { ignore_changes: ["auth_parameters"] },
    });
  });

  test("the queues are encrypted and take events from this environment's rules alone", () => {
    for (const queue of resourcesOf(told, "aws_sqs_queue")) {
      expect(queue.kms_master_key_id).toMatch(/aws_kms_key\.TopicKey_/);
    }
    for (const [part, name] of [
      ["alarm-events", "AlarmEvents"],
      ["undelivered", "Undelivered"],
    ] as const) {
      const { policy } = resourceOf(told, "aws_sqs_queue_policy", name);
      const send = statementOf(told, policy, "RulesSend");
      expect(send).toMatchObject({
        principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
        actions: ["sqs:SendMessage"],
        resources: [queueArn(part)],
      });
      expect(conditionsOf(send)).toEqual([RULES]);
      expect(statementOf(told, policy, "DenyWithoutTls")).toMatchObject({ effect: "Deny" });
    }
  });

  test("an event that could not be delivered is an alarm of its own", () => {
    expect(alarmOf(one, "undelivered")).toMatchObject({
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
    resourcesOf(stackOf({ variables, detections: [kmsErrors] }), "aws_sns_topic_subscription").map(
      ({ topic_arn, protocol, endpoint }) => ({ topic_arn, protocol, endpoint }),
    );

  test("mail the address of the settings, the urgent one a pager's where one is given", () => {
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
  ])("%s is %s and goes to its topic", (id, severity, topic) => {
    const alarm = alarmOf(stack, id);
    expect(alarm.alarm_description).toContain(`(${severity}):`);
    expect(alarm.alarm_actions).toEqual([topic]);
  });

  test("are encrypted with a key that CloudWatch may use for this environment's alarms", () => {
    for (const topic of resourcesOf(one, "aws_sns_topic")) {
      expect(topic.kms_master_key_id).toMatch(/^\$\{aws_kms_key\.TopicKey_.+\.arn\}$/);
    }
    const { policy } = resourceOf(one, "aws_kms_key", "TopicKey");
    const alarms = statementOf(one, policy, "AlarmsEncryptMessages");
    expect(alarms).toMatchObject({
      principals: [{ type: "Service", identifiers: ["cloudwatch.amazonaws.com"] }],
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    });
    expect(conditionsOf(alarms)).toEqual([ALARMS, OF_ACCOUNT]);
  });

  test("and that EventBridge may use for them and for the queues, by the one condition it meets", () => {
    const { policy } = resourceOf(one, "aws_kms_key", "TopicKey");
    const conditions = (sid: string) => conditionsOf(statementOf(one, policy, sid));
    expect(conditions("RulesEncryptMessages")).toEqual([
      `StringEquals kms:EncryptionContext:aws:sns:topicArn ${topicArn("urgent")},${topicArn("routine")}`,
    ]);
    expect(conditions("RulesEncryptEvents")).toEqual([
      `StringEquals kms:EncryptionContext:aws:sqs:arn ${queueArn("alarm-events")},${queueArn("undelivered")}`,
    ]);
  });

  test("take messages from this environment's alarms and from rules, over TLS alone", () => {
    for (const [part, name] of [
      ["urgent", "UrgentTopic"],
      ["routine", "RoutineTopic"],
    ] as const) {
      const { policy } = resourceOf(one, "aws_sns_topic_policy", name);
      expect(conditionsOf(statementOf(one, policy, "AlarmsPublish"))).toEqual([ALARMS, OF_ACCOUNT]);
      // EventBridge meets no condition there; with one, its notices would be dropped in silence.
      expect(conditionsOf(statementOf(one, policy, "RulesPublish"))).toEqual([]);
      expect(statementOf(one, policy, "DenyWithoutTls")).toMatchObject({
        effect: "Deny",
        actions: ["sns:Publish"],
        resources: [topicArn(part)],
      });
    }
  });
});

test("the dashboard shows every alarm's state, and each detection with its threshold", () => {
  const { dashboard_body } = resourceOf(stack, "aws_cloudwatch_dashboard");
  const { widgets } = JSON.parse(String(dashboard_body)) as {
    widgets: readonly { readonly type: string; readonly properties: Arguments }[];
  };
  const [states, ...graphs] = widgets;
  const names = [
    ...resourcesOf(stack, "aws_cloudwatch_metric_alarm"),
    ...resourcesOf(stack, "aws_cloudwatch_composite_alarm"),
  ].map(({ alarm_name }) => String(alarm_name));
  const shown = states?.properties.alarms as readonly string[];
  expect(shown.map((arn) => arn.split(":alarm:")[1]).sort()).toEqual(names.sort());
  expect(graphs).toHaveLength(detections.length);
  expect(graphs[0]?.properties).toMatchObject({
    title: `${kmsErrors.title} (kms-errors)`,
    metrics: [["Cipherwatch/dev/Detections", "kms-errors", { id: "m1" }]],
    annotations: { horizontal: [{ value: kmsErrors.threshold }] },
  });
});
