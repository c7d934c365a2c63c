import type { Alarm, AlarmState } from "../../../../cloudwatch/alarm/alarm.ts";
import type { Contributor } from "../../../../cloudwatch/alarm/contributors.ts";
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

/** A transition of an alarm or of one of its contributors to another state. */
export interface Transition {
  /** The alarm before the transition. */
  readonly record: AlarmRecord;
  readonly state: StateRecord;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The alarm that made a composite alarm change its state. */
  readonly trigger?: TriggeringChild | undefined;
  /** Set for a transition of a contributor: the contributor, and its state before. */
  readonly ofContributor?: { readonly contributor: Contributor; readonly from: AlarmState };
}

export const notModelled: readonly string[] = [
  "SetAlarmState runs no actions of an alarm on a Metrics Insights query, because its actions are those of contributors.",
  "Alarm actions must be SNS topics. AWS also supports Lambda, EC2, Auto Scaling and Systems Manager actions.",
];

/**
 * Runs the actions of an alarm for a new state of the alarm or of a contributor.
 * @returns a history item for each action
 */
export function runActions(
  { record, state, at, trigger, ofContributor }: Transition,
  account: Account,
  notify: Notify,
): readonly HistoryItem[] {
  const { alarm, configurationUpdatedAt, actionsEnabled } = record;
  const contributor = ofContributor?.contributor;
  if (!actionsEnabled) return [];
  const notification = alarmNotification(
    {
      alarm,
      from: ofContributor?.from ?? record.state.value,
      to: state.value,
      reason: state.reason,
      at,
      configurationUpdatedAt,
      triggeringChildren: trigger === undefined ? [] : [trigger],
      contributor,
    },
    account,
  );
  return actionsOf(alarm, state.value).map((action) => {
    try {
      notify(action, notification);
      return actionItem(alarm, action, notification, at, { contributor });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return actionItem(alarm, action, notification, at, { failure, contributor });
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
