import { z } from "zod";
import type { Statistic } from "../../../../cloudwatch/alarm/alarm.ts";
import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import { statisticOf } from "../../../../cloudwatch/metric.ts";
import { flag, integer, list, text, time } from "../../shared/input.ts";
import type { AwsStructure } from "../../shared/operation.ts";
import {
  Dimensions,
  dimensionList,
  dimensionRecord,
  invalidCombination,
  invalidValue,
  Name,
  pageOf,
  readRequest,
  readRequiredMembers,
  UNITS,
} from "../request.ts";
import { MetricDatumInput, toMetricDatum } from "./metric-datum.ts";
import type { Metrics } from "./metrics.ts";

export const notModelled: readonly string[] = [
  "GetMetricStatistics does not compute percentiles or other extended statistics.",
  "CloudWatch has no GetMetricData, metric streams or dashboards.",
];

const MAX_DATA_PER_REQUEST = 1000;
const MAX_DATAPOINTS_PER_REQUEST = 1440;
const METRICS_PER_PAGE = 500;
const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TWO_WEEKS = 14 * DAY;

const STATISTICS: readonly Statistic[] = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"];

const ListMetrics = z.object({
  Namespace: Name.optional(),
  MetricName: Name.optional(),
  Dimensions: list(z.object({ Name, Value: text({ min: 1, max: 1024 }).optional() }), {
    max: 10,
  }).default([]),
  RecentlyActive: z.enum(["PT3H"]).optional(),
  IncludeLinkedAccounts: flag().optional(),
  NextToken: text().optional(),
});

const GetMetricStatistics = z.object({
  Namespace: Name,
  MetricName: Name,
  Dimensions: Dimensions.default([]),
  StartTime: time(),
  EndTime: time(),
  Period: integer({ min: 1 }),
  Statistics: list(z.enum(STATISTICS), { max: 5 }).default([]),
  ExtendedStatistics: list(text(), { max: 10 }).default([]),
  Unit: z.enum(UNITS).optional(),
});

const PutMetricData = z.object({
  Namespace: text({ min: 1, max: 255, pattern: /^[^:].*$/ }),
  MetricData: list(MetricDatumInput),
});

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html */
export function listMetrics(input: unknown, metrics: Metrics, now: number): AwsStructure {
  const request = readRequest(ListMetrics, input);
  const oldest = now - (request.RecentlyActive === undefined ? TWO_WEEKS : 3 * HOUR);
  const matching = metrics
    .list()
    .filter(
      ({ namespace, name, dimensions, updatedAt }) =>
        (request.Namespace === undefined || namespace === request.Namespace) &&
        (request.MetricName === undefined || name === request.MetricName) &&
        updatedAt >= oldest &&
        request.Dimensions.every(({ Name, Value }) =>
          Value === undefined ? dimensions[Name] !== undefined : dimensions[Name] === Value,
        ),
    );
  const { items, nextToken } = pageOf(
    matching,
    METRICS_PER_PAGE,
    request.NextToken,
    ({ namespace, name, dimensions }) => JSON.stringify([namespace, name, dimensions]),
  );
  return {
    Metrics: items.map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: dimensionList(dimensions),
    })),
    NextToken: nextToken,
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html */
export function getMetricStatistics(input: unknown, metrics: Metrics, now: number): AwsStructure {
  const request = readRequiredMembers(GetMetricStatistics, input);
  validateStatistics(request);
  const { Period: seconds, Statistics, Unit: unit } = request;
  const key = {
    namespace: request.Namespace,
    name: request.MetricName,
    dimensions: dimensionRecord(request.Dimensions),
  };
  const datapoints = metrics.statistics(key, {
    start: roundedStart(request.StartTime, seconds, now),
    end: request.EndTime,
    seconds,
    unit,
  });
  return {
    Label: request.MetricName,
    Datapoints: datapoints.map((datapoint) => ({
      Timestamp: new Date(datapoint.timestamp),
      ...Object.fromEntries(Statistics.map((name) => [name, statisticOf[name](datapoint)])),
      Unit: datapoint.unit,
    })),
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
export function putMetricData(input: unknown, metrics: Metrics, now: number): AwsStructure {
  const { Namespace, MetricData } = readRequiredMembers(PutMetricData, input);
  if (MetricData.length === 0) {
    throw new AwsError("MissingParameter", "The parameter MetricData is required.");
  }
  if (MetricData.length > MAX_DATA_PER_REQUEST) {
    throw invalidValue(
      `The collection MetricData must not have a size greater than ${MAX_DATA_PER_REQUEST}.`,
    );
  }
  if (Namespace.startsWith("AWS/")) {
    throw invalidValue(`The value ${Namespace} for parameter Namespace is invalid.`);
  }
  metrics.put(
    MetricData.map((datum, index) =>
      toMetricDatum(Namespace, datum, `MetricData.member.${index + 1}`, now),
    ),
  );
  return {};
}

function validateStatistics(request: z.infer<typeof GetMetricStatistics>): void {
  const { Period: seconds, Statistics, ExtendedStatistics, StartTime, EndTime } = request;
  if (![1, 5, 10, 20, 30].includes(seconds) && seconds % 60 !== 0) {
    throw invalidValue(
      `The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, not ${seconds}.`,
    );
  }
  if (StartTime >= EndTime) {
    throw invalidValue("The parameter StartTime must be less than the parameter EndTime.");
  }
  if (ExtendedStatistics.length > 0) {
    throw invalidValue(
      `The lab does not support ExtendedStatistics such as ${ExtendedStatistics.join(", ")}. Use Statistics: ${STATISTICS.join(", ")}.`,
    );
  }
  if (Statistics.length === 0) {
    throw invalidCombination(
      "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
    );
  }
  const count = Math.ceil((EndTime - StartTime) / (seconds * 1000));
  if (count > MAX_DATAPOINTS_PER_REQUEST) {
    throw invalidCombination(
      `You have requested up to ${formatCount(count)} datapoints, which exceeds the limit of ${formatCount(MAX_DATAPOINTS_PER_REQUEST)}. ` +
        "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
    );
  }
}

/** Rounds the start of a range down as GetMetricStatistics does, by a larger step for an older start. */
function roundedStart(start: number, seconds: number, now: number): number {
  const age = now - start;
  const step =
    age > 63 * DAY ? HOUR : age > 15 * DAY ? 5 * MINUTE : seconds < 60 ? seconds * 1000 : MINUTE;
  return start - (start % step);
}

/** Formats a number with thousands separators. */
const formatCount = (number: number) => number.toLocaleString("en-US");
