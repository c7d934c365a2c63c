import { describe, expect, it } from "vitest";
import { importContent as read } from "../testing/import-content.ts";

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

/** A template like those for CIS: a mapping with names, and parameters that switch resources and actions. */
const CONDITIONAL_TEMPLATE = `
Parameters:
  Environment: { Type: String, Default: prod }
  Names: { Type: CommaDelimitedList, Default: "us,eu" }
  TopicArn: { Type: String, Default: "" }
Mappings:
  Controls:
    Root: { metric: root-usage, threshold: 5 }
Conditions:
  IsProd: !Equals [!Ref Environment, prod]
  HasTopic: !Not [!Equals [!Ref TopicArn, ""]]
  IsLoud: !And [!Condition IsProd, !Condition HasTopic]
  IsQuiet: !Not [!Condition IsProd]
Resources:
  RootFilter:
    Type: AWS::Logs::MetricFilter
    Condition: IsProd
    Properties:
      LogGroupName: trail
      FilterPattern: '{ $.userIdentity.type = "Root" }'
      MetricTransformations:
        - MetricName: !FindInMap [Controls, Root, metric]
          MetricNamespace: Security
          MetricValue: "1"
  OtherFilter:
    Type: AWS::Logs::MetricFilter
    Condition: IsQuiet
    Properties:
      FilterPattern: '{ $.eventName = "*" }'
      MetricTransformations: [{ MetricName: other, MetricNamespace: Security, MetricValue: "1" }]
  RootAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Join ["-", [!FindInMap [Controls, Root, metric], !Select [1, !Ref Names], alarm]]
      MetricName: !Select [0, !Split ["/", !Sub ["\${Metric}/x", { Metric: !FindInMap [Controls, Root, metric] }]]]
      Namespace: Security
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 3
      Threshold: !If [IsProd, !FindInMap [Controls, Root, threshold], 1]
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: !If [IsLoud, [!Ref TopicArn], !Ref AWS::NoValue]
`;

const alarm = (MetricName: unknown, AlarmName?: unknown) => ({
  Type: "AWS::CloudWatch::Alarm",
  Properties: {
    ...(AlarmName !== undefined && { AlarmName }),
    MetricName,
    Namespace: "N",
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
  },
});

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

  it("is read with its mappings, conditions and lists", () => {
    const { filters, alarms, notReplayed } = read(CONDITIONAL_TEMPLATE);
    expect(filters.map(({ transformation }) => transformation.metricName)).toEqual(["root-usage"]);
    expect(alarms).toMatchObject([
      { name: "root-usage-eu-alarm", metricName: "root-usage", threshold: 5, alarmActions: [] },
    ]);
    expect(notReplayed).toEqual([]);
  });

  it("lists an alarm on a Metrics Insights query, which replay does not evaluate", () => {
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
    const { notReplayed } = read({
      Parameters: { Metric: { Type: "String" }, Stage: { Type: "String" } },
      Conditions: { IsProd: { "Fn::Equals": [{ Ref: "Stage" }, "prod"] } },
      Resources: {
        Conditional: alarm({ "Fn::If": ["IsProd", "a", "b"] }),
        Parameter: alarm({ Ref: "Metric" }),
      },
    });
    expect(notReplayed.map(({ alarm: name, why }) => `${name}: ${why}`)).toEqual([
      expect.stringMatching(
        /^Conditional: metric_name is not known: it is the parameter Stage, which has no default\. Replace it/,
      ),
      expect.stringMatching(/^Parameter: metric_name is not known: it is the parameter Metric, /),
    ]);
  });

  it("reports values that refer to themselves", () => {
    const { notReplayed } = read({
      Conditions: {
        A: { "Fn::Not": [{ Condition: "B" }] },
        B: { "Fn::Not": [{ Condition: "A" }] },
      },
      Resources: {
        First: alarm({ "Fn::If": ["A", "a", "b"] }, "first"),
        Second: alarm({ Ref: "Third" }, "second"),
        Third: alarm("m", { Ref: "Third" }),
      },
    });
    const reasons = notReplayed.map(({ why }) => why).join("\n");
    expect(reasons).toContain("the condition A refers to itself");
    expect(reasons).toContain("the name of Third refers to itself");
  });
});
