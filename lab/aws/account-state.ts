import { type Alarm, isAnomalyAlarm, isCompositeAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { CloudTrail } from "./cloudtrail/cloudtrail.ts";
import type { HistoryItem } from "./cloudwatch/alarms/history.ts";
import type { CloudWatch } from "./cloudwatch/cloudwatch.ts";
import type { Metrics } from "./cloudwatch/metrics/metrics.ts";
import type { Logs } from "./logs/logs.ts";
import type { Sns } from "./sns/sns.ts";

/** The recent activity in the account, for the console. Times are ISO 8601 in lab time. */
export interface AwsState {
  /** Emails, oldest first. */
  readonly inbox: readonly object[];
  /** CloudTrail events, newest first, including those not delivered yet. */
  readonly trail: readonly object[];
  readonly alarms: readonly object[];
  readonly metrics: readonly object[];
}

export interface AccountServices {
  readonly cloudWatch: CloudWatch;
  readonly metrics: Metrics;
  readonly cloudTrail: CloudTrail;
  readonly sns: Sns;
  readonly logs: Logs;
}

const MAX_ITEMS = 100;
const MAX_HISTORY_ITEMS = 5;
const METRIC_MINUTES = 60;
const MINUTE = 60_000;

/** Returns the recent activity in the account. @param now the lab time, in epoch milliseconds */
export function accountState(services: Omit<AccountServices, "logs">, now: number): AwsState {
  const { cloudWatch, metrics, cloudTrail, sns } = services;
  return {
    inbox: sns
      .inbox()
      .slice(-MAX_ITEMS)
      .map((mail) => ({ ...mail, at: iso(mail.at) })),
    trail: cloudTrail.recent(MAX_ITEMS).map(({ event, delivered }) => ({ delivered, event })),
    alarms: alarmsOf(cloudWatch),
    metrics: metricsOf(metrics, now),
  };
}

function alarmsOf(cloudWatch: CloudWatch): readonly object[] {
  const { alarms, history } = cloudWatch.state();
  return alarms.map(({ alarm, state, stateUpdatedAt, actionsEnabled, contributors }) => ({
    ...alarm,
    contributors,
    kind: kindOf(alarm),
    actionsEnabled,
    state: state.value,
    reason: state.reason,
    updatedAt: iso(stateUpdatedAt),
    history: history
      .filter(({ alarmName }) => alarmName === alarm.name)
      .slice(0, MAX_HISTORY_ITEMS)
      .map(historyItem),
  }));
}

function kindOf(alarm: Alarm): "threshold" | "anomaly" | "composite" {
  if (isCompositeAlarm(alarm)) return "composite";
  return isAnomalyAlarm(alarm) ? "anomaly" : "threshold";
}

function historyItem({ at, type, summary }: HistoryItem): object {
  return { at: iso(at), type, summary };
}

function metricsOf(metrics: Metrics, now: number): readonly object[] {
  const start = now - (now % MINUTE) - METRIC_MINUTES * MINUTE;
  return metrics.list().map(({ updatedAt, ...key }) => ({
    ...key,
    updatedAt: iso(updatedAt),
    minutes: metrics
      .statistics(key, { start, end: now, seconds: MINUTE / 1000 })
      .map(({ timestamp, ...statistics }) => ({ at: iso(timestamp), ...statistics })),
  }));
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
