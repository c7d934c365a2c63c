import { z } from "zod";
import { isGroupedAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import type { Contributor } from "../../../../cloudwatch/alarm/contributors.ts";
import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import { text, time } from "../../shared/input.ts";
import type { AwsStructure } from "../../shared/operation.ts";
import { Name, pageOf, readRequest } from "../request.ts";
import { AlarmNames, AlarmState, AlarmTypes, MaxRecords } from "./describe-alarms.ts";
import { HISTORY_ITEM_TYPES } from "./history.ts";
import type { Monitor } from "./monitor.ts";

const DescribeAlarmHistory = z.object({
  AlarmName: Name.optional(),
  AlarmTypes: AlarmTypes.default(["MetricAlarm"]),
  AlarmContributorId: text({ min: 1, max: 16 }).optional(),
  HistoryItemType: z.enum(HISTORY_ITEM_TYPES).optional(),
  StartDate: time().default(Number.NEGATIVE_INFINITY),
  EndDate: time().default(Number.POSITIVE_INFINITY),
  ScanBy: z.enum(["TimestampDescending", "TimestampAscending"]).default("TimestampDescending"),
  MaxRecords,
  NextToken: text().optional(),
});

const CONTRIBUTORS_PER_PAGE = 100;

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
  const { HistoryItemType: type, AlarmContributorId: contributorId } = request;
  // Without a type or a contributor, AWS returns no items of contributors.
  const ofContributors = contributorId !== undefined || type?.startsWith("AlarmContributor");
  const matching = monitor
    .history()
    .filter(
      ({ alarmName, alarmType, at, contributor, ...item }) =>
        (request.AlarmName === undefined || alarmName === request.AlarmName) &&
        request.AlarmTypes.includes(alarmType ?? "MetricAlarm") &&
        (type === undefined || item.type === type) &&
        (ofContributors === true) === (contributor !== undefined) &&
        (contributorId === undefined || contributor?.id === contributorId) &&
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
      AlarmContributorId: item.contributor?.id,
      AlarmType: item.alarmType ?? "MetricAlarm",
      Timestamp: new Date(item.at),
      HistoryItemType: item.type,
      HistorySummary: item.summary,
      HistoryData: item.data,
      AlarmContributorAttributes: attributesOf(item.contributor),
    })),
    NextToken: nextToken,
  };
}

const DescribeAlarmContributors = z.object({ AlarmName: Name, NextToken: text().optional() });

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmContributors.html */
export function describeAlarmContributors(input: unknown, monitor: Monitor): AwsStructure {
  const { AlarmName, NextToken } = readRequest(DescribeAlarmContributors, input);
  const record = monitor.find(AlarmName);
  if (record === undefined) {
    const message = `No alarm for name ${AlarmName} was found`;
    throw new AwsError("ResourceNotFoundException", message, 404);
  }
  if (!isGroupedAlarm(record.alarm)) {
    throw new AwsError("ValidationError", `Alarm ${AlarmName} is not a multi time series alarm`);
  }
  const { items, nextToken } = pageOf(
    record.contributors ?? [],
    CONTRIBUTORS_PER_PAGE,
    NextToken,
    ({ id }) => id,
  );
  return {
    AlarmContributors: items.map((contributor) => ({
      ContributorId: contributor.id,
      ContributorAttributes: attributesOf(contributor),
      StateReason: contributor.reason,
      StateTransitionedTimestamp: new Date(contributor.transitionedAt),
    })),
    NextToken: nextToken,
  };
}

const attributesOf = (contributor: Contributor | undefined) =>
  contributor && new Map(Object.entries(contributor.attributes));

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
