import { isDeepStrictEqual } from "node:util";
import { type Alarm, isGroupedAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import { INITIAL_REASON } from "../../../../cloudwatch/alarm/reason.ts";
import type { AlarmRecord, AlarmStore } from "./alarm-store.ts";
import { configurationItem } from "./history.ts";

/**
 * Creates, updates and deletes alarms so that the store has exactly those of the deployment. As in AWS,
 * a new alarm starts in INSUFFICIENT_DATA and an updated one keeps its state.
 */
export function deployAlarms(store: AlarmStore, alarms: readonly Alarm[], at: number): void {
  for (const alarm of alarms) {
    const record = store.records.get(alarm.name);
    if (record === undefined) {
      writeConfiguration(store, "Create", newRecord(alarm, at));
    } else if (!isDeepStrictEqual(record.alarm, alarm)) {
      const { actionsEnabled } = alarm;
      const contributors = isGroupedAlarm(alarm) ? (record.contributors ?? []) : [];
      const updated = {
        ...record,
        alarm,
        configurationUpdatedAt: at,
        actionsEnabled,
        contributors,
      };
      writeConfiguration(store, "Update", updated);
    }
  }
  const deployedNames = new Set(alarms.map(({ name }) => name));
  for (const { alarm, actionsEnabled, state } of [...store.records.values()]) {
    if (deployedNames.has(alarm.name)) continue;
    store.write({
      alarmName: alarm.name,
      record: null,
      history: [configurationItem("Delete", alarm, actionsEnabled, state.value, at)],
    });
  }
}

/** Enables or disables the actions of an alarm. Does nothing for an unknown alarm. */
export function setActionsEnabled(
  store: AlarmStore,
  alarmName: string,
  actionsEnabled: boolean,
  at: number,
): void {
  const record = store.records.get(alarmName);
  if (record === undefined || record.actionsEnabled === actionsEnabled) return;
  writeConfiguration(store, "Update", { ...record, actionsEnabled, configurationUpdatedAt: at });
}

function newRecord(alarm: Alarm, at: number): AlarmRecord {
  return {
    alarm,
    state: { value: "INSUFFICIENT_DATA", reason: INITIAL_REASON },
    stateUpdatedAt: at,
    stateTransitionedAt: at,
    configurationUpdatedAt: at,
    actionsEnabled: alarm.actionsEnabled,
  };
}

function writeConfiguration(
  store: AlarmStore,
  type: "Create" | "Update",
  record: AlarmRecord,
): void {
  const { alarm, actionsEnabled, state, configurationUpdatedAt: at } = record;
  store.write({
    alarmName: alarm.name,
    record,
    history: [configurationItem(type, alarm, actionsEnabled, state.value, at)],
  });
}
