import type { Alarm } from "../../../../cloudwatch/alarm/alarm.ts";
import type { Contributor } from "../../../../cloudwatch/alarm/contributors.ts";
import type { Journal } from "../../../state/journal.ts";
import type { HistoryItem, StateRecord } from "./history.ts";

/** An alarm and its current state. Times are epoch milliseconds. */
export interface AlarmRecord {
  readonly alarm: Alarm;
  readonly state: StateRecord;
  /** When the state was last set, to the same or another value. */
  readonly stateUpdatedAt: number;
  /** When the state last changed to another value. */
  readonly stateTransitionedAt: number;
  readonly configurationUpdatedAt: number;
  /** As deployed, or as last set by EnableAlarmActions or DisableAlarmActions. */
  readonly actionsEnabled: boolean;
  /** The contributors in ALARM, for an alarm with `groupBy`. */
  readonly contributors?: readonly ContributorRecord[];
}

/** A contributor in ALARM. */
export interface ContributorRecord extends Contributor {
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly transitionedAt: number;
}

/** A journal entry: the new record of an alarm, or null if it was deleted, with its new history items. */
export interface AlarmsEntry {
  readonly alarmName: string;
  readonly record: AlarmRecord | null;
  readonly history: readonly HistoryItem[];
}

/** A history item with its unique position in the history. */
export interface StoredHistoryItem extends HistoryItem {
  readonly position: number;
}

export interface AlarmStore {
  /** The alarms by name. */
  readonly records: ReadonlyMap<string, AlarmRecord>;
  /** Oldest first, including items of deleted alarms. */
  readonly history: readonly StoredHistoryItem[];
  /** Journals and applies an entry. */
  readonly write: (entry: AlarmsEntry) => void;
}

/** AWS keeps the history for 30 days. */
const HISTORY_KEPT = 30 * 24 * 60 * 60 * 1000;
const MAX_HISTORY_ITEMS = 10_000;

/** Selects the newest record of each alarm, which the journal keeps when it is truncated. */
export function keepRecord({ alarmName, record }: AlarmsEntry) {
  return { key: alarmName, entry: { alarmName, record, history: [] } };
}

/** Holds the alarms and their history of the last 30 days. Replays the journal on creation. */
export function createAlarmStore(journal: Journal<AlarmsEntry>): AlarmStore {
  const records = new Map<string, AlarmRecord>();
  const history: StoredHistoryItem[] = [];
  let nextPosition = 0;
  for (const entry of journal.entries) apply(entry);

  function apply({ alarmName, record, history: items }: AlarmsEntry): void {
    if (record === null) records.delete(alarmName);
    else records.set(alarmName, record);
    for (const item of items) history.push({ ...item, position: nextPosition++ });
    const newest = history.at(-1)?.at ?? 0;
    const firstKept = history.findIndex(({ at }) => at >= newest - HISTORY_KEPT);
    history.splice(0, Math.max(firstKept, history.length - MAX_HISTORY_ITEMS));
  }

  return {
    records,
    history,
    write: (entry) => {
      journal.append(entry);
      apply(entry);
    },
  };
}
