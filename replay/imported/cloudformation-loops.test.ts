import { expect, it } from "vitest";
import { importContent as read } from "../testing/import-content.ts";

/** Filters and alarms for each Region and event, with loop variables wherever they are allowed. */
const TEMPLATE = `
Transform: AWS::LanguageExtensions
Parameters:
  Regions: { Type: CommaDelimitedList, Default: "eu-west-1, us-east-1" }
Mappings:
  Thresholds: { StopLogging: { value: 3 } }
Conditions:
  'Fn::ForEach::Events':
    - Event
    - [StopLogging, DeleteTrail, Quiet]
    - 'Is\${Event}Loud': !Not [!Equals [!Ref Event, Quiet]]
Resources:
  Topic: { Type: AWS::SNS::Topic }
  'Fn::ForEach::Regions':
    - Region
    - !Ref Regions
    - 'Fn::ForEach::Events':
        - Event
        - [StopLogging, DeleteTrail, Quiet]
        - '\${Event}Filter&{Region}':
            Type: AWS::Logs::MetricFilter
            Condition: 'Is\${Event}Loud'
            Properties:
              FilterPattern: !Sub '{ ($.eventName = \${Event}) && ($.awsRegion = "\${Region}") }'
              MetricTransformations:
                - { MetricName: !Join [".", [!Ref Region, !Ref Event]], MetricNamespace: CIS, MetricValue: "1" }
          '\${Event}Alarm&{Region}':
            Type: AWS::CloudWatch::Alarm
            Condition: 'Is\${Event}Loud'
            Properties:
              MetricName: !Sub "\${Region}.\${Event}"
              Namespace: CIS
              'Fn::ForEach::Periods':
                - Count
                - [EvaluationPeriods, DatapointsToAlarm]
                - '\${Count}': !Length [a, b]
              Statistic: Sum
              Period: 300
              Threshold: !FindInMap [Thresholds, !Ref Event, value, { DefaultValue: 1 }]
              ComparisonOperator: GreaterThanOrEqualToThreshold
          'Any\${Event}&{Region}':
            Type: AWS::CloudWatch::CompositeAlarm
            Condition: 'Is\${Event}Loud'
            Properties:
              AlarmRule: !Sub ['ALARM(\${Name})', { Name: { Ref: !Sub '\${Event}Alarm&{Region}' } }]
`;

it("expands loops of a template, nested ones too, in names, conditions and properties", () => {
  const { filters, alarms, composites, notReplayed } = read(TEMPLATE);
  expect(filters.map(({ name, pattern }) => `${name} ${pattern}`)).toEqual([
    'StopLoggingFiltereuwest1 { ($.eventName = StopLogging) && ($.awsRegion = "eu-west-1") }',
    'DeleteTrailFiltereuwest1 { ($.eventName = DeleteTrail) && ($.awsRegion = "eu-west-1") }',
    'StopLoggingFilteruseast1 { ($.eventName = StopLogging) && ($.awsRegion = "us-east-1") }',
    'DeleteTrailFilteruseast1 { ($.eventName = DeleteTrail) && ($.awsRegion = "us-east-1") }',
  ]);
  expect(alarms.map(({ name, metricName, threshold }) => [name, metricName, threshold])).toEqual([
    ["StopLoggingAlarmeuwest1", "eu-west-1.StopLogging", 3],
    ["DeleteTrailAlarmeuwest1", "eu-west-1.DeleteTrail", 1],
    ["StopLoggingAlarmuseast1", "us-east-1.StopLogging", 3],
    ["DeleteTrailAlarmuseast1", "us-east-1.DeleteTrail", 1],
  ]);
  expect(alarms[0]).toMatchObject({ evaluationPeriods: 2, datapointsToAlarm: 2 });
  expect(filters.map(({ transformation }) => transformation.metricName)).toEqual(
    alarms.map(({ metricName }) => metricName),
  );
  expect(composites[0]).toMatchObject({
    name: "AnyStopLoggingeuwest1",
    rule: "ALARM(StopLoggingAlarmeuwest1)",
  });
  expect(notReplayed).toEqual([]);
});

const loop = (collection: unknown, body: object) => ({
  "Fn::ForEach::Loop": ["X", collection, body],
});
const ALARM = {
  Type: "AWS::CloudWatch::Alarm",
  Properties: {
    MetricName: "m",
    Namespace: "N",
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
  },
};

const named = (AlarmName: string, more: object) => ({
  ...ALARM,
  Properties: { ...ALARM.Properties, AlarmName },
  ...more,
});

it("reads the condition of a resource in a loop from a mapping, and applies none if the mapping has none", () => {
  const Condition = {
    "Fn::FindInMap": [
      "Alarm",
      "Condition",
      { Ref: "X" },
      { DefaultValue: { Ref: "AWS::NoValue" } },
    ],
  };
  const { alarms, notReplayed } = read({
    Mappings: { Alarm: { Condition: { B: "Never", C: "Always" } } },
    Conditions: {
      Never: { "Fn::Equals": ["a", "b"] },
      Always: { "Fn::Equals": ["a", "a"] },
    },
    Resources: loop(["A", "B", "C"], { "Alarm${X}": named("Alarm${X}", { Condition }) }),
  });
  expect(alarms.map(({ name }) => name)).toEqual(["AlarmA", "AlarmC"]);
  expect(notReplayed).toEqual([]);
});

it("reports a loop of alarms whose collection is not known, and no other loop", () => {
  const Parameters = { Names: { Type: "CommaDelimitedList" } };
  const { notReplayed } = read({
    Parameters,
    Resources: loop({ Ref: "Names" }, { "Alarm${X}": ALARM }),
  });
  expect(notReplayed).toEqual([
    {
      alarm: "Fn::ForEach::Loop",
      unread: true,
      why: "its collection is not known: it is the parameter Names, which has no default. Replace it with its value in a copy of the template.",
    },
  ]);
  const topics = loop({ Ref: "Names" }, { "Topic${X}": { Type: "AWS::SNS::Topic" } });
  expect(read({ Parameters, Resources: topics }).notReplayed).toEqual([]);
  const text = read({ Resources: loop("a,b", { "Alarm${X}": ALARM }) }).notReplayed;
  expect(text[0]?.why).toBe(
    'its collection is not known: it is "a,b". It must be a list of strings.',
  );
});

it("reports an alarm with a loop in its properties whose collection is not known", () => {
  const { Dimensions, ...Properties } = {
    ...ALARM.Properties,
    ...loop({ "Fn::GetAtt": ["Source", "Names"] }, { "${X}": 1 }),
    Dimensions: [],
  };
  expect(read({ Resources: { Alarm: { ...ALARM, Properties } } }).notReplayed).toEqual([
    {
      alarm: "Alarm",
      unread: true,
      why: expect.stringMatching(
        /^its properties are not known: its collection is not known: it refers to Source\.Names\. /,
      ),
    },
  ]);
});
