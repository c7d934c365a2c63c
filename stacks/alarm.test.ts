import { describe, expect, test } from "vitest";
import { decryptDenied } from "../detections/decrypt-denied.ts";
import { cisPack, detections } from "../detections/index.ts";
import { kmsErrors } from "../detections/kms-errors.ts";
import { kmsVolume } from "../detections/kms-volume.ts";
import { trailChange } from "../detections/trail-change.ts";
import type { Block } from "../terraform/json.ts";
import { alarmOf, alarmStack } from "./testing/alarm-stack.ts";
import { ACCOUNT, PARTITION, resourceOf, resourcesOf } from "./testing/synthesized.ts";

const stack = alarmStack();
const kmsErrorsStack = alarmStack({ detections: [kmsErrors] });
const URGENT = expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/);
const ROUTINE = expect.stringMatching(/^\$\{aws_sns_topic\.RoutineTopic_.+\.arn\}$/);

describe("a detection that reads the trail", () => {
  test("counts matching events of the trail's log group, with 0 as the default value", () => {
    expect(resourceOf(kmsErrorsStack, "aws_cloudwatch_log_metric_filter")).toEqual({
      name: "cipherwatch-dev-kms-errors",
      log_group_name: "/cipherwatch/dev/trail",
      pattern: `{ $.errorCode = "*" && $.eventSource = "kms.amazonaws.com" && $.userIdentity.sessionContext.sessionIssuer.arn = "arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-service" && ($.errorCode != "InvalidCiphertextException" || $.requestParameters.encryptionContext.record NOT EXISTS || $.requestParameters.encryptionContext.record != "canary") }`,
      metric_transformation: {
        namespace: "Cipherwatch/dev/Detections",
        name: "kms-errors",
        value: "1",
        default_value: "0",
        unit: "Count",
      },
    });
  });

  test("alarms at one failure in a minute, recovers without new data and notifies the topic once", () => {
    const alarm = alarmOf(kmsErrorsStack, "kms-errors");
    expect(alarm).toMatchObject({
      namespace: "Cipherwatch/dev/Detections",
      metric_name: "kms-errors",
      statistic: "Maximum",
      period: 60,
      evaluation_periods: 15,
      datapoints_to_alarm: 1,
      comparison_operator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treat_missing_data: "notBreaching",
      actions_enabled: true,
      alarm_actions: [URGENT],
    });
    expect(alarm).not.toHaveProperty("ok_actions");
  });

  test("describes in its alarm the reason, the runbook and the query", () => {
    const { alarm_description } = alarmOf(kmsErrorsStack, "kms-errors");
    expect(alarm_description).toContain("(high): 1 or more in a minute.");
    expect(alarm_description).toContain(kmsErrors.why);
    expect(alarm_description).toContain(`1. ${kmsErrors.runbook[0]}`);
    expect(alarm_description).toContain("CloudWatch Logs Insights: cipherwatch-dev/kms-errors.");
    expect(alarm_description).toContain("Runbook: docs/runbooks/kms-errors.md");
  });

  test("links to the runbook on GitHub if the settings name the repository", () => {
    const variables = { GITHUB_REPOSITORY: "example-org/cipherwatch" };
    expect(alarmOf(alarmStack({ variables }), "kms-errors").alarm_description).toContain(
      "https://github.com/example-org/cipherwatch/blob/HEAD/docs/runbooks/kms-errors.md",
    );
  });

  test("saves its query for the trail's log group", () => {
    expect(resourceOf(kmsErrorsStack, "aws_cloudwatch_query_definition")).toEqual({
      name: "cipherwatch-dev/kms-errors",
      log_group_names: ["/cipherwatch/dev/trail"],
      query_string: expect.stringMatching(
        /^fields eventTime.*\n\| filter .*userName = "cipherwatch-dev-service"\n\| sort eventTime desc$/,
      ),
    });
  });

  test("has different names in each environment", () => {
    const prod = alarmStack({ variables: { ENV: "prod" }, detections: [kmsErrors] });
    expect(resourceOf(prod, "aws_cloudwatch_metric_alarm", "KmsErrors")).toMatchObject({
      alarm_name: "cipherwatch-prod-kms-errors",
      namespace: "Cipherwatch/prod/Detections",
    });
  });
});

test("adds an alarm with a period of seconds and no filter for a metric of the service", () => {
  const service = alarmStack({ detections: [decryptDenied] });
  expect(service.resource).not.toHaveProperty("aws_cloudwatch_log_metric_filter");
  expect(alarmOf(service, "decrypt-denied")).toMatchObject({
    namespace: "Cipherwatch/dev/Service",
    metric_name: "DecryptDenied",
    dimensions: { Service: "api" },
    period: 20,
  });
  expect(resourceOf(service, "aws_cloudwatch_query_definition")).toMatchObject({
    log_group_names: ["/cipherwatch/dev/service"],
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/multi-time-series-alarm.html
test.each([
  ["quota-exceeded", "QuotaExceeded", ROUTINE],
  ["client-volume", "HighVolumeDecrypts", URGENT],
])("%s alarms for each client, so that its notifications name the client", (id, metric, topic) => {
  const alarm = alarmOf(stack, id);
  const expression = `SELECT SUM(${metric}) FROM SCHEMA("Cipherwatch/dev/Service", Service, Client) WHERE Service = 'api' GROUP BY Client ORDER BY SUM() DESC`;
  expect(alarm).toMatchObject({
    metric_query: [{ id: "q1", expression, period: 60, return_data: true }],
    comparison_operator: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    alarm_actions: [topic],
    alarm_description: expect.stringContaining("1 or more in a minute for one client."),
  });
  // PutMetricAlarm rejects these arguments together with a metric query.
  for (const other of ["metric_name", "namespace", "dimensions", "statistic", "period"]) {
    expect(alarm).not.toHaveProperty(other);
  }
  const { dashboard_body } = resourceOf(stack, "aws_cloudwatch_dashboard");
  expect(String(dashboard_body)).toContain(JSON.stringify([{ expression, id: "q1" }]));
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Anomaly_Detection_Alarm.html
test("adds an anomaly alarm to the volume detection, in addition to its threshold", () => {
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
  // PutMetricAlarm rejects these arguments together with a metric query.
  for (const other of ["threshold", "metric_name", "namespace", "statistic", "period"]) {
    expect(alarm).not.toHaveProperty(other);
  }
});

describe("the settings", () => {
  const idsOf = (variables: Readonly<Record<string, string>>) =>
    Object.values(resourcesOf(alarmStack({ variables }), "aws_cloudwatch_query_definition"))
      .map(({ name }) => String(name).split("/")[1])
      .sort();

  test("select the detections, by default all", () => {
    expect(idsOf({})).toEqual(detections.map(({ id }) => id).sort());
    expect(idsOf({ DETECTIONS: "kms-errors,trail-change" })).toEqual([
      "kms-errors",
      "trail-change",
    ]);
  });

  test("add the CIS pack", () => {
    const all = [...detections, ...cisPack].map(({ id }) => id).sort();
    expect(idsOf({ CIS_PACK: "true" })).toEqual(all);
  });

  test("set thresholds and periods", () => {
    const variables = { THRESHOLDS: "kms-errors=5", PERIODS: "kms-errors=120" };
    const alarm = alarmOf(alarmStack({ variables }), "kms-errors");
    expect(alarm).toMatchObject({ threshold: 5, period: 120 });
    expect(alarm.alarm_description).toContain("5 or more in 2 minutes");
  });

  test("set the width of the anomaly band", () => {
    const variables = { ANOMALY_DEVIATIONS: "kms-volume=2.5" };
    const alarm = alarmOf(alarmStack({ variables }), "kms-volume-anomaly");
    expect(alarm.metric_query).toContainEqual(
      expect.objectContaining({ expression: "ANOMALY_DETECTION_BAND(m1, 2.5)" }),
    );
  });

  test("exclude principals, in addition to the detection's own exclusions", () => {
    const exclusions = [
      "backup.amazonaws.com",
      "arn:aws:iam::111122223333:role/Restore",
      "arn:aws:iam::111122223333:user/break-glass-*",
    ];
    const variables = {
      EXCLUSIONS: exclusions.map((principal) => `kms-outsider=${principal}`).join(","),
    };
    const { pattern } = resourceOf(
      alarmStack({ variables }),
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

  test("enable notifications when an alarm recovers", () => {
    const withRecovery = alarmStack({ variables: { NOTIFY_ON_OK: "true" } });
    expect(alarmOf(withRecovery, "kms-errors")).toMatchObject({ ok_actions: [URGENT] });
    expect(alarmOf(withRecovery, "kms-volume-anomaly")).toMatchObject({ ok_actions: [ROUTINE] });
    expect(resourceOf(withRecovery, "aws_cloudwatch_composite_alarm")).toMatchObject({
      ok_actions: [URGENT],
    });
  });
});

describe("the composite alarm for an attack under way", () => {
  test("fires for two alarms of different tactics, and depends on the alarms", () => {
    const two = alarmStack({ detections: [kmsErrors, decryptDenied, kmsVolume, trailChange] });
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

  test("is left out if all detections have the same tactic", () => {
    expect(kmsErrorsStack.resource).not.toHaveProperty("aws_cloudwatch_composite_alarm");
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
  test("has a rule within CloudWatch's limits", () => {
    const rule = String(resourceOf(stack, "aws_cloudwatch_composite_alarm").alarm_rule);
    expect(rule.length).toBeLessThanOrEqual(10_240);
    const alarms = new Set([...rule.matchAll(/ALARM\("([^"]+)"\)/g)].map(([, name]) => name));
    expect(alarms.size).toBeLessThanOrEqual(100);
    const known = Object.values(resourcesOf(stack, "aws_cloudwatch_metric_alarm")).map(
      (it) => it.alarm_name,
    );
    expect(known).toEqual(expect.arrayContaining([...alarms]));
  });
});

test("shows the state of every alarm on the dashboard, and each detection with its threshold", () => {
  const { dashboard_body } = resourceOf(stack, "aws_cloudwatch_dashboard");
  const { widgets } = JSON.parse(String(dashboard_body)) as {
    widgets: readonly { readonly type: string; readonly properties: Block }[];
  };
  const [states, ...graphs] = widgets;
  const names = [
    ...Object.values(resourcesOf(stack, "aws_cloudwatch_metric_alarm")),
    ...Object.values(resourcesOf(stack, "aws_cloudwatch_composite_alarm")),
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
