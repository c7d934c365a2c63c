import { isDeepStrictEqual } from "node:util";
import {
  type Alarm,
  type CompositeAlarm,
  isAnomaly,
  isComposite,
  isMetricAlarm,
  type MetricAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import { type AnomalyEvaluation, evaluateAnomaly } from "../../../../cloudwatch/alarm/anomaly.ts";
import {
  type AlarmRule,
  childrenOf,
  holds,
  parseAlarmRule,
} from "../../../../cloudwatch/alarm/composite.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../../../cloudwatch/alarm/evaluate.ts";
import { checkAlarm } from "../../../../cloudwatch/alarm/limits.ts";
import {
  type Account,
  alarmNotification,
  mailTime,
  type Notification,
  type TriggeringChild,
} from "../../../../cloudwatch/alarm/notification.ts";
import { evaluationInterval, evaluationRange } from "../../../../cloudwatch/alarm/range.ts";
import {
  INITIAL_REASON,
  jsonTime,
  stateReasonDocument,
} from "../../../../cloudwatch/alarm/reason.ts";
import type { AlarmState } from "../../../../cloudwatch/alarm/state.ts";
import { type StatisticSet, statisticOf } from "../../../../cloudwatch/metric.ts";
import type { Clock } from "../../../state/clock.ts";
import type { Journal } from "../../../state/journal.ts";
import type { Metrics } from "../metrics/metrics.ts";
import {
  actionItem,
  configurationItem,
  type HistoryItem,
  type StateRecord,
  stateItem,
} from "./history.ts";

/** An alarm as it stands. Times are milliseconds since the epoch. */
export interface AlarmRecord {
  readonly alarm: Alarm;
  readonly state: StateRecord;
  /** The state was set, to the same or to another value. */
  readonly stateUpdatedAt: number;
  /** The state became another one. */
  readonly stateTransitionedAt: number;
  readonly configurationUpdatedAt: number;
  /** As deployed, or as EnableAlarmActions and DisableAlarmActions left it. */
  readonly actionsEnabled: boolean;
}

/** What became of one alarm, and what its history says of it. `record` is null: it is gone. */
export interface MonitorEntry {
  readonly alarmName: string;
  readonly record: AlarmRecord | null;
  readonly history: readonly HistoryItem[];
}

/** A history item with its place in the history, by which it is told from all others. */
export interface PlacedHistoryItem extends HistoryItem {
  readonly place: number;
}

export interface Monitor {
  readonly start: () => void;
  readonly stop: () => void;
  /** Of the deployment, by name. */
  readonly alarms: () => readonly AlarmRecord[];
  readonly find: (alarmName: string) => AlarmRecord | undefined;
  /** Newest first, of alarms that are gone too. */
  readonly history: () => readonly PlacedHistoryItem[];
  /** Until the next evaluation; actions run when it is a change. Nothing happens to an unknown alarm. */
  readonly setState: (alarmName: string, state: StateRecord) => void;
  readonly setActionsEnabled: (alarmName: string, enabled: boolean) => void;
}

type Decision = AlarmEvaluation & Partial<Pick<AnomalyEvaluation, "upperThresholds">>;

const DAY = 24 * 60 * 60 * 1000;

/** As long as AWS shows it, and no more than this many items. */
const HISTORY_KEPT = 30 * DAY;
const HISTORY_ITEMS = 10_000;

/**
 * Evaluations that were due while the machine slept, the process was busy or the lab was down are made
 * up for as far back as metrics have their seconds; before that nothing is left to evaluate as it was.
 */
const MADE_UP = 3 * 60 * 60 * 1000;

/**
 * Evaluates the deployment's alarms at the lab clock's full minutes, those with a period under a minute
 * at every ten seconds, composite alarms when one that they look at changes, and runs their actions when
 * a state changes. A new alarm starts in INSUFFICIENT_DATA. States and history are in the journal, so that they survive a kill.
 * @throws Error naming the alarm, when AWS would refuse one of them
 */
export function createMonitor({
  clock,
  account,
  alarms,
  metrics,
  notify,
  journal,
}: {
  readonly clock: Clock;
  readonly account: Account;
  readonly alarms: readonly Alarm[];
  readonly metrics: Metrics;
  /** Publishes to a topic; throws when it cannot. */
  readonly notify: (topicArn: string, notification: Notification) => void;
  readonly journal: Journal<MonitorEntry>;
}): Monitor {
  const metricAlarms = alarms.filter(isMetricAlarm);
  for (const alarm of metricAlarms) checkAlarm(alarm);
  const compositeRules = rulesOf(alarms);
  /** Composite alarms that are to be evaluated, since one that they look at changed. */
  const stale = new Set<string>();
  const records = new Map<string, AlarmRecord>();
  const history: PlacedHistoryItem[] = [];
  let places = 0;
  for (const entry of journal.entries) apply(entry);
  reconcile();
  for (const name of leftBehind()) stale.add(name);

  function apply({ alarmName, record, history: items }: MonitorEntry): void {
    if (record === null) records.delete(alarmName);
    else records.set(alarmName, record);
    for (const item of items) history.push({ ...item, place: places++ });
    const newest = history.at(-1)?.at ?? 0;
    const kept = history.findIndex(({ at }) => at >= newest - HISTORY_KEPT);
    history.splice(0, Math.max(kept, history.length - HISTORY_ITEMS));
  }

  function write(entry: MonitorEntry): void {
    journal.append(entry);
    apply(entry);
  }

  /** Makes the records those of the deployment: an update keeps an alarm's state, as AWS does. */
  function reconcile(): void {
    const at = clock.now();
    for (const alarm of alarms) {
      const known = records.get(alarm.name);
      if (known === undefined) {
        const state: StateRecord = { value: "INSUFFICIENT_DATA", reason: INITIAL_REASON };
        configure("Create", {
          alarm,
          state,
          stateUpdatedAt: at,
          stateTransitionedAt: at,
          configurationUpdatedAt: at,
          actionsEnabled: alarm.actionsEnabled,
        });
      } else if (!isDeepStrictEqual(known.alarm, alarm)) {
        configure("Update", {
          ...known,
          alarm,
          configurationUpdatedAt: at,
          actionsEnabled: alarm.actionsEnabled,
        });
      }
    }
    const deployed = new Set(alarms.map(({ name }) => name));
    for (const record of [...records.values()]) {
      if (deployed.has(record.alarm.name)) continue;
      const { alarm, actionsEnabled, state } = record;
      write({
        alarmName: alarm.name,
        record: null,
        history: [configurationItem("Delete", alarm, actionsEnabled, state.value, at)],
      });
    }
  }

  function configure(type: "Create" | "Update", record: AlarmRecord): void {
    const { alarm, actionsEnabled, state, configurationUpdatedAt: at } = record;
    write({
      alarmName: alarm.name,
      record,
      history: [configurationItem(type, alarm, actionsEnabled, state.value, at)],
    });
  }

  function change(
    record: AlarmRecord,
    state: StateRecord,
    at: number,
    triggeringChildren: readonly TriggeringChild[] = [],
  ): void {
    const { alarm } = record;
    const isTransition = record.state.value !== state.value;
    if (isTransition) {
      for (const [name, rule] of compositeRules) {
        if (childrenOf(rule).includes(alarm.name)) stale.add(name);
      }
    }
    // Whoever is to be told is told first: a kill in between repeats a notice and loses none.
    write({
      alarmName: alarm.name,
      record: {
        ...record,
        state,
        stateUpdatedAt: at,
        stateTransitionedAt: isTransition ? at : record.stateTransitionedAt,
      },
      history: isTransition
        ? [
            stateItem(alarm, record.state, state, at),
            ...runActions(record, state, at, triggeringChildren),
          ]
        : [],
    });
  }

  function runActions(
    record: AlarmRecord,
    state: StateRecord,
    at: number,
    triggeringChildren: readonly TriggeringChild[],
  ): HistoryItem[] {
    const { alarm, configurationUpdatedAt } = record;
    if (!record.actionsEnabled) return [];
    const notification = alarmNotification(
      {
        alarm,
        from: record.state.value,
        to: state.value,
        reason: state.reason,
        at,
        configurationUpdatedAt,
        triggeringChildren,
      },
      account,
    );
    return actionsOf(alarm, state.value).map((action) => {
      try {
        notify(action, notification);
        return actionItem(alarm, action, notification, at);
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        return actionItem(alarm, action, notification, at, failure);
      }
    });
  }

  function evaluate(record: AlarmRecord, alarm: MetricAlarm, at: number): void {
    const key = {
      namespace: alarm.namespace,
      name: alarm.metricName,
      dimensions: alarm.dimensions,
    };
    const totalAt = (start: number) =>
      metrics.total(key, { start, end: start + alarm.period * 1000 });
    const valueIn = (total: StatisticSet | undefined) =>
      total === undefined ? null : statisticOf[alarm.statistic](total);
    const timestamps = evaluationRange(alarm, at);
    const totals = timestamps.map(totalAt);
    const currentState = record.state.value;
    const decision: Decision = isAnomaly(alarm)
      ? evaluateAnomaly(alarm, (start) => valueIn(totalAt(start)), timestamps, currentState)
      : evaluateAlarm({ ...alarm, datapoints: totals.map(valueIn), timestamps, currentState });
    const { state, reason, evaluated, upperThresholds } = decision;
    if (state === currentState) return;
    const reasonData = stateReasonDocument({
      statistic: alarm.statistic,
      period: alarm.period,
      threshold: isAnomaly(alarm) ? undefined : alarm.threshold,
      upperThresholds:
        upperThresholds && evaluated.flatMap((index) => upperThresholds[index] ?? []),
      queryDate: at,
      evaluatedDatapoints: evaluated.map((index) => ({
        timestamp: timestamps[index] ?? at,
        ...(totals[index] === undefined
          ? {}
          : { sampleCount: totals[index].sampleCount, value: valueIn(totals[index]) ?? 0 }),
      })),
    });
    change(record, { value: state, reason, reasonData }, at);
  }

  /** Composite alarms follow the alarms that they look at, others of their kind among them. */
  function follow(at: number): void {
    // With rules that look at each other there is no end to it.
    for (let depth = 0; stale.size > 0 && depth <= compositeRules.size; depth++) {
      const names = [...stale];
      stale.clear();
      for (const name of names) evaluateComposite(name, at);
    }
  }

  function evaluateComposite(name: string, at: number): void {
    const record = records.get(name);
    const rule = compositeRules.get(name);
    if (record === undefined || rule === undefined) return;
    const { alarm, state } = record;
    const value = holds(rule, (child) => records.get(child)?.state.value) ? "ALARM" : "OK";
    if (value === state.value) return;
    const last = lastChanged(rule);
    const trigger = last && {
      arn: last.alarm.arn,
      state: last.state.value,
      at: last.stateTransitionedAt,
    };
    const isNew = state.reason === INITIAL_REASON;
    change(record, compositeState(alarm.arn, value, isNew, trigger), at, trigger ? [trigger] : []);
  }

  /** Of the alarms that a rule looks at, that which changed last. */
  function lastChanged(rule: AlarmRule): AlarmRecord | undefined {
    return childrenOf(rule)
      .flatMap((child) => records.get(child) ?? [])
      .sort((a, b) => b.stateTransitionedAt - a.stateTransitionedAt)[0];
  }

  /** Composite alarms that are new, have a new rule, or that a kill may have kept from following. */
  function leftBehind(): string[] {
    return [...compositeRules].flatMap(([name, rule]) => {
      const { stateUpdatedAt = 0, configurationUpdatedAt = 0 } = records.get(name) ?? {};
      const changedAt = lastChanged(rule)?.stateTransitionedAt ?? 0;
      return Math.max(changedAt, configurationUpdatedAt) >= stateUpdatedAt ? name : [];
    });
  }

  const intervals = new Map(metricAlarms.map((alarm) => [alarm.name, evaluationInterval(alarm)]));
  const tick = Math.min(...intervals.values());
  let due = 0;
  let cancel: (() => void) | undefined;

  function run(): void {
    const now = clock.now();
    due = Math.max(due, floor(now - MADE_UP, tick));
    for (; due <= now; due += tick) {
      for (const record of [...records.values()]) {
        const { alarm } = record;
        if (!isMetricAlarm(alarm)) continue;
        // What is made up must not undo what was set or deployed since.
        const settledAt = Math.max(record.stateUpdatedAt, record.configurationUpdatedAt);
        const interval = intervals.get(alarm.name) ?? tick;
        if (due > settledAt && due % interval === 0) evaluate(record, alarm, due);
      }
      follow(due);
    }
    if (cancel !== undefined) cancel = clock.after(due - clock.now(), run);
  }

  /** When the alarms' metrics last had data: up to then the process before this one evaluated them. */
  function lastDataAt(): number {
    const watched = new Set(
      metricAlarms.map(({ namespace, metricName }) => `${namespace} ${metricName}`),
    );
    return metrics
      .list()
      .filter(({ namespace, name }) => watched.has(`${namespace} ${name}`))
      .reduce((latest, { updatedAt }) => Math.max(latest, updatedAt), 0);
  }

  return {
    start: () => {
      if (metricAlarms.length === 0 || cancel !== undefined) return;
      const now = clock.now();
      due = floor(Math.min(now, lastDataAt() || now), tick) + tick;
      cancel = () => {};
      follow(now);
      run();
    },
    stop: () => {
      cancel?.();
      cancel = undefined;
    },
    alarms: () => [...records.values()].sort((a, b) => (a.alarm.name < b.alarm.name ? -1 : 1)),
    find: (alarmName) => records.get(alarmName),
    history: () => history.toReversed(),
    setState: (alarmName, state) => {
      const record = records.get(alarmName);
      if (record === undefined) return;
      change(record, state, clock.now());
      stale.delete(alarmName); // until one that it looks at changes, it stays as it was set
      follow(clock.now());
    },
    setActionsEnabled: (alarmName, actionsEnabled) => {
      const record = records.get(alarmName);
      if (record === undefined || record.actionsEnabled === actionsEnabled) return;
      configure("Update", {
        ...record,
        actionsEnabled,
        configurationUpdatedAt: clock.now(),
      });
    },
  };
}

/** @throws Error naming the composite alarm, when AWS would refuse its rule */
function rulesOf(alarms: readonly Alarm[]): ReadonlyMap<string, AlarmRule> {
  const names = new Set(alarms.map(({ name }) => name));
  return new Map(alarms.filter(isComposite).map((alarm) => [alarm.name, ruleOf(alarm, names)]));
}

function ruleOf({ name, rule }: CompositeAlarm, names: ReadonlySet<string>): AlarmRule {
  try {
    const parsed = parseAlarmRule(rule);
    const unknown = childrenOf(parsed).filter((child) => !names.has(child));
    if (unknown.length > 0) throw new Error(`There is no alarm ${unknown.join(", ")}.`);
    return parsed;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`AWS would refuse the composite alarm ${name}: ${why} Its rule is ${rule}`, {
      cause: error,
    });
  }
}

function compositeState(
  arn: string,
  value: AlarmState,
  isNew: boolean,
  trigger: TriggeringChild | undefined,
): StateRecord {
  const reason =
    isNew || trigger === undefined
      ? `${arn} was created and its alarm rule evaluates to ${value}`
      : `${trigger.arn} transitioned to ${trigger.state} at ${mailTime(trigger.at)}`;
  const triggeringAlarms = (trigger === undefined ? [] : [trigger]).map(({ arn, state, at }) => ({
    arn,
    state: { value: state, timestamp: jsonTime(at) },
  }));
  return { value, reason, reasonData: { triggeringAlarms } };
}

function actionsOf(alarm: Alarm, state: AlarmState): readonly string[] {
  switch (state) {
    case "ALARM":
      return alarm.alarmActions;
    case "OK":
      return alarm.okActions;
    case "INSUFFICIENT_DATA":
      return alarm.insufficientDataActions;
  }
}

const floor = (time: number, step: number) => time - (time % step);
