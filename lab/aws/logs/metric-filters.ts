import { z } from "zod";
import type { MetricFilter } from "../../../cloudwatch/metric-filter.ts";
import { extractValues, matches } from "../../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../../cloudwatch/pattern/parse.ts";
import { list, text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import {
  DescribeLimit,
  FilterPattern,
  GroupName,
  invalid,
  NextToken,
  pageOf,
  readRequest,
  requireGroup,
} from "./request.ts";
import type { LogStore } from "./store.ts";

const TestMetricFilter = z.object({
  filterPattern: FilterPattern,
  logEventMessages: list(text({ min: 1 }), { min: 1, max: 50 }),
});

const DescribeMetricFilters = z.object({
  logGroupName: GroupName.optional(),
  filterNamePrefix: text({ min: 1, max: 512 }).optional(),
  metricName: text({ max: 255 }).optional(),
  metricNamespace: text({ max: 255 }).optional(),
  nextToken: NextToken.optional(),
  limit: DescribeLimit,
});

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html */
export function testMetricFilter(input: unknown): AwsStructure {
  const { filterPattern, logEventMessages } = readRequest(TestMetricFilter, input);
  const pattern = parsePattern(filterPattern);
  return {
    matches: logEventMessages.flatMap((eventMessage, index) =>
      matches(pattern, eventMessage)
        ? [
            {
              eventNumber: index + 1,
              eventMessage,
              extractedValues: extractValues(pattern, eventMessage),
            },
          ]
        : [],
    ),
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeMetricFilters.html */
export function describeMetricFilters(
  input: unknown,
  metricFilters: readonly MetricFilter[],
  store: LogStore,
): AwsStructure {
  const request = readRequest(DescribeMetricFilters, input);
  const { logGroupName, metricName, metricNamespace } = request;
  if ((metricName === undefined) !== (metricNamespace === undefined)) {
    throw invalid("metricName and metricNamespace must be specified together.");
  }
  if (logGroupName !== undefined) requireGroup(store, logGroupName);
  // AWS ignores the prefix in a request without a log group.
  const prefix = logGroupName === undefined ? "" : (request.filterNamePrefix ?? "");
  const filters = metricFilters
    .filter(
      ({ name, logGroupName: group, transformation }) =>
        (logGroupName === undefined || group === logGroupName) &&
        name.startsWith(prefix) &&
        (metricName === undefined ||
          (transformation.metricName === metricName &&
            transformation.metricNamespace === metricNamespace)),
    )
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const { items, nextToken } = pageOf(filters, request, sortKey);
  return {
    metricFilters: items.map((filter) =>
      describeFilter(filter, requireGroup(store, filter.logGroupName).createdAt),
    ),
    nextToken,
  };
}

const sortKey = ({ name, logGroupName }: MetricFilter) => `${name}\n${logGroupName}`;

function describeFilter(filter: MetricFilter, creationTime: number): AwsStructure {
  const { metricName, metricNamespace, metricValue, defaultValue, unit, dimensions } =
    filter.transformation;
  return {
    filterName: filter.name,
    filterPattern: filter.pattern,
    metricTransformations: [
      { metricName, metricNamespace, metricValue, defaultValue, unit, dimensions },
    ],
    creationTime,
    logGroupName: filter.logGroupName,
    applyOnTransformedLogs: false,
  };
}
