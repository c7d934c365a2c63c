import type { Operations } from "../shared/operation.ts";
import {
  describeAlarmContributors,
  describeAlarmHistory,
  setAlarmActions,
  setAlarmState,
} from "./alarms/alarm-operations.ts";
import type { AlarmRecord, StoredHistoryItem } from "./alarms/alarm-store.ts";
import { describeAlarms } from "./alarms/describe-alarms.ts";
import {
  createMonitor,
  type MonitorOptions,
  notModelled as notModelledOfMonitor,
} from "./alarms/monitor.ts";
import {
  getMetricStatistics,
  listMetrics,
  notModelled as notModelledOfMetricOperations,
  putMetricData,
} from "./metrics/metric-operations.ts";
import { notModelled as notModelledOfMetrics } from "./metrics/metrics.ts";

export interface CloudWatch {
  readonly operations: Operations;
  /** Starts to evaluate the alarms. */
  readonly start: () => void;
  readonly stop: () => void;
  readonly state: () => CloudWatchState;
}

export interface CloudWatchState {
  /** Sorted by name. */
  readonly alarms: readonly AlarmRecord[];
  /** Newest first. */
  readonly history: readonly StoredHistoryItem[];
}

export const notModelled: readonly string[] = [
  "Alarms come from the stacks. PutMetricAlarm and DeleteAlarms are recorded and change nothing. There are no PutCompositeAlarm and no mute rules.",
  ...notModelledOfMonitor,
  ...notModelledOfMetrics,
  ...notModelledOfMetricOperations,
];

/**
 * Emulates CloudWatch metrics, and the alarms of the deployment with their evaluation.
 * @throws Error that names the alarm, if AWS would reject one
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
 */
export function createCloudWatch(options: MonitorOptions): CloudWatch {
  const { clock, metrics } = options;
  const monitor = createMonitor(options);
  return {
    operations: {
      DescribeAlarms: (input) => describeAlarms(input, monitor.alarms()),
      DescribeAlarmHistory: (input) => describeAlarmHistory(input, monitor),
      DescribeAlarmContributors: (input) => describeAlarmContributors(input, monitor),
      SetAlarmState: (input) => setAlarmState(input, monitor),
      EnableAlarmActions: (input) => setAlarmActions(input, monitor, true),
      DisableAlarmActions: (input) => setAlarmActions(input, monitor, false),
      ListMetrics: (input) => listMetrics(input, metrics, clock.now()),
      GetMetricStatistics: (input) => getMetricStatistics(input, metrics, clock.now()),
      PutMetricData: (input) => putMetricData(input, metrics, clock.now()),
    },
    start: monitor.start,
    stop: monitor.stop,
    state: () => ({ alarms: monitor.alarms(), history: monitor.history() }),
  };
}
