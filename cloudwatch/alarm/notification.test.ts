import { describe, expect, test } from "vitest";
import { ACCOUNT, ALARM, GROUPED_ALARM, TOPIC } from "../testing/fixtures.ts";
import { alarmNotification, type StateChange } from "./notification.ts";

const CHANGE: StateChange = {
  alarm: { ...ALARM, dimensions: { Service: "api", Stage: "dev" } },
  from: "OK",
  to: "ALARM",
  reason: "Threshold Crossed: because.",
  at: Date.parse("2021-08-04T02:31:45.250Z"),
  configurationUpdatedAt: Date.parse("2021-08-01T00:00:00Z"),
};

const { subject, message, messageStructure } = alarmNotification(CHANGE, ACCOUNT);
const texts = JSON.parse(message) as { default: string; sms: string; email: string };

test("names the state, alarm and region in the subject", () => {
  expect(subject).toBe('ALARM: "kms-errors" in Asia Pacific (Sydney)');
  expect(texts.sms).toBe(subject);
  expect(messageStructure).toBe("json");
});

test("formats the email as CloudWatch does", () => {
  expect(
    texts.email,
  ).toBe(`You are receiving this email because your Amazon CloudWatch Alarm "kms-errors" in the Asia Pacific (Sydney) region has entered the ALARM state, because "Threshold Crossed: because." at "Wednesday 04 August, 2021 02:31:45 UTC".

View this alarm in the AWS Management Console:
https://ap-southeast-2.console.aws.amazon.com/cloudwatch/deeplink.js?region=ap-southeast-2#alarmsV2:alarm/kms-errors

Alarm Details:
- Name:                       kms-errors
- Description:                KMS refused the service.
See the runbook.
- State Change:               OK -> ALARM
- Reason for State Change:    Threshold Crossed: because.
- Timestamp:                  Wednesday 04 August, 2021 02:31:45 UTC
- AWS Account:                123456789012
- Alarm Arn:                  arn:aws:cloudwatch:ap-southeast-2:123456789012:alarm:kms-errors

Threshold:
- The alarm is in the ALARM state when the metric is GreaterThanOrEqualToThreshold 3.0 for at least 1 of the last 1 period(s) of 60 seconds.

Monitored Metric:
- MetricNamespace:                     Example
- MetricName:                          kms-errors
- Dimensions:                          [Service = api] [Stage = dev]
- Period:                              60 seconds
- Statistic:                           Sum
- Unit:                                not specified
- TreatMissingData:                    notBreaching


State Change Actions:
- OK: 
- ALARM: [${TOPIC.arn}]
- INSUFFICIENT_DATA: 
`);
});

test("sends other protocols JSON with the trigger, writing thresholds as doubles", () => {
  expect(texts.default).toContain('"Threshold":3.0,');
  expect(JSON.parse(texts.default)).toEqual({
    AlarmName: "kms-errors",
    AlarmDescription: ALARM.description,
    AWSAccountId: "123456789012",
    AlarmConfigurationUpdatedTimestamp: "2021-08-01T00:00:00.000+0000",
    NewStateValue: "ALARM",
    NewStateReason: "Threshold Crossed: because.",
    StateChangeTime: "2021-08-04T02:31:45.250+0000",
    Region: "Asia Pacific (Sydney)",
    AlarmArn: ALARM.arn,
    OldStateValue: "OK",
    OKActions: [],
    AlarmActions: [TOPIC.arn],
    InsufficientDataActions: [],
    Trigger: {
      MetricName: "kms-errors",
      Namespace: "Example",
      StatisticType: "Statistic",
      Statistic: "SUM",
      Unit: null,
      Dimensions: [
        { value: "api", name: "Service" },
        { value: "dev", name: "Stage" },
      ],
      Period: 60,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Threshold: 3,
      TreatMissingData: "notBreaching",
      EvaluateLowSampleCountPercentile: "",
    },
  });
});

describe("about a contributor", () => {
  const contributor = { id: "a29eb44b20c4362e", attributes: { Team: "a" } };
  const { subject, message } = alarmNotification(
    { ...CHANGE, alarm: GROUPED_ALARM, contributor },
    ACCOUNT,
  );
  const { default: document, email } = JSON.parse(message) as Record<string, string>;

  test("names it in the document, and the query in place of a metric", () => {
    const { AlarmName, AlarmContributorId, AlarmContributorAttributes, OldStateValue, Trigger } =
      JSON.parse(document ?? "");
    expect(subject).toBe('ALARM: "kms-errors-by-team" in Asia Pacific (Sydney)');
    expect({ AlarmName, AlarmContributorId, AlarmContributorAttributes, OldStateValue }).toEqual({
      AlarmName: "kms-errors-by-team",
      AlarmContributorId: "a29eb44b20c4362e",
      AlarmContributorAttributes: { Team: "a" },
      OldStateValue: "OK",
    });
    expect(Trigger).toEqual({
      Period: 60,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Threshold: 3,
      TreatMissingData: "notBreaching",
      EvaluateLowSampleCountPercentile: "",
      Metrics: [
        {
          Expression:
            "SELECT SUM(kms_errors) FROM SCHEMA(\"Example\", Stage, Team) WHERE Stage = 'dev' GROUP BY Team ORDER BY SUM() DESC",
          Id: "q1",
          ReturnData: true,
          Period: 60,
        },
      ],
    });
  });

  // Wording captured from AWS in September 2026, its trailing space included.
  test("formats the email as CloudWatch does", () => {
    expect(
      email,
    ).toBe(`You are receiving this email because your Amazon CloudWatch Alarm "kms-errors-by-team" contributor "a29eb44b20c4362e" in the Asia Pacific (Sydney) region has entered the ALARM state, because "Threshold Crossed: because." at "Wednesday 04 August, 2021 02:31:45 UTC".

View this alarm in the AWS Management Console:
https://ap-southeast-2.console.aws.amazon.com/cloudwatch/home?region=ap-southeast-2#alarmsV2:alarm/kms-errors-by-team?~(contributorAttributesFilter~(tokens~(~(propertyKey~'ContributorId~operator~'*3d~value~'a29eb44b20c4362e))~operation~'and)~timestamp~'2021-08-04T02*3a31*3a45.250Z)

Alarm Details:
- Name:                       kms-errors-by-team
- Description:                KMS refused the service.
See the runbook.
- AWS Account:                123456789012
- Alarm Arn:                  arn:aws:cloudwatch:ap-southeast-2:123456789012:alarm:kms-errors-by-team

Contributor Details:
- Id:                         a29eb44b20c4362e
- State Change:               OK -> ALARM
- Reason for State Change:    Threshold Crossed: because.
- Timestamp:                  Wednesday 04 August, 2021 02:31:45 UTC

Contributor Attributes:
- Team                      a

Threshold:
- The alarm is in the ALARM state when the metric is GreaterThanOrEqualToThreshold 3.0 for at least 1 of the last 1 period(s) of 60 seconds.\x20

Monitored Metrics:
- MetricExpression:           SELECT SUM(kms_errors) FROM SCHEMA("Example", Stage, Team) WHERE Stage = 'dev' GROUP BY Team ORDER BY SUM() DESC
- MetricLabel:                No Label

State Change Actions:
- OK: 
- ALARM: [${TOPIC.arn}]
- INSUFFICIENT_DATA: 
`);
  });
});

test("uses the region code if the region has no known name", () => {
  const otherRegion = { ...ACCOUNT, region: "xx-north-9" };
  expect(alarmNotification(CHANGE, otherRegion).subject).toBe('ALARM: "kms-errors" in xx-north-9');
});
