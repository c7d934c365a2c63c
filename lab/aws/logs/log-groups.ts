import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { flag, text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import {
  DescribeLimit,
  GroupIdentifier,
  GroupName,
  groupArn,
  invalid,
  NextToken,
  pageOf,
  readRequest,
  requireGroup,
  requireGroupOf,
  StreamName,
} from "./request.ts";
import type { LogGroup, LogStore, LogStream } from "./store.ts";

const DescribeLogGroups = z.object({
  logGroupNamePrefix: GroupName.optional(),
  logGroupNamePattern: text({ max: 512 }).optional(),
  nextToken: NextToken.optional(),
  limit: DescribeLimit,
});

const CreateLogStream = z.object({ logGroupName: GroupName, logStreamName: StreamName });

const DescribeLogStreams = z.object({
  logGroupName: GroupName.optional(),
  logGroupIdentifier: GroupIdentifier.optional(),
  logStreamNamePrefix: StreamName.optional(),
  orderBy: z.enum(["LogStreamName", "LastEventTime"]).default("LogStreamName"),
  descending: flag().default(false),
  nextToken: NextToken.optional(),
  limit: DescribeLimit,
});

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html */
export function describeLogGroups(
  input: unknown,
  store: LogStore,
  filterCount: (logGroupName: string) => number,
): AwsStructure {
  const request = readRequest(DescribeLogGroups, input);
  const { logGroupNamePrefix: prefix = "", logGroupNamePattern: substring = "" } = request;
  if (prefix !== "" && substring !== "") {
    throw invalid(
      "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    );
  }
  const groups = [...store.groups.values()].filter(
    ({ deployed: { name } }) => name.startsWith(prefix) && name.includes(substring),
  );
  const { items, nextToken } = pageOf(groups, request, ({ deployed }) => deployed.name);
  return {
    logGroups: items.map((group) => describeGroup(group, filterCount(group.deployed.name))),
    nextToken,
  };
}

function describeGroup(group: LogGroup, metricFilterCount: number): AwsStructure {
  const { name, retentionInDays, kmsKeyArn } = group.deployed;
  return {
    logGroupName: name,
    creationTime: group.createdAt,
    retentionInDays,
    metricFilterCount,
    arn: `${groupArn(group)}:*`,
    logGroupArn: groupArn(group),
    storedBytes: group.storedBytes,
    kmsKeyId: kmsKeyArn,
    logGroupClass: "STANDARD",
    deletionProtectionEnabled: false,
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html */
export function createLogStream(input: unknown, store: LogStore): AwsStructure {
  const { logGroupName, logStreamName } = readRequest(CreateLogStream, input);
  if (requireGroup(store, logGroupName).streams.has(logStreamName)) {
    throw new AwsError("ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  store.createStream(logGroupName, logStreamName);
  return {};
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
export function describeLogStreams(
  input: unknown,
  store: LogStore,
  account: { readonly region: string; readonly accountId: string },
): AwsStructure {
  const request = readRequest(DescribeLogStreams, input);
  const group = requireGroupOf(request, store, account);
  const { logStreamNamePrefix: prefix = "", orderBy, descending } = request;
  if (orderBy === "LastEventTime" && prefix !== "") {
    throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const streams = [...group.streams.values()]
    .filter(({ name }) => name.startsWith(prefix))
    .sort((a, b) => {
      const byTime = orderBy === "LastEventTime" ? (a.lastEventAt ?? 0) - (b.lastEventAt ?? 0) : 0;
      return byTime || (a.name < b.name ? -1 : 1);
    });
  const { items, nextToken } = pageOf(
    descending ? streams.toReversed() : streams,
    request,
    ({ name }) => name,
  );
  return { logStreams: items.map((stream) => describeStream(group, stream)), nextToken };
}

function describeStream(group: LogGroup, stream: LogStream): AwsStructure {
  return {
    arn: `${groupArn(group)}:log-stream:${stream.name}`,
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    firstEventTimestamp: stream.firstEventAt,
    lastEventTimestamp: stream.lastEventAt,
    lastIngestionTime: stream.lastIngestionAt,
    // AWS has returned 0 for every stream since 2019.
    storedBytes: 0,
  };
}
