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

describe("a detection in the trail", () => {
  test("counts what matches in the trail's log group, and counts a quiet minute as none", () => {
    expect(resourceOf(kmsErrorsStack, "aws_cloudwatch_log_metric_filter")).toEqual({
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
    const alarm = alarmOf(kmsErrorsStack, "kms-errors");
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
    const { alarm_description } = alarmOf(kmsErrorsStack, "kms-errors");
    expect(alarm_description).toContain("(high): 1 or more in a minute.");
    expect(alarm_description).toContain(kmsErrors.why);
    expect(alarm_description).toContain(`1. ${kmsErrors.runbook[0]}`);
    expect(alarm_description).toContain("CloudWatch Logs Insights: cipherwatch-dev/kms-errors.");
    expect(alarm_description).toContain("Runbook: docs/runbooks/kms-errors.md");
  });

  test("links the runbook on GitHub where the settings name the repository", () => {
    const variables = { GITHUB_REPOSITORY: "example-org/cipherwatch" };
    expect(alarmOf(alarmStack({ variables }), "kms-errors").alarm_description).toContain(
      "https://github.com/example-org/cipherwatch/blob/HEAD/docs/runbooks/kms-errors.md",
    );
  });

  test("saves its query over the trail's log group", () => {
    expect(resourceOf(kmsErrorsStack, "aws_cloudwatch_query_definition")).toEqual({
      name: "cipherwatch-dev/kms-errors",
      log_group_names: ["/cipherwatch/dev/trail"],
      query_string: expect.stringMatching(
        /^fields eventTime.*\n\| filter .*userName = "cipherwatch-dev-service"\n\| sort eventTime desc$/,
      ),
    });
  });

  test("has names of its own in each environment", () => {
    const prod = alarmStack({ variables: { ENV: "prod" }, detections: [kmsErrors] });
    expect(resourceOf(prod, "aws_cloudwatch_metric_alarm", "KmsErrors")).toMatchObject({
      alarm_name: "cipherwatch-prod-kms-errors",
      namespace: "Cipherwatch/prod/Detections",
    });
  });
});

test("a detection that the service reports has an alarm on seconds and no filter", () => {
  const service = alarmStack({ detections: [decryptDenied] });
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
    Object.values(resourcesOf(alarmStack({ variables }), "aws_cloudwatch_query_definition"))
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
    const alarm = alarmOf(alarmStack({ variables }), "kms-errors");
    expect(alarm).toMatchObject({ threshold: 5, period: 120 });
    expect(alarm.alarm_description).toContain("5 or more in 2 minutes");
  });

  test("how far from usual is unusual", () => {
    const variables = { ANOMALY_DEVIATIONS: "kms-volume=2.5" };
    const alarm = alarmOf(alarmStack({ variables }), "kms-volume-anomaly");
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

  test("notices when an alarm is over", () => {
    const told = alarmStack({ variables: { OK_NOTICES: "true" } });
    expect(alarmOf(told, "kms-errors")).toMatchObject({ ok_actions: [URGENT] });
    expect(alarmOf(told, "kms-volume-anomaly")).toMatchObject({ ok_actions: [ROUTINE] });
    expect(resourceOf(told, "aws_cloudwatch_composite_alarm")).toMatchObject({
      ok_actions: [URGENT],
    });
  });
});

describe("an attack under way", () => {
  test("is two alarms of different tactics at once, once they exist", () => {
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

  test("is none where all detections are of one tactic", () => {
    expect(kmsErrorsStack.resource).not.toHaveProperty("aws_cloudwatch_composite_alarm");
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
  test("has a rule that CloudWatch takes", () => {
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

test("the dashboard shows every alarm's state, and each detection with its threshold", () => {
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
