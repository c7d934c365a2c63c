import { type Alarm, isMetricAlarm, type MetricAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import type { Account } from "../../../../cloudwatch/alarm/notification.ts";
import { evaluationInterval } from "../../../../cloudwatch/alarm/range.ts";
import { validateMetricAlarm } from "../../../../cloudwatch/alarm/validate.ts";
import type { Clock } from "../../../state/clock.ts";
import type { Journal } from "../../../state/journal.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { type Notify, notModelled as notModelledOfActions } from "./actions.ts";
import {
  type AlarmRecord,
  type AlarmsEntry,
  createAlarmStore,
  type StoredHistoryItem,
} from "./alarm-store.ts";
import { parseCompositeRules } from "./composite-alarms.ts";
import { deployAlarms, setActionsEnabled } from "./configuration.ts";
import { createEvaluator } from "./evaluator.ts";
import type { StateRecord } from "./history.ts";
import { notModelled as notModelledOfMetricAlarms } from "./metric-alarms.ts";
import { createSchedule, notModelled as notModelledOfSchedule } from "./schedule.ts";

export interface MonitorOptions extends Account {
  readonly clock: Clock;
  readonly alarms: readonly Alarm[];
  readonly metrics: Metrics;
  readonly notify: Notify;
  readonly journal: Journal<AlarmsEntry>;
}

export interface Monitor {
  readonly start: () => void;
  readonly stop: () => void;
  /** Returns the alarms of the deployment, sorted by name. */
  readonly alarms: () => readonly AlarmRecord[];
  readonly find: (alarmName: string) => AlarmRecord | undefined;
  /** Returns the history newest first, including that of deleted alarms. */
  readonly history: () => readonly StoredHistoryItem[];
  /**
   * Sets the state of an alarm until its next evaluation, and runs its actions if the state changes.
   * Does nothing for an unknown alarm.
   */
  readonly setState: (alarmName: string, state: StateRecord) => void;
  /** Enables or disables the actions of an alarm. Does nothing for an unknown alarm. */
  readonly setActionsEnabled: (alarmName: string, enabled: boolean) => void;
}

export const notModelled: readonly string[] = [
  ...notModelledOfMetricAlarms,
  ...notModelledOfSchedule,
  ...notModelledOfActions,
];

/**
 * Evaluates the deployment's alarms and runs their actions. Metric alarms are evaluated on a schedule,
 * composite alarms when an alarm that they refer to changes. States and history are journaled.
 * @throws Error that names the alarm, if AWS would reject one
 */
export function createMonitor(options: MonitorOptions): Monitor {
  const { clock, metrics, alarms, notify } = options;
  const metricAlarms = alarms.filter(isMetricAlarm);
  for (const alarm of metricAlarms) validateMetricAlarm(alarm);
  const rules = parseCompositeRules(alarms);
  const store = createAlarmStore(options.journal);
  deployAlarms(store, alarms, clock.now());
  const evaluator = createEvaluator({ store, rules, account: options, metrics, notify });
  const interval = Math.min(...metricAlarms.map(evaluationInterval));
  const schedule = createSchedule(clock, interval, (at) => {
    evaluator.evaluateMetricAlarms(at);
    evaluator.evaluateComposites(at);
  });

  return {
    start: () => {
      if (metricAlarms.length === 0) return;
      const now = clock.now();
      evaluator.evaluateComposites(now);
      schedule.start(Math.min(now, lastDataAt(metricAlarms, metrics) || now));
    },
    stop: schedule.stop,
    alarms: () =>
      [...store.records.values()].sort((a, b) => (a.alarm.name < b.alarm.name ? -1 : 1)),
    find: (alarmName) => store.records.get(alarmName),
    history: () => store.history.toReversed(),
    setState: (alarmName, state) => evaluator.setState(alarmName, state, clock.now()),
    setActionsEnabled: (alarmName, enabled) =>
      setActionsEnabled(store, alarmName, enabled, clock.now()),
  };
}

/**
 * Returns when the metrics of the alarms last received data, or 0. Evaluation resumes at this time after a restart,
 * because the previous process evaluated the alarms at least up to then.
 */
function lastDataAt(alarms: readonly MetricAlarm[], metrics: Metrics): number {
  const names = new Set(alarms.map(({ namespace, metricName }) => `${namespace} ${metricName}`));
  return metrics
    .list()
    .filter(({ namespace, name }) => names.has(`${namespace} ${name}`))
    .reduce((latest, { updatedAt }) => Math.max(latest, updatedAt), 0);
}
