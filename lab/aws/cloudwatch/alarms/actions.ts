import type { Alarm, AlarmState } from "../../../../cloudwatch/alarm/alarm.ts";
import {
  type Account,
  alarmNotification,
  type Notification,
  type TriggeringChild,
} from "../../../../cloudwatch/alarm/notification.ts";
import type { AlarmRecord } from "./alarm-store.ts";
import { actionItem, type HistoryItem, type StateRecord } from "./history.ts";

/** Publishes a notification to an SNS topic; throws if the topic does not accept it. */
export type Notify = (topicArn: string, notification: Notification) => void;

/** A transition of an alarm to another state. */
export interface Transition {
  /** The alarm before the transition. */
  readonly record: AlarmRecord;
  readonly state: StateRecord;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The alarm that made a composite alarm change its state. */
  readonly trigger?: TriggeringChild | undefined;
}

export const notModelled: readonly string[] = [
  "Alarm actions must be SNS topics. AWS also supports Lambda, EC2, Auto Scaling and Systems Manager actions.",
];

/** Runs the actions of an alarm for its new state, and returns a history item for each of them. */
export function runActions(
  { record, state, at, trigger }: Transition,
  account: Account,
  notify: Notify,
): readonly HistoryItem[] {
  const { alarm, configurationUpdatedAt, actionsEnabled } = record;
  if (!actionsEnabled) return [];
  const notification = alarmNotification(
    {
      alarm,
      from: record.state.value,
      to: state.value,
      reason: state.reason,
      at,
      configurationUpdatedAt,
      triggeringChildren: trigger === undefined ? [] : [trigger],
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
