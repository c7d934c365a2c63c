import { z } from "zod";
import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import {
  type MetricDatum,
  type StatisticSet,
  statisticSet,
} from "../../../../cloudwatch/metric.ts";
import { double, integer, list, text, time } from "../../shared/input.ts";

const HOUR = 60 * 60 * 1000;
const TWO_WEEKS = 14 * 24 * HOUR;
/** PutMetricData takes values from -2^360 to 2^360. */
const MAX_VALUE = 2 ** 360;

export const UNITS = [
  ...["Seconds", "Microseconds", "Milliseconds"],
  ...["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"],
  ...["Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"],
  ...["Percent", "Count"],
  ...["Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second"],
  ...["Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second"],
  ...["Gigabits/Second", "Terabits/Second", "Count/Second", "None"],
];

export const MetricName = text({ min: 1, max: 255 });
export const Dimensions = list(z.object({ Name: MetricName, Value: text({ min: 1, max: 1024 }) }), {
  max: 30,
});

/** A member of PutMetricData's `MetricData`. */
export const MetricDatumInput = z.object({
  MetricName,
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

/**
 * The datum as it is stored.
 * @param where the datum's place in the request, `MetricData.member.1`
 * @throws AwsError as PutMetricData refuses a datum
 */
export function metricDatum(
  namespace: string,
  datum: z.infer<typeof MetricDatumInput>,
  where: string,
  now: number,
): MetricDatum {
  const { Timestamp: timestamp = now, StorageResolution: resolution } = datum;
  if (timestamp < now - TWO_WEEKS) {
    throw invalid(
      `The parameter ${where}.Timestamp must specify a time within the past two weeks.`,
    );
  }
  if (timestamp > now + 2 * HOUR) {
    throw invalid(
      `The parameter ${where}.Timestamp must specify a time no more than two hours in the future.`,
    );
  }
  if (resolution !== 1 && resolution !== 60) {
    throw invalid(`The parameter ${where}.StorageResolution must be 1 or 60; it is ${resolution}.`);
  }
  return {
    namespace,
    name: datum.MetricName,
    dimensions: dimensionRecord(datum.Dimensions),
    timestamp,
    unit: datum.Unit,
    highResolution: resolution === 1,
    ...valuesOf(datum, where),
  };
}

function valuesOf(datum: z.infer<typeof MetricDatumInput>, where: string): StatisticSet {
  const { Value: value, Values: values, Counts: counts, StatisticValues: set } = datum;
  const given = Object.entries({ Value: value, Values: values, StatisticValues: set }).filter(
    ([, member]) => member !== undefined,
  );
  const [first, second] = given;
  if (first === undefined) {
    throw new AwsError(
      "InvalidParameterCombination",
      `At least one of the parameters ${where}.Value, ${where}.Values and ${where}.StatisticValues must be specified.`,
    );
  }
  if (second !== undefined) throw exclusive(`${where}.${first[0]}`, `${where}.${second[0]}`);
  const check = (parameter: string, number: number) => {
    // Written so that NaN does not pass.
    if (Math.abs(number) <= MAX_VALUE) return;
    throw invalid(`The value ${number} for parameter ${where}.${parameter} is invalid.`);
  };
  if (set !== undefined) {
    const { Sum: sum, SampleCount: sampleCount, Minimum: minimum, Maximum: maximum } = set;
    check("StatisticValues.Sum", sum);
    check("StatisticValues.Minimum", minimum);
    check("StatisticValues.Maximum", maximum);
    if (maximum < minimum) {
      throw invalid(
        `The parameter ${where}.StatisticValues.Maximum must be greater than ${where}.StatisticValues.Minimum.`,
      );
    }
    check("StatisticValues.SampleCount", sampleCount);
    if (sampleCount <= 0) {
      throw invalid(
        `The value ${sampleCount} for parameter ${where}.StatisticValues.SampleCount is invalid.`,
      );
    }
    return { sum, sampleCount, minimum, maximum };
  }
  if (value !== undefined) {
    check("Value", value);
    return statisticSet([value]);
  }
  for (const [index, number] of (values ?? []).entries()) {
    check(`Values.member.${index + 1}`, number);
  }
  if (counts !== undefined && counts.length !== values?.length) {
    throw invalid(`The parameters ${where}.Values and ${where}.Counts must be of the same size.`);
  }
  for (const [index, count] of (counts ?? []).entries()) {
    check(`Counts.member.${index + 1}`, count > 0 ? count : Number.NaN);
  }
  if (!values?.length) throw invalid(`The parameter ${where}.Values must not be empty.`);
  return statisticSet(values, counts);
}

export function dimensionRecord(
  dimensions: readonly { readonly Name: string; readonly Value: string }[],
): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));
}

export const invalid = (message: string) => new AwsError("InvalidParameterValue", message);

export function exclusive(one: string, other: string): AwsError {
  return new AwsError(
    "InvalidParameterCombination",
    `The parameters ${one} and ${other} are mutually exclusive and you have specified both.`,
  );
}
