import { z } from "zod";
import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import { text, time } from "../../shared/input.ts";
import type { AwsStructure } from "../../shared/operation.ts";
import { Name, pageOf, readRequest } from "../request.ts";
import { AlarmNames, AlarmState, AlarmTypes, MaxRecords } from "./describe-alarms.ts";
import type { Monitor } from "./monitor.ts";

const DescribeAlarmHistory = z.object({
  AlarmName: Name.optional(),
  AlarmTypes: AlarmTypes.default(["MetricAlarm"]),
  HistoryItemType: z.enum(["ConfigurationUpdate", "StateUpdate", "Action"]).optional(),
  StartDate: time().default(Number.NEGATIVE_INFINITY),
  EndDate: time().default(Number.POSITIVE_INFINITY),
  ScanBy: z.enum(["TimestampDescending", "TimestampAscending"]).default("TimestampDescending"),
  MaxRecords,
  NextToken: text().optional(),
});

const SetAlarmState = z.object({
  AlarmName: Name,
  StateValue: AlarmState,
  StateReason: text({ max: 1023 }),
  StateReasonData: text({ max: 4000 }).optional(),
});

const SetActionsEnabled = z.object({ AlarmNames });

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html */
export function describeAlarmHistory(input: unknown, monitor: Monitor): AwsStructure {
  const request = readRequest(DescribeAlarmHistory, input);
  const matching = monitor
    .history()
    .filter(
      ({ alarmName, alarmType, type, at }) =>
        (request.AlarmName === undefined || alarmName === request.AlarmName) &&
        request.AlarmTypes.includes(alarmType ?? "MetricAlarm") &&
        (request.HistoryItemType === undefined || type === request.HistoryItemType) &&
        at >= request.StartDate &&
        at <= request.EndDate,
    );
  const isAscending = request.ScanBy === "TimestampAscending";
  const { items, nextToken } = pageOf(
    isAscending ? matching.toReversed() : matching,
    request.MaxRecords,
    request.NextToken,
    ({ position }) => String(position),
  );
  return {
    AlarmHistoryItems: items.map((item) => ({
      AlarmName: item.alarmName,
      AlarmType: item.alarmType ?? "MetricAlarm",
      Timestamp: new Date(item.at),
      HistoryItemType: item.type,
      HistorySummary: item.summary,
      HistoryData: item.data,
    })),
    NextToken: nextToken,
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html */
export function setAlarmState(input: unknown, monitor: Monitor): AwsStructure {
  const { AlarmName, StateValue, StateReason, StateReasonData } = readRequest(SetAlarmState, input);
  if (monitor.find(AlarmName) === undefined) throw new AwsError("ResourceNotFound", "", 404);
  if (StateReasonData !== undefined && !isJson(StateReasonData)) {
    throw new AwsError("InvalidFormat", "StateReasonData must be valid JSON.");
  }
  monitor.setState(AlarmName, {
    value: StateValue,
    reason: StateReason,
    ...(StateReasonData === undefined ? {} : { reasonData: StateReasonData }),
  });
  return {};
}

/**
 * Implements EnableAlarmActions and DisableAlarmActions. Unknown alarms are ignored.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_EnableAlarmActions.html
 */
export function setAlarmActions(input: unknown, monitor: Monitor, enabled: boolean): AwsStructure {
  const { AlarmNames: names } = readRequest(SetActionsEnabled, input);
  for (const name of names) monitor.setActionsEnabled(name, enabled);
  return {};
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
