import {
  type Alarm,
  type AlarmState,
  isAnomalyAlarm,
  isCompositeAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import {
  ANOMALY_BAND_ID,
  anomalyMetricQueries,
} from "../../../../cloudwatch/alarm/anomaly-queries.ts";
import { type Json, jsonDouble, stringifyJson } from "../../../../cloudwatch/alarm/json.ts";
import type { Notification } from "../../../../cloudwatch/alarm/notification.ts";
import { jsonTime } from "../../../../cloudwatch/alarm/reason.ts";

/** An entry of DescribeAlarmHistory. */
export interface HistoryItem {
  readonly alarmName: string;
  /** Absent for a metric alarm. */
  readonly alarmType?: "CompositeAlarm";
  /** Epoch milliseconds. */
  readonly at: number;
  readonly type: "ConfigurationUpdate" | "StateUpdate" | "Action";
  readonly summary: string;
  /** JSON. */
  readonly data: string;
}

/** The state of an alarm and the reason for it. */
export interface StateRecord {
  readonly value: AlarmState;
  readonly reason: string;
  /** The data of the evaluation, or the JSON text passed to SetAlarmState. */
  readonly reasonData?: Json;
}

const VERBS = { Create: "created", Update: "updated", Delete: "deleted" } as const;

/** Describes the creation, update or deletion of an alarm, with its configuration afterwards. */
export function configurationItem(
  type: keyof typeof VERBS,
  alarm: Alarm,
  actionsEnabled: boolean,
  state: AlarmState,
  at: number,
): HistoryItem {
  return {
    ...subjectOf(alarm),
    at,
    type: "ConfigurationUpdate",
    summary: `Alarm "${alarm.name}" ${VERBS[type]}`,
    data: stringifyJson({
      version: "1.0",
      type,
      [`${VERBS[type]}Alarm`]: {
        alarmName: alarm.name,
        alarmDescription: alarm.description || undefined,
        alarmArn: alarm.arn,
        alarmConfigurationUpdatedTimestamp: jsonTime(at),
        ...conditionOf(alarm),
        stateValue: state,
        actionsEnabled,
        alarmActions: alarm.alarmActions,
        insufficientDataActions: alarm.insufficientDataActions,
        okactions: alarm.okActions,
      },
    }),
  };
}

/** Returns the members that define when the alarm fires. */
function conditionOf(alarm: Alarm): { readonly [member: string]: Json } {
  if (isCompositeAlarm(alarm)) return { alarmRule: alarm.rule };
  const evaluation = {
    evaluationPeriods: alarm.evaluationPeriods,
    datapointsToAlarm: alarm.datapointsToAlarm,
    treatMissingData: alarm.treatMissingData,
  };
  if (isAnomalyAlarm(alarm)) {
    return {
      comparisonOperator: "GreaterThanUpperThreshold",
      thresholdMetricId: ANOMALY_BAND_ID,
      ...evaluation,
      metrics: anomalyMetricQueries(alarm),
    };
  }
  return {
    namespace: alarm.namespace,
    metricName: alarm.metricName,
    statistic: alarm.statistic,
    period: alarm.period,
    dimensions: Object.entries(alarm.dimensions).map(([name, value]) => ({ value, name })),
    threshold: jsonDouble(alarm.threshold),
    comparisonOperator: alarm.comparisonOperator,
    ...evaluation,
  };
}

function subjectOf(alarm: Alarm): Pick<HistoryItem, "alarmName" | "alarmType"> {
  return {
    alarmName: alarm.name,
    ...(isCompositeAlarm(alarm) ? { alarmType: "CompositeAlarm" } : {}),
  };
}

/** Describes a change of an alarm's state. */
export function stateItem(
  alarm: Alarm,
  from: StateRecord,
  to: StateRecord,
  at: number,
): HistoryItem {
  return {
    ...subjectOf(alarm),
    at,
    type: "StateUpdate",
    summary: `Alarm updated from ${from.value} to ${to.value}`,
    data: stringifyJson({
      version: "1.0",
      oldState: stateDocument(from),
      newState: stateDocument(to),
    }),
  };
}

/** Describes an executed action. @param failure the error message, if the action failed */
export function actionItem(
  alarm: Alarm,
  action: string,
  notification: Notification,
  at: number,
  failure?: string,
): HistoryItem {
  return {
    ...subjectOf(alarm),
    at,
    type: "Action",
    summary:
      failure === undefined
        ? `Successfully executed action ${action}`
        : `Failed to execute action ${action}. Received error: "${failure}"`,
    data: stringifyJson({
      actionState: failure === undefined ? "Succeeded" : "Failed",
      stateUpdateTimestamp: at,
      notificationResource: action,
      publishedMessage: notification.message,
      error: failure ?? null,
    }),
  };
}

function stateDocument({ value, reason, reasonData }: StateRecord): Json {
  return { stateValue: value, stateReason: reason, stateReasonData: reasonData };
}
