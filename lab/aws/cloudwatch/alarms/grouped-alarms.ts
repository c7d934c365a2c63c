import type { GroupedAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import { evaluateContributors } from "../../../../cloudwatch/alarm/contributors.ts";
import type { Account } from "../../../../cloudwatch/alarm/notification.ts";
import { evaluationRange } from "../../../../cloudwatch/alarm/range.ts";
import { jsonTime } from "../../../../cloudwatch/alarm/reason.ts";
import { type MetricKey, statisticOf } from "../../../../cloudwatch/metric.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { type Notify, runActions } from "./actions.ts";
import type { AlarmRecord } from "./alarm-store.ts";
import { contributorStateItem, type HistoryItem, type StateRecord, stateItem } from "./history.ts";

/** The new state of an alarm and its contributors. */
interface GroupedChange {
  /** The alarm with its new contributors and its previous state. */
  readonly record: AlarmRecord;
  readonly state: StateRecord;
  readonly history: readonly HistoryItem[];
}

/**
 * Evaluates an alarm with `groupBy` on the periods up to `at` (epoch milliseconds), and runs its actions for each
 * contributor that changes its state.
 * @returns undefined if neither the alarm, its reason nor a contributor changes
 */
export function changeGroupedAlarm(
  record: AlarmRecord,
  alarm: GroupedAlarm,
  at: number,
  { metrics, account, notify }: { metrics: Metrics; account: Account; notify: Notify },
): GroupedChange | undefined {
  const { contributors = [], state: current } = record;
  const timestamps = evaluationRange(alarm, at);
  const series = seriesOf(alarm, metrics).flatMap(({ value, key }) => {
    const datapoints = timestamps.map((start) => {
      const total = metrics.total(key, { start, end: start + alarm.period * 1000 });
      return total === undefined ? null : statisticOf[alarm.statistic](total);
    });
    return datapoints.every((datapoint) => datapoint === null) ? [] : [{ value, datapoints }];
  });
  const evaluation = evaluateContributors(alarm, series, timestamps, contributors, current.value);
  const { state: value, reason, transitions } = evaluation;
  const isSame = value === current.value && reason === current.reason;
  if (isSame && transitions.length === 0) return undefined;

  const reasonData = { version: "1.0", queryDate: jsonTime(at) };
  const state = { value, reason, reasonData };
  const history = transitions.flatMap((transition) => {
    const { contributor, from } = transition;
    const change = { value: transition.to, reason: transition.reason };
    const ofContributor = { contributor, from };
    return [
      contributorStateItem(alarm, transition, at),
      ...runActions({ record, state: change, at, ofContributor }, account, notify),
    ];
  });
  const changed = new Set(transitions.map(({ contributor }) => contributor.id));
  const inAlarm = [
    ...contributors.filter(({ id }) => !changed.has(id)),
    ...transitions.flatMap(({ contributor, to, reason: newReason }) =>
      to === "ALARM" ? { ...contributor, reason: newReason, transitionedAt: at } : [],
    ),
  ];
  return {
    record: { ...record, contributors: inAlarm },
    state,
    history: isSame ? history : [stateItem(alarm, current, state, at), ...history],
  };
}

/** Returns the metrics with exactly the dimensions of an alarm and `groupBy`, each with the value of `groupBy`. */
function seriesOf(
  { namespace, metricName, dimensions, groupBy }: GroupedAlarm,
  metrics: Metrics,
): readonly { readonly value: string; readonly key: MetricKey }[] {
  const conditions = Object.entries(dimensions);
  return metrics.list().flatMap((key) => {
    const { [groupBy]: value } = key.dimensions;
    return value !== undefined &&
      key.namespace === namespace &&
      key.name === metricName &&
      Object.keys(key.dimensions).length === conditions.length + 1 &&
      conditions.every(([name, condition]) => key.dimensions[name] === condition)
      ? [{ value, key }]
      : [];
  });
}
