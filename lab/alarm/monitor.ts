import { isDeepStrictEqual } from "node:util";
import { type Metrics, statisticOf } from "../aws/metrics.ts";
import type { Clock } from "../clock.ts";
import type { DeployedAlarm } from "../deployment.ts";
import type { Journal } from "../journal.ts";
import type { Json } from "./doubles.ts";
import { type AlarmEvaluation, type AlarmState, evaluateAlarm } from "./evaluate.ts";
import {
  actionItem,
  configurationItem,
  type HistoryItem,
  type StateRecord,
  stateItem,
} from "./history.ts";
import { checkAlarm } from "./limits.ts";
import { type Account, alarmNotification, type Notification } from "./notification.ts";
import { evaluationInterval, evaluationRange } from "./range.ts";
import { INITIAL_REASON, stateReasonDocument } from "./reason.ts";

/** An alarm as it stands. Times are milliseconds since the epoch. */
export interface AlarmRecord {
  readonly alarm: DeployedAlarm;
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
 * at every ten seconds, and runs their actions when a state changes. A new alarm starts in
 * INSUFFICIENT_DATA. States and history are in the journal, so that they survive a kill.
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
  readonly alarms: readonly DeployedAlarm[];
  readonly metrics: Metrics;
  /** Publishes to a topic; throws when it cannot. */
  readonly notify: (topicArn: string, notification: Notification) => void;
  readonly journal: Journal<MonitorEntry>;
}): Monitor {
  for (const alarm of alarms) checkAlarm(alarm);
  const records = new Map<string, AlarmRecord>();
  const history: PlacedHistoryItem[] = [];
  let places = 0;
  for (const entry of journal.entries) apply(entry);
  reconcile();

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

  function change(record: AlarmRecord, state: StateRecord, at: number): void {
    const { alarm } = record;
    const isTransition = record.state.value !== state.value;
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
        ? [stateItem(alarm.name, record.state, state, at), ...runActions(record, state, at)]
        : [],
    });
  }

  function runActions(record: AlarmRecord, state: StateRecord, at: number): HistoryItem[] {
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
      },
      account,
    );
    return actionsOf(alarm, state.value).map((action) => {
      try {
        notify(action, notification);
        return actionItem(alarm.name, action, notification, at);
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        return actionItem(alarm.name, action, notification, at, failure);
      }
    });
  }

  function evaluate(record: AlarmRecord, at: number): void {
    const { alarm } = record;
    const key = {
      namespace: alarm.namespace,
      name: alarm.metricName,
      dimensions: alarm.dimensions,
    };
    const timestamps = evaluationRange(alarm, at);
    const totals = timestamps.map((start) =>
      metrics.total(key, { start, end: start + alarm.period * 1000 }),
    );
    const datapoints = totals.map((total) => (total ? statisticOf[alarm.statistic](total) : null));
    const evaluation = evaluateAlarm({
      ...alarm,
      datapoints,
      timestamps,
      currentState: record.state.value,
    });
    if (evaluation.state === record.state.value) return;
    const evaluatedDatapoints = evaluation.evaluated.map((index) => ({
      timestamp: timestamps[index] ?? at,
      ...(totals[index] === undefined
        ? {}
        : { sampleCount: totals[index].sampleCount, value: datapoints[index] ?? 0 }),
    }));
    change(record, stateRecord(evaluation, { ...alarm, queryDate: at, evaluatedDatapoints }), at);
  }

  const intervals = new Map(alarms.map((alarm) => [alarm.name, evaluationInterval(alarm)]));
  const tick = Math.min(...intervals.values());
  let due = 0;
  let cancel: (() => void) | undefined;

  function run(): void {
    const now = clock.now();
    due = Math.max(due, floor(now - MADE_UP, tick));
    for (; due <= now; due += tick) {
      for (const record of [...records.values()]) {
        // What is made up must not undo what was set or deployed since.
        const settledAt = Math.max(record.stateUpdatedAt, record.configurationUpdatedAt);
        const interval = intervals.get(record.alarm.name) ?? tick;
        if (due > settledAt && due % interval === 0) evaluate(record, due);
      }
    }
    if (cancel !== undefined) cancel = clock.after(due - clock.now(), run);
  }

  /** When the alarms' metrics last had data: up to then the process before this one evaluated them. */
  function lastDataAt(): number {
    const watched = new Set(
      alarms.map(({ namespace, metricName }) => `${namespace} ${metricName}`),
    );
    return metrics
      .list()
      .filter(({ namespace, name }) => watched.has(`${namespace} ${name}`))
      .reduce((latest, { updatedAt }) => Math.max(latest, updatedAt), 0);
  }

  return {
    start: () => {
      if (alarms.length === 0 || cancel !== undefined) return;
      const now = clock.now();
      due = floor(Math.min(now, lastDataAt() || now), tick) + tick;
      cancel = () => {};
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
      if (record !== undefined) change(record, state, clock.now());
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

function stateRecord(
  { state, reason }: AlarmEvaluation,
  data: Parameters<typeof stateReasonDocument>[0],
): StateRecord {
  const reasonData: Json = stateReasonDocument(data);
  return { value: state, reason, reasonData };
}

function actionsOf(alarm: DeployedAlarm, state: AlarmState): readonly string[] {
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
