import { formatJavaDouble } from "../java-double.ts";
import {
  type Alarm,
  type AlarmState,
  type CompositeAlarm,
  isAnomalyAlarm,
  isCompositeAlarm,
  isGroupedAlarm,
  type MetricAlarm,
  type Statistic,
} from "./alarm.ts";
import { ANOMALY_BAND_ID, anomalyMetricQueries } from "./anomaly-queries.ts";
import type { Contributor } from "./contributors.ts";
import { groupedExpression, groupedMetricQuery } from "./grouped-query.ts";
import { type Json, jsonDouble, stringifyJson } from "./json.ts";
import { jsonTime } from "./reason.ts";
import { regionName } from "./regions.ts";

/** Input of an SNS Publish call with one text for each protocol; `default` is used for all others. */
export interface Notification {
  readonly subject: string;
  /** JSON of `{ default, sms, email }`. */
  readonly message: string;
  readonly messageStructure: "json";
}

export interface StateChange {
  readonly alarm: Alarm;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds since the epoch. */
  readonly configurationUpdatedAt: number;
  /** Set for composite alarms: the child alarms whose state change caused this one. */
  readonly triggeringChildren?: readonly TriggeringChild[];
  /** Set for alarms with `groupBy`: the contributor whose state changed. */
  readonly contributor?: Contributor | undefined;
}

export interface TriggeringChild {
  readonly arn: string;
  readonly state: AlarmState;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Account {
  readonly region: string;
  readonly accountId: string;
}

const STATISTIC_CODES: Readonly<Record<Statistic, string>> = {
  Average: "AVERAGE",
  Maximum: "MAXIMUM",
  Minimum: "MINIMUM",
  SampleCount: "SAMPLE_COUNT",
  Sum: "SUM",
};

/** Builds the notification that CloudWatch publishes to the topics of an alarm when its state changes. */
export function alarmNotification(change: StateChange, account: Account): Notification {
  const subject = `${change.to}: "${change.alarm.name}" in ${regionName(account.region)}`;
  return {
    subject,
    message: stringifyJson({
      default: notificationDocument(change, account),
      sms: subject,
      email: emailBody(change, account),
    }),
    messageStructure: "json",
  };
}

function notificationDocument(change: StateChange, { region, accountId }: Account): string {
  const { alarm } = change;
  return stringifyJson({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description || null,
    AWSAccountId: accountId,
    AlarmConfigurationUpdatedTimestamp: jsonTime(change.configurationUpdatedAt),
    NewStateValue: change.to,
    NewStateReason: change.reason,
    StateChangeTime: jsonTime(change.at),
    Region: regionName(region),
    AlarmArn: alarm.arn,
    OldStateValue: change.from,
    AlarmContributorId: change.contributor?.id,
    AlarmContributorAttributes: change.contributor?.attributes,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    ...conditionOf(change),
  });
}

/** Returns the part of the document that describes the condition of the alarm. */
function conditionOf({ alarm, triggeringChildren = [] }: StateChange): {
  readonly [member: string]: Json;
} {
  if (isCompositeAlarm(alarm)) {
    return {
      AlarmRule: alarm.rule,
      TriggeringChildren: triggeringChildren.map(({ arn, state, at }) => ({
        Arn: arn,
        State: { Value: state, Timestamp: jsonTime(at) },
      })),
    };
  }
  const evaluation = {
    Period: alarm.period,
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
  };
  if (isAnomalyAlarm(alarm)) {
    return {
      Trigger: {
        ...evaluation,
        ComparisonOperator: "GreaterThanUpperThreshold",
        ThresholdMetricId: ANOMALY_BAND_ID,
        TreatMissingData: alarm.treatMissingData,
        EvaluateLowSampleCountPercentile: "",
        Metrics: anomalyMetricQueries(alarm).map(capitalizeNames),
      },
    };
  }
  if (isGroupedAlarm(alarm)) {
    return {
      Trigger: {
        ...evaluation,
        ComparisonOperator: alarm.comparisonOperator,
        Threshold: jsonDouble(alarm.threshold),
        TreatMissingData: alarm.treatMissingData,
        EvaluateLowSampleCountPercentile: "",
        Metrics: [groupedMetricQuery(alarm)].map(capitalizeNames),
      },
    };
  }
  return {
    Trigger: {
      MetricName: alarm.metricName,
      Namespace: alarm.namespace,
      StatisticType: "Statistic",
      Statistic: STATISTIC_CODES[alarm.statistic],
      Unit: null,
      Dimensions: Object.entries(alarm.dimensions).map(([name, value]) => ({ value, name })),
      ...evaluation,
      ComparisonOperator: alarm.comparisonOperator,
      Threshold: jsonDouble(alarm.threshold),
      TreatMissingData: alarm.treatMissingData,
      EvaluateLowSampleCountPercentile: "",
    },
  };
}

/** Capitalizes property names, as notifications do for metric queries but not for dimensions. */
function capitalizeNames(value: Json): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      capitalizeNames(member),
    ]),
  );
}

/** Formats the email body as CloudWatch does. SNS adds the footer. */
function emailBody(change: StateChange, account: Account): string {
  const { alarm, from, to, reason, at } = change;
  const { region, accountId } = account;
  const time = emailTime(at);
  if (change.contributor !== undefined) {
    return contributorEmail(change, change.contributor, account);
  }
  return `You are receiving this email because your Amazon CloudWatch Alarm "${alarm.name}" in the ${regionName(region)} region has entered the ${to} state, because "${reason}" at "${time}".

View this alarm in the AWS Management Console:
https://${region}.console.aws.amazon.com/cloudwatch/deeplink.js?region=${region}#alarmsV2:alarm/${encodeURIComponent(alarm.name)}

Alarm Details:
- Name:                       ${alarm.name}
- Description:                ${alarm.description}
- State Change:               ${from} -> ${to}
- Reason for State Change:    ${reason}
- Timestamp:                  ${time}
- AWS Account:                ${accountId}
- Alarm Arn:                  ${alarm.arn}

${isCompositeAlarm(alarm) ? compositeSections(change, alarm) : metricSections(alarm)}
${stateChangeActions(alarm)}`;
}

function stateChangeActions(alarm: Alarm): string {
  return `State Change Actions:
- OK: ${actions(alarm.okActions)}
- ALARM: ${actions(alarm.alarmActions)}
- INSUFFICIENT_DATA: ${actions(alarm.insufficientDataActions)}
`;
}

/** As captured from AWS in September 2026. */
function contributorEmail(
  { alarm, from, to, reason, at }: StateChange,
  { id, attributes }: Contributor,
  { region, accountId }: Account,
): string {
  const time = emailTime(at);
  const moment = new Date(at).toISOString().replaceAll(":", "*3a");
  const filter = `~(contributorAttributesFilter~(tokens~(~(propertyKey~'ContributorId~operator~'*3d~value~'${id}))~operation~'and)~timestamp~'${moment})`;
  const attributeLines = Object.entries(attributes).map(
    ([name, value]) => `- ${name.padEnd(26)}${value}\n`,
  );
  return `You are receiving this email because your Amazon CloudWatch Alarm "${alarm.name}" contributor "${id}" in the ${regionName(region)} region has entered the ${to} state, because "${reason}" at "${time}".

View this alarm in the AWS Management Console:
https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(alarm.name)}?${filter}

Alarm Details:
- Name:                       ${alarm.name}
- Description:                ${alarm.description}
- AWS Account:                ${accountId}
- Alarm Arn:                  ${alarm.arn}

Contributor Details:
- Id:                         ${id}
- State Change:               ${from} -> ${to}
- Reason for State Change:    ${reason}
- Timestamp:                  ${time}

Contributor Attributes:
${attributeLines.join("")}
${isCompositeAlarm(alarm) ? "" : metricSections(alarm)}${stateChangeActions(alarm)}`;
}

function metricSections(alarm: MetricAlarm): string {
  const { evaluationPeriods, datapointsToAlarm, period } = alarm;
  const dimensions = Object.entries(alarm.dimensions).map(
    ([name, value]) => `[${name} = ${value}]`,
  );
  const condition = isAnomalyAlarm(alarm)
    ? `GreaterThanUpperThreshold of ANOMALY_DETECTION_BAND(m1, ${alarm.deviations})`
    : `${alarm.comparisonOperator} ${formatJavaDouble(alarm.threshold)}`;
  const threshold = `Threshold:
- The alarm is in the ALARM state when the metric is ${condition} for at least ${datapointsToAlarm} of the last ${evaluationPeriods} period(s) of ${period} seconds.`;
  if (isGroupedAlarm(alarm)) {
    return `${threshold}\x20

Monitored Metrics:
- MetricExpression:           ${groupedExpression(alarm)}
- MetricLabel:                No Label

`;
  }
  return `${threshold}

Monitored Metric:
- MetricNamespace:                     ${alarm.namespace}
- MetricName:                          ${alarm.metricName}
- Dimensions:                          ${dimensions.join(" ")}
- Period:                              ${period} seconds
- Statistic:                           ${alarm.statistic}
- Unit:                                not specified
- TreatMissingData:                    ${alarm.treatMissingData}

`;
}

function compositeSections(
  { triggeringChildren = [] }: StateChange,
  { rule }: CompositeAlarm,
): string {
  const children = triggeringChildren.map(
    ({ arn, state, at }) => `- ${arn}: ${state} at ${emailTime(at)}\n`,
  );
  return `Alarm Rule:
${rule}

Triggering Children:
${children.join("")}
`;
}

const actions = (arns: readonly string[]) => arns.map((arn) => `[${arn}]`).join(" ");

const EMAIL_DATE = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  weekday: "long",
  day: "2-digit",
  month: "long",
  year: "numeric",
});

/** Formats a time as `Wednesday 04 August, 2021 02:31:45 UTC`. */
export function emailTime(at: number): string {
  const parts = new Map(EMAIL_DATE.formatToParts(at).map(({ type, value }) => [type, value]));
  const time = new Date(at).toISOString().slice(11, 19);
  return `${parts.get("weekday")} ${parts.get("day")} ${parts.get("month")}, ${parts.get("year")} ${time} UTC`;
}
