import { z } from "zod";
import {
  type Alarm,
  isAnomalyAlarm,
  isCompositeAlarm,
  isGroupedAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_BAND_ID } from "../../../../cloudwatch/alarm/anomaly-queries.ts";
import { childAlarmNames, parseAlarmRule } from "../../../../cloudwatch/alarm/composite.ts";
import { GROUPED_QUERY_ID, groupedExpression } from "../../../../cloudwatch/alarm/grouped-query.ts";
import { stringifyJson } from "../../../../cloudwatch/alarm/json.ts";
import { integer, list, text } from "../../shared/input.ts";
import type { AwsStructure } from "../../shared/operation.ts";
import { dimensionList, mutuallyExclusive, Name, pageOf, readRequest } from "../request.ts";
import type { AlarmRecord } from "./alarm-store.ts";

export const AlarmNames = list(Name, { max: 100 });
export const AlarmTypes = list(z.enum(["CompositeAlarm", "MetricAlarm"]));
export const AlarmState = z.enum(["INSUFFICIENT_DATA", "ALARM", "OK"]);
export const MaxRecords = integer({ min: 1, max: 100 }).default(100);

const DescribeAlarms = z.object({
  AlarmNames: AlarmNames.optional(),
  AlarmNamePrefix: Name.optional(),
  AlarmTypes: AlarmTypes.optional(),
  ChildrenOfAlarmName: Name.optional(),
  ParentsOfAlarmName: Name.optional(),
  StateValue: AlarmState.optional(),
  ActionPrefix: text({ min: 1, max: 1024 }).optional(),
  MaxRecords,
  NextToken: text().optional(),
});

type Request = z.infer<typeof DescribeAlarms>;

/**
 * Implements DescribeAlarms.
 * @param records sorted by name
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
 */
export function describeAlarms(input: unknown, records: readonly AlarmRecord[]): AwsStructure {
  const request = readRequest(DescribeAlarms, input);
  const { AlarmNames: names, AlarmNamePrefix: prefix } = request;
  if (names !== undefined && names.length > 0 && prefix !== undefined) {
    throw mutuallyExclusive("AlarmNames", "AlarmNamePrefix");
  }
  const relatives = relativesOf(request, records);
  // AWS returns only metric alarms by default.
  const types = request.AlarmTypes ?? ["MetricAlarm"];
  const matching = records.filter(
    (record) =>
      (relatives !== undefined
        ? relatives.includes(record.alarm.name)
        : types.includes(typeOf(record.alarm))) && matches(record, request),
  );
  const { items, nextToken } = pageOf(
    matching,
    request.MaxRecords,
    request.NextToken,
    ({ alarm }) => alarm.name,
  );
  const describe = relatives === undefined ? describeAlarm : describeRelative;
  const ofType = (type: AlarmType) =>
    items.filter(({ alarm }) => typeOf(alarm) === type).map(describe);
  return {
    MetricAlarms: ofType("MetricAlarm"),
    CompositeAlarms: ofType("CompositeAlarm"),
    NextToken: nextToken,
  };
}

function matches({ alarm, state }: AlarmRecord, request: Request): boolean {
  const { AlarmNames: names, AlarmNamePrefix: prefix = "", StateValue, ActionPrefix } = request;
  const actions = [...alarm.alarmActions, ...alarm.okActions, ...alarm.insufficientDataActions];
  return (
    (!names?.length || names.includes(alarm.name)) &&
    alarm.name.startsWith(prefix) &&
    (StateValue === undefined || state.value === StateValue) &&
    (ActionPrefix === undefined || actions.some((action) => action.startsWith(ActionPrefix)))
  );
}

/** Returns the names of an alarm's children or parents, or undefined if the request asks for neither. */
function relativesOf(
  { ChildrenOfAlarmName: parent, ParentsOfAlarmName: child }: Request,
  records: readonly AlarmRecord[],
): readonly string[] | undefined {
  if (parent === undefined && child === undefined) return undefined;
  return records.flatMap(({ alarm }) => {
    if (!isCompositeAlarm(alarm)) return [];
    const children = childAlarmNames(parseAlarmRule(alarm.rule));
    if (alarm.name === parent) return children;
    return child !== undefined && children.includes(child) ? alarm.name : [];
  });
}

function describeAlarm(record: AlarmRecord): AwsStructure {
  const { alarm, state } = record;
  const { reasonData } = state;
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    AlarmDescription: alarm.description || undefined,
    AlarmConfigurationUpdatedTimestamp: new Date(record.configurationUpdatedAt),
    ActionsEnabled: record.actionsEnabled,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData:
      reasonData === undefined || typeof reasonData === "string"
        ? reasonData
        : stringifyJson(reasonData),
    StateUpdatedTimestamp: new Date(record.stateUpdatedAt),
    ...conditionOf(alarm),
    StateTransitionedTimestamp: new Date(record.stateTransitionedAt),
  };
}

/** Returns the members that DescribeAlarms includes for children and parents. */
function describeRelative({ alarm, state, stateUpdatedAt }: AlarmRecord): AwsStructure {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    StateValue: state.value,
    StateUpdatedTimestamp: new Date(stateUpdatedAt),
  };
}

type AlarmType = "MetricAlarm" | "CompositeAlarm";

function typeOf(alarm: Alarm): AlarmType {
  return isCompositeAlarm(alarm) ? "CompositeAlarm" : "MetricAlarm";
}

/** Returns the members that define when the alarm fires. */
function conditionOf(alarm: Alarm): AwsStructure {
  if (isCompositeAlarm(alarm)) return { AlarmRule: alarm.rule };
  const evaluation = {
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    TreatMissingData: alarm.treatMissingData,
  };
  const metric = {
    MetricName: alarm.metricName,
    Namespace: alarm.namespace,
    Dimensions: dimensionList(alarm.dimensions),
  };
  if (isAnomalyAlarm(alarm)) {
    return {
      ...evaluation,
      ComparisonOperator: "GreaterThanUpperThreshold",
      ThresholdMetricId: ANOMALY_BAND_ID,
      Metrics: [
        {
          Id: "m1",
          MetricStat: { Metric: metric, Period: alarm.period, Stat: alarm.statistic },
          ReturnData: true,
        },
        {
          Id: ANOMALY_BAND_ID,
          Expression: `ANOMALY_DETECTION_BAND(m1, ${alarm.deviations})`,
          ReturnData: true,
        },
      ],
    };
  }
  const threshold = {
    ...evaluation,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparisonOperator,
  };
  if (isGroupedAlarm(alarm)) {
    const Expression = groupedExpression(alarm);
    const query = { Id: GROUPED_QUERY_ID, Expression, ReturnData: true, Period: alarm.period };
    return { ...threshold, Dimensions: [], Metrics: [query] };
  }
  return { ...metric, Statistic: alarm.statistic, Period: alarm.period, ...threshold };
}
