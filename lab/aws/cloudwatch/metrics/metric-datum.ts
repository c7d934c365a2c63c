import { z } from "zod";
import {
  type MetricDatum,
  type StatisticSet,
  statisticSet,
} from "../../../../cloudwatch/metric.ts";
import { double, integer, list, time } from "../../shared/input.ts";
import {
  Dimensions,
  dimensionRecord,
  invalidCombination,
  invalidValue,
  mutuallyExclusive,
  Name,
  UNITS,
} from "../request.ts";

const HOUR = 60 * 60 * 1000;
const TWO_WEEKS = 14 * 24 * HOUR;
/** PutMetricData accepts values from -2^360 to 2^360. */
const MAX_VALUE = 2 ** 360;

/** A member of PutMetricData's `MetricData`. */
export const MetricDatumInput = z.object({
  MetricName: Name,
  Dimensions: Dimensions.default([]),
  Timestamp: time().optional(),
  Value: double().optional(),
  Values: list(double(), { max: 150 }).optional(),
  Counts: list(double(), { max: 150 }).optional(),
  StatisticValues: z
    .object({ SampleCount: double(), Sum: double(), Minimum: double(), Maximum: double() })
    .optional(),
  Unit: z.enum(UNITS).default("None"),
  StorageResolution: integer({ min: 1 }).default(60),
});

type Input = z.infer<typeof MetricDatumInput>;

/**
 * Validates a datum of PutMetricData and converts it to the form in which it is stored.
 * @param path the datum's place in the request, such as `MetricData.member.1`
 * @throws AwsError as PutMetricData does
 */
export function toMetricDatum(
  namespace: string,
  input: Input,
  path: string,
  now: number,
): MetricDatum {
  const { Timestamp: timestamp = now, StorageResolution: resolution } = input;
  if (timestamp < now - TWO_WEEKS) {
    throw invalidValue(
      `The parameter ${path}.Timestamp must specify a time within the past two weeks.`,
    );
  }
  if (timestamp > now + 2 * HOUR) {
    throw invalidValue(
      `The parameter ${path}.Timestamp must specify a time no more than two hours in the future.`,
    );
  }
  if (resolution !== 1 && resolution !== 60) {
    throw invalidValue(
      `The parameter ${path}.StorageResolution must be 1 or 60, not ${resolution}.`,
    );
  }
  return {
    namespace,
    name: input.MetricName,
    dimensions: dimensionRecord(input.Dimensions),
    timestamp,
    unit: input.Unit,
    highResolution: resolution === 1,
    ...statisticsOf(input, path),
  };
}

function statisticsOf(input: Input, path: string): StatisticSet {
  const { Value: value, Values: values, StatisticValues: set } = input;
  const [first, second] = Object.entries({
    Value: value,
    Values: values,
    StatisticValues: set,
  }).flatMap(([name, member]) => (member === undefined ? [] : name));
  if (first === undefined) {
    throw invalidCombination(
      `At least one of the parameters ${path}.Value, ${path}.Values and ${path}.StatisticValues must be specified.`,
    );
  }
  if (second !== undefined) throw mutuallyExclusive(`${path}.${first}`, `${path}.${second}`);
  if (set !== undefined) return fromStatisticValues(set, `${path}.StatisticValues`);
  if (value !== undefined) {
    checkValue(value, `${path}.Value`);
    return statisticSet([value]);
  }
  return fromValues(values ?? [], input.Counts, path);
}

function fromStatisticValues(
  set: NonNullable<Input["StatisticValues"]>,
  path: string,
): StatisticSet {
  const { Sum: sum, SampleCount: sampleCount, Minimum: minimum, Maximum: maximum } = set;
  checkValue(sum, `${path}.Sum`);
  checkValue(minimum, `${path}.Minimum`);
  checkValue(maximum, `${path}.Maximum`);
  if (maximum < minimum) {
    throw invalidValue(`The parameter ${path}.Maximum must be greater than ${path}.Minimum.`);
  }
  checkValue(sampleCount, `${path}.SampleCount`);
  if (sampleCount <= 0) {
    throw invalidValue(`The value ${sampleCount} for parameter ${path}.SampleCount is invalid.`);
  }
  return { sum, sampleCount, minimum, maximum };
}

function fromValues(
  values: readonly number[],
  counts: readonly number[] | undefined,
  path: string,
): StatisticSet {
  for (const [index, value] of values.entries()) {
    checkValue(value, `${path}.Values.member.${index + 1}`);
  }
  if (counts !== undefined && counts.length !== values.length) {
    throw invalidValue(
      `The parameters ${path}.Values and ${path}.Counts must be of the same size.`,
    );
  }
  for (const [index, count] of (counts ?? []).entries()) {
    checkValue(count > 0 ? count : Number.NaN, `${path}.Counts.member.${index + 1}`);
  }
  if (values.length === 0) throw invalidValue(`The parameter ${path}.Values must not be empty.`);
  return statisticSet(values, counts);
}

function checkValue(value: number, parameter: string): void {
  // Also rejects NaN, which compares as false.
  if (Math.abs(value) <= MAX_VALUE) return;
  throw invalidValue(`The value ${value} for parameter ${parameter} is invalid.`);
}
