import { describe, expect, it } from "vitest";
import { importContent as read } from "../testing/import-content.ts";

const FILTER = {
  name: "stop",
  pattern: "{ $.eventName = StopLogging }",
  log_group_name: "trail",
  metric_transformation: [
    {
      name: "stops",
      namespace: "Security",
      value: "1",
      default_value: "0",
      dimensions: {},
      unit: "None",
    },
  ],
};
const ALARM = {
  alarm_name: "stop-alarm",
  metric_name: "stops",
  namespace: "Security",
  statistic: "Sum",
  period: 300,
  evaluation_periods: 3,
  datapoints_to_alarm: 0,
  threshold: 1,
  comparison_operator: "GreaterThanOrEqualToThreshold",
  treat_missing_data: "notBreaching",
  actions_enabled: true,
  alarm_actions: ["arn:aws:sns:eu-west-1:111122223333:alerts"],
  dimensions: null,
  extended_statistic: "",
  metric_query: [],
};
const EXPECTED_FILTER = {
  name: "stop",
  logGroupName: "replay",
  pattern: "{ $.eventName = StopLogging }",
  transformation: {
    metricName: "stops",
    metricNamespace: "Security",
    metricValue: "1",
    defaultValue: 0,
  },
};
const EXPECTED_ALARM = {
  name: "stop-alarm",
  metricName: "stops",
  namespace: "Security",
  statistic: "Sum",
  period: 300,
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  threshold: 1,
  dimensions: {},
  treatMissingData: "notBreaching",
  alarmActions: ["arn:aws:sns:eu-west-1:111122223333:alerts"],
};

describe("a Terraform state", () => {
  it("is read as shown by terraform show -json, with the resources of modules", () => {
    const resource = (type: string, values: object) => ({
      address: `module.alarms.${type}.this`,
      mode: "managed",
      type,
      name: "this",
      values,
    });
    const { filters, alarms, notReplayed } = read({
      format_version: "1.0",
      terraform_version: "1.11.4",
      values: {
        root_module: {
          resources: [resource("aws_cloudwatch_log_metric_filter", FILTER)],
          child_modules: [
            {
              address: "module.alarms",
              resources: [resource("aws_cloudwatch_metric_alarm", ALARM)],
            },
          ],
        },
      },
    });
    expect(filters).toEqual([EXPECTED_FILTER]);
    expect(alarms).toMatchObject([EXPECTED_ALARM]);
    expect(notReplayed).toEqual([]);
  });

  it("is read as a state file, without data sources and deposed objects", () => {
    const resource = (type: string, instances: readonly object[]) => ({
      mode: "managed",
      type,
      name: "this",
      provider: 'provider["hashicorp/aws"]',
      instances,
    });
    const { filters, alarms } = read({
      version: 4,
      resources: [
        { ...resource("aws_cloudwatch_log_metric_filter", [{ attributes: {} }]), mode: "data" },
        resource("aws_cloudwatch_log_metric_filter", [{ index_key: "a", attributes: FILTER }]),
        resource("aws_cloudwatch_metric_alarm", [
          { attributes: ALARM },
          { attributes: ALARM, deposed: "12345678" },
        ]),
      ],
    });
    expect(filters).toEqual([EXPECTED_FILTER]);
    expect(alarms).toMatchObject([EXPECTED_ALARM]);
  });
});

it.each([
  ["UTF-8 with a byte order mark", "utf8"],
  ["UTF-16, such as PowerShell's > writes", "utf16le"],
] as const)("reads a file in %s", (_, encoding) => {
  const instances = [{ attributes: FILTER }];
  const filter = {
    mode: "managed",
    type: "aws_cloudwatch_log_metric_filter",
    name: "a",
    instances,
  };
  const state = JSON.stringify({ version: 4, resources: [filter] });
  expect(read(Buffer.from(`\ufeff${state}`, encoding)).filters).toEqual([EXPECTED_FILTER]);
  const template = "Resources:\n  Topic: { Type: AWS::SNS::Topic }\n";
  expect(read(Buffer.from(`\ufeff${template}`, encoding)).filters).toEqual([]);
});

describe("a file of another kind is an error:", () => {
  it.each([
    ["JSON", { Records: [] }, /is not a plan, a state or a template\. Allowed: /],
    ["nothing", "\n", /is empty; repeat the command that wrote it\. Allowed: /],
    ["broken JSON", "{", /is not valid JSON: /],
    ["text", "a: b: c", /is neither JSON nor valid YAML: /],
    ["a saved plan", "PK\u0003\u0004", /Convert it: terraform show -json \S+ > plan\.json$/],
    ["a failed plan", { planned_values: {}, errored: true }, /is the plan of a run that failed/],
    [
      "a targeted plan",
      { planned_values: {}, complete: false },
      /incomplete.*Plan without -target/,
    ],
  ])("%s", (_, content, message) => {
    expect(() => read(content)).toThrow(message);
  });
});

it.each([
  [
    "a percentile",
    { statistic: undefined, extended_statistic: "p99" },
    /^extended_statistic is "p99": replay does not support percentiles$/,
  ],
  [
    "an anomaly band",
    { comparison_operator: "GreaterThanUpperThreshold" },
    /anomaly models are not public$/,
  ],
  [
    "a period that AWS rejects",
    { period: 90 },
    /^AWS would reject the alarm stop-alarm: period is 90;/,
  ],
  ["a high-resolution period", { period: 10 }, /^its period is 10 seconds, but metric filters/],
])("does not replay %s, with the reason", (_, changed, why) => {
  const { alarms, notReplayed } = read({
    version: 4,
    resources: [
      {
        mode: "managed",
        type: "aws_cloudwatch_metric_alarm",
        name: "this",
        instances: [{ attributes: { ...ALARM, ...changed } }],
      },
    ],
  });
  expect(alarms).toEqual([]);
  expect(notReplayed).toEqual([
    { alarm: "aws_cloudwatch_metric_alarm.this", unread: true, why: expect.stringMatching(why) },
  ]);
});
