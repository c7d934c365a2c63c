import { z } from "zod";
import { text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import {
  DescribeLimit,
  GroupName,
  groupArn,
  invalid,
  invalidToken,
  NextToken,
  readRequest,
} from "./request.ts";
import type { LogGroup, LogStore } from "./store.ts";

const DescribeLogGroups = z.object({
  logGroupNamePrefix: GroupName.optional(),
  logGroupNamePattern: text({ max: 512 }).optional(),
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
  const { items, nextToken } = page(groups, {
    limit: request.limit,
    token: request.nextToken,
    keyOf: ({ deployed }) => deployed.name,
    invalidToken: invalidToken(),
  });
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
