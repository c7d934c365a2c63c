import {
  type Alarm,
  type AlarmState,
  isAnomalyAlarm,
  isCompositeAlarm,
  isGroupedAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import {
  ANOMALY_BAND_ID,
  anomalyMetricQueries,
} from "../../../../cloudwatch/alarm/anomaly-queries.ts";
import type {
  Contributor,
  ContributorTransition,
} from "../../../../cloudwatch/alarm/contributors.ts";
import { groupedMetricQuery } from "../../../../cloudwatch/alarm/grouped-query.ts";
import { type Json, jsonDouble, stringifyJson } from "../../../../cloudwatch/alarm/json.ts";
import type { Notification } from "../../../../cloudwatch/alarm/notification.ts";
import { jsonTime } from "../../../../cloudwatch/alarm/reason.ts";

export const HISTORY_ITEM_TYPES = [
  "ConfigurationUpdate",
  "StateUpdate",
  "Action",
  "AlarmContributorStateUpdate",
  "AlarmContributorAction",
] as const;

/** An entry of DescribeAlarmHistory. */
export interface HistoryItem {
  readonly alarmName: string;
  /** Absent for a metric alarm. */
  readonly alarmType?: "CompositeAlarm";
  /** Epoch milliseconds. */
  readonly at: number;
  readonly type: (typeof HISTORY_ITEM_TYPES)[number];
  readonly summary: string;
  /** JSON. */
  readonly data: string;
  /** Set for the types that concern a contributor. */
  readonly contributor?: Contributor | undefined;
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
  const condition = {
    threshold: jsonDouble(alarm.threshold),
    comparisonOperator: alarm.comparisonOperator,
    ...evaluation,
  };
  if (isGroupedAlarm(alarm)) return { ...condition, metrics: [groupedMetricQuery(alarm)] };
  return {
    namespace: alarm.namespace,
    metricName: alarm.metricName,
    statistic: alarm.statistic,
    period: alarm.period,
    dimensions: Object.entries(alarm.dimensions).map(([name, value]) => ({ value, name })),
    ...condition,
  };
}

function subjectOf(alarm: Alarm): Pick<HistoryItem, "alarmName" | "alarmType"> {
  return {
    alarmName: alarm.name,
    ...(isCompositeAlarm(alarm) ? { alarmType: "CompositeAlarm" } : {}),
  };
}

/** Describes a change of an alarm's state, or of the reason for a state that remains. */
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
    summary:
      from.value === to.value
        ? `State Reason changed from "${from.reason}" to "${to.reason}"`
        : `Alarm updated from ${from.value} to ${to.value}`,
    data: stringifyJson({
      version: "1.0",
      oldState: stateDocument(from),
      newState: stateDocument(to),
    }),
  };
}

/** Returns whether an item is a change of state, not only of its reason. @param to the new state; default: any */
export function isTransition({ type, summary }: HistoryItem, to = ""): boolean {
  return type === "StateUpdate" && summary.startsWith("Alarm updated from") && summary.endsWith(to);
}

/** Describes a change of a contributor's state. */
export function contributorStateItem(
  alarm: Alarm,
  { contributor, to, reason }: ContributorTransition,
  at: number,
): HistoryItem {
  return {
    ...subjectOf(alarm),
    at,
    type: "AlarmContributorStateUpdate",
    summary: `Contributor state updated to ${to}`,
    data: stringifyJson({ version: "1.0", newState: { stateValue: to, stateReason: reason } }),
    contributor,
  };
}

/** Describes an executed action. @param failure the error message, if the action failed */
export function actionItem(
  alarm: Alarm,
  action: string,
  notification: Notification,
  at: number,
  { failure, contributor }: { failure?: string; contributor?: Contributor | undefined },
): HistoryItem {
  return {
    ...subjectOf(alarm),
    at,
    type: contributor === undefined ? "Action" : "AlarmContributorAction",
    ...(contributor === undefined ? {} : { contributor }),
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
