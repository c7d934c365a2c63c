import {
  type Alarm,
  type CompositeAlarm,
  isCompositeAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import {
  type AlarmRule,
  childAlarmNames,
  evaluateAlarmRule,
  parseAlarmRule,
} from "../../../../cloudwatch/alarm/composite.ts";
import type { Json } from "../../../../cloudwatch/alarm/json.ts";
import { emailTime, type TriggeringChild } from "../../../../cloudwatch/alarm/notification.ts";
import { INITIAL_REASON, jsonTime } from "../../../../cloudwatch/alarm/reason.ts";
import type { AlarmRecord, AlarmStore } from "./alarm-store.ts";
import type { StateRecord } from "./history.ts";

/** The parsed rules of the composite alarms, by alarm name. */
export type CompositeRules = ReadonlyMap<string, AlarmRule>;

/** Parses the rules of the composite alarms. @throws Error that names the alarm, if AWS would reject its rule */
export function parseCompositeRules(alarms: readonly Alarm[]): CompositeRules {
  const names = new Set(alarms.map(({ name }) => name));
  return new Map(
    alarms.filter(isCompositeAlarm).map((alarm) => [alarm.name, parseRule(alarm, names)]),
  );
}

/** Returns the names of the composite alarms whose rules refer to an alarm. */
export function parentsOf(alarmName: string, rules: CompositeRules): readonly string[] {
  return [...rules].flatMap(([name, rule]) =>
    childAlarmNames(rule).includes(alarmName) ? name : [],
  );
}

/**
 * Evaluates the rule of a composite alarm.
 * @returns the new state and the alarm that triggered it, or undefined if the state does not change
 */
export function evaluateComposite(
  { alarm, state }: AlarmRecord,
  rule: AlarmRule,
  records: AlarmStore["records"],
): { readonly state: StateRecord; readonly trigger: TriggeringChild | undefined } | undefined {
  const value = evaluateAlarmRule(rule, (child) => records.get(child)?.state.value)
    ? "ALARM"
    : "OK";
  if (value === state.value) return undefined;
  const child = lastChangedChild(rule, records);
  const trigger = child && {
    arn: child.alarm.arn,
    state: child.state.value,
    at: child.stateTransitionedAt,
  };
  const reason =
    state.reason === INITIAL_REASON || trigger === undefined
      ? `${alarm.arn} was created and its alarm rule evaluates to ${value}`
      : `${trigger.arn} transitioned to ${trigger.state} at ${emailTime(trigger.at)}`;
  return { state: { value, reason, reasonData: reasonDataOf(trigger) }, trigger };
}

/**
 * Returns the names of the composite alarms that must be evaluated on start: those that are new or have
 * a new rule, and those whose children changed just before the process was killed.
 */
export function outdatedComposites(
  rules: CompositeRules,
  records: AlarmStore["records"],
): readonly string[] {
  return [...rules].flatMap(([name, rule]) => {
    const { stateUpdatedAt = 0, configurationUpdatedAt = 0 } = records.get(name) ?? {};
    const childChangedAt = lastChangedChild(rule, records)?.stateTransitionedAt ?? 0;
    return Math.max(childChangedAt, configurationUpdatedAt) >= stateUpdatedAt ? name : [];
  });
}

function parseRule({ name, rule }: CompositeAlarm, names: ReadonlySet<string>): AlarmRule {
  try {
    const parsed = parseAlarmRule(rule);
    const unknown = childAlarmNames(parsed).filter((child) => !names.has(child));
    if (unknown.length > 0) throw new Error(`There is no alarm ${unknown.join(" or ")}.`);
    return parsed;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(
      `AWS would reject the composite alarm ${name}: ${message} Its rule is ${rule}`,
      { cause: error },
    );
  }
}

function lastChangedChild(
  rule: AlarmRule,
  records: AlarmStore["records"],
): AlarmRecord | undefined {
  return childAlarmNames(rule)
    .flatMap((child) => records.get(child) ?? [])
    .sort((a, b) => b.stateTransitionedAt - a.stateTransitionedAt)[0];
}

function reasonDataOf(trigger: TriggeringChild | undefined): Json {
  const triggeringAlarms = (trigger === undefined ? [] : [trigger]).map(({ arn, state, at }) => ({
    arn,
    state: { value: state, timestamp: jsonTime(at) },
  }));
  return { triggeringAlarms };
}
