import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importAlarms } from "./alarms.ts";
import { readAlarmFile } from "./read-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-imported-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: unknown) {
  const file = join(folder, "file");
  const isText = typeof content === "string" || Buffer.isBuffer(content);
  writeFileSync(file, isText ? content : JSON.stringify(content));
  return importAlarms(readAlarmFile(file));
}

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

const TEMPLATE = `
Parameters:
  Prefix: { Type: String, Default: audit }
  Threshold: { Type: Number, Default: 1 }
  Topic: { Type: String }
Resources:
  StopFilter:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !ImportValue trail
      FilterPattern: "{ $.eventName = StopLogging }"
      MetricTransformations:
        - { MetricName: !Sub "\${Prefix}-stops", MetricNamespace: Security, MetricValue: "1" }
  StopAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Join ["-", [!Ref Prefix, stop]]
      MetricName: !Sub "\${Prefix}-stops"
      Namespace: Security
      Statistic: Sum
      Period: 300
      EvaluationPeriods: "3"
      DatapointsToAlarm: 1
      Threshold: !Ref Threshold
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [!Ref Topic]
  QuietAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - Id: m1
          MetricStat:
            Metric: { MetricName: audit-stops, Namespace: Security }
            Period: 300
            Stat: Sum
      EvaluationPeriods: 3
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Dimensions: !Ref AWS::NoValue
  Any:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties:
      AlarmRule: !Sub "ALARM(\${StopAlarm}) OR ALARM(\\"\${QuietAlarm.Arn}\\")"
`;

describe("a CloudFormation template", () => {
  it("is read in YAML with its parameters and functions", () => {
    const { filters, alarms, composites, notReplayed } = read(TEMPLATE);
    expect(filters).toMatchObject([
      { name: "StopFilter", transformation: { metricName: "audit-stops", metricValue: "1" } },
    ]);
    expect(alarms).toMatchObject([
      {
        name: "audit-stop",
        metricName: "audit-stops",
        threshold: 1,
        alarmActions: [expect.any(String)],
      },
      { name: "QuietAlarm", metricName: "audit-stops", evaluationPeriods: 3, alarmActions: [] },
    ]);
    expect(composites).toMatchObject([
      {
        name: "Any",
        rule: 'ALARM(audit-stop) OR ALARM("arn:aws:cloudwatch:us-east-1:111122223333:alarm:QuietAlarm")',
      },
    ]);
    expect(notReplayed).toEqual([]);
  });

  it("says that an alarm is on a Metrics Insights query, which replay does not evaluate", () => {
    const Expression = 'SELECT SUM(Errors) FROM "Security" GROUP BY Client ORDER BY SUM() DESC';
    const { alarms, notReplayed } = read({
      Resources: {
        Grouped: {
          Type: "AWS::CloudWatch::Alarm",
          Properties: {
            Metrics: [{ Id: "q1", Expression, Period: 60 }],
            EvaluationPeriods: 1,
            Threshold: 1,
            ComparisonOperator: "GreaterThanOrEqualToThreshold",
          },
        },
      },
    });
    expect(alarms).toEqual([]);
    expect(notReplayed).toMatchObject([
      { why: expect.stringMatching(/^its metric_query is a Metrics Insights query, SELECT SUM/) },
    ]);
  });

  it("lists an alarm whose metric depends on a condition or a parameter without a default", () => {
    const alarm = (MetricName: object) => ({
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        MetricName,
        Namespace: "N",
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
      },
    });
    const { notReplayed } = read({
      Parameters: { Metric: { Type: "String" } },
      Resources: {
        Conditional: alarm({ "Fn::If": ["IsProd", "a", "b"] }),
        Parameter: alarm({ Ref: "Metric" }),
      },
    });
    expect(notReplayed.map(({ alarm: name, why }) => `${name}: ${why}`)).toEqual([
      expect.stringMatching(/^Conditional: metric_name is not known: it is the result of Fn::If\./),
      expect.stringMatching(/^Parameter: metric_name is not known: it is the parameter Metric, /),
    ]);
  });
});

it.each([
  ["UTF-8 with a byte order mark", "utf8"],
  ["UTF-16, such as PowerShell's > writes", "utf16le"],
] as const)("reads a file in %s", (_, encoding) => {
  expect(read(Buffer.from(`\ufeff${TEMPLATE}`, encoding)).filters).toHaveLength(1);
  const state = JSON.stringify({ version: 4, resources: [] });
  expect(read(Buffer.from(`\ufeff${state}`, encoding)).filters).toEqual([]);
});

describe("a file of another kind is an error:", () => {
  it.each([
    ["JSON", { Records: [] }, /is neither a plan, a state nor a template\. Allowed: /],
    ["broken JSON", "{", /is not valid JSON: /],
    ["text", "a: b: c", /is neither JSON nor valid YAML: /],
    ["a saved plan", "PK\u0003\u0004", /Convert it: terraform show -json \S+ > plan\.json$/],
    ["a failed plan", { planned_values: {}, errored: true }, /is the plan of a run that failed/],
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
    { alarm: "aws_cloudwatch_metric_alarm.this", why: expect.stringMatching(why) },
  ]);
});
