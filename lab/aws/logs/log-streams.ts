import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { flag } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import {
  DescribeLimit,
  GroupIdentifier,
  GroupName,
  groupArn,
  invalid,
  invalidToken,
  NextToken,
  readRequest,
  requireGroup,
  requireGroupOf,
  StreamName,
} from "./request.ts";
import type { LogGroup, LogStore, LogStream } from "./store.ts";

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
  const { items, nextToken } = page(descending ? streams.toReversed() : streams, {
    limit: request.limit,
    token: request.nextToken,
    keyOf: ({ name }) => name,
    invalidToken: invalidToken(),
  });
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
