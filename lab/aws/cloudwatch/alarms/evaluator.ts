import { isGroupedAlarm, isMetricAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import type { Account } from "../../../../cloudwatch/alarm/notification.ts";
import { evaluationInterval } from "../../../../cloudwatch/alarm/range.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { type Notify, runActions, type Transition } from "./actions.ts";
import type { AlarmRecord, AlarmStore } from "./alarm-store.ts";
import {
  type CompositeRules,
  evaluateComposite,
  outdatedComposites,
  parentsOf,
} from "./composite-alarms.ts";
import { changeGroupedAlarm } from "./grouped-alarms.ts";
import { type HistoryItem, type StateRecord, stateItem } from "./history.ts";
import { evaluateMetricAlarm } from "./metric-alarms.ts";

export interface EvaluatorOptions {
  readonly store: AlarmStore;
  readonly rules: CompositeRules;
  readonly account: Account;
  readonly metrics: Metrics;
  readonly notify: Notify;
}

/** Changes the states of alarms. All times are epoch milliseconds. */
export interface Evaluator {
  /** Evaluates the metric alarms whose interval ends at this time. */
  readonly evaluateMetricAlarms: (at: number) => void;
  /** Evaluates the composite alarms that refer to an alarm that changed since the last call. */
  readonly evaluateComposites: (at: number) => void;
  /** Sets the state of an alarm. Does nothing for an unknown alarm. */
  readonly setState: (alarmName: string, state: StateRecord, at: number) => void;
}

export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { store, rules, metrics } = options;
  /** The names of the composite alarms to evaluate. */
  const outdated = new Set(outdatedComposites(rules, store.records));

  function applyState(transition: Transition): void {
    const { record, state, at } = transition;
    const isTransition = record.state.value !== state.value;
    // Publish before journaling: at-least-once delivery if the process is killed in between.
    const actions =
      isTransition && !isGroupedAlarm(record.alarm)
        ? runActions(transition, options.account, options.notify)
        : [];
    const change = isTransition ? [stateItem(record.alarm, record.state, state, at)] : [];
    writeState(record, state, at, [...change, ...actions]);
  }

  function writeState(
    record: AlarmRecord,
    state: StateRecord,
    at: number,
    history: readonly HistoryItem[],
  ): void {
    const { alarm } = record;
    const isTransition = record.state.value !== state.value;
    if (isTransition) for (const parent of parentsOf(alarm.name, rules)) outdated.add(parent);
    store.write({
      alarmName: alarm.name,
      record: {
        ...record,
        state,
        stateUpdatedAt: at,
        stateTransitionedAt: isTransition ? at : record.stateTransitionedAt,
      },
      history,
    });
  }

  function evaluateComposites(at: number): void {
    // Limit the rounds, because rules that refer to each other might never settle.
    for (let round = 0; outdated.size > 0 && round <= rules.size; round++) {
      const names = [...outdated];
      outdated.clear();
      for (const name of names) {
        const record = store.records.get(name);
        const rule = rules.get(name);
        if (record === undefined || rule === undefined) continue;
        const change = evaluateComposite(record, rule, store.records);
        if (change !== undefined) applyState({ record, ...change, at });
      }
    }
  }

  return {
    evaluateMetricAlarms: (at) => {
      for (const record of [...store.records.values()]) {
        const { alarm } = record;
        if (!isMetricAlarm(alarm) || at % evaluationInterval(alarm) !== 0) continue;
        // A late evaluation must not override a state or a configuration that was set after `at`.
        if (at <= Math.max(record.stateUpdatedAt, record.configurationUpdatedAt)) continue;
        if (isGroupedAlarm(alarm)) {
          const change = changeGroupedAlarm(record, alarm, at, options);
          if (change !== undefined) writeState(change.record, change.state, at, change.history);
          continue;
        }
        const state = evaluateMetricAlarm(alarm, record.state.value, metrics, at);
        if (state !== undefined) applyState({ record, state, at });
      }
    },
    evaluateComposites,
    setState: (alarmName, state, at) => {
      const record = store.records.get(alarmName);
      if (record === undefined) return;
      applyState({ record, state, at });
      // A composite alarm keeps this state until an alarm that it refers to changes.
      outdated.delete(alarmName);
      evaluateComposites(at);
    },
  };
}
