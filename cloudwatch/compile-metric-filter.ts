import { AwsError } from "./aws-error.ts";
import { type MetricDatum, statisticSet } from "./metric.ts";
import type { LogEvent, MetricFilter } from "./metric-filter.ts";
import type { FilterPattern } from "./pattern/ast.ts";
import { FilterPatternError } from "./pattern/error.ts";
import { readField } from "./pattern/field.ts";
import { matches } from "./pattern/matcher.ts";
import { patternValues } from "./pattern/traversal.ts";
import { isNumber, validateMetricFilter } from "./validate-metric-filter.ts";

export interface CompiledMetricFilter {
  readonly pattern: FilterPattern;
  /** Returns what the filter publishes for one ingested event; `undefined` for nothing. */
  readonly publish: (event: LogEvent) => MetricDatum | undefined;
}

const FILTERS_PER_LOG_GROUP = 100;
const REGEX_FILTERS_PER_LOG_GROUP = 5;

/**
 * Compiles all metric filters of a deployment, by log group name.
 * @throws Error naming the filter, with the error that PutMetricFilter would return
 */
export function compileMetricFilters(
  filters: readonly MetricFilter[],
  logGroups: readonly { readonly name: string }[],
): ReadonlyMap<string, readonly CompiledMetricFilter[]> {
  const compiled = new Map<string, CompiledMetricFilter[]>(logGroups.map(({ name }) => [name, []]));
  const names = new Set<string>();
  for (const filter of filters) {
    const { name, logGroupName, pattern } = filter;
    try {
      const group = compiled.get(logGroupName);
      if (group === undefined) {
        throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
      }
      if (names.has(`${logGroupName}:${name}`)) {
        throw new AwsError(
          "InvalidParameterException",
          "The log group has another filter of this name, which this one would replace.",
        );
      }
      names.add(`${logGroupName}:${name}`);
      group.push(compileMetricFilter(filter));
      validateQuotas(group);
    } catch (cause) {
      if (!(cause instanceof AwsError)) throw cause;
      const detail = cause instanceof FilterPatternError ? ` ${cause.detail}` : "";
      throw new Error(
        `AWS would reject the metric filter ${name} of log group ${logGroupName}: ` +
          `${cause.code}: ${cause.message}${detail} Its pattern is ${pattern}`,
        { cause },
      );
    }
  }
  return compiled;
}

function validateQuotas(group: readonly CompiledMetricFilter[]): void {
  const withRegex = group.filter(({ pattern }) =>
    [...patternValues(pattern)].some(({ type }) => type === "regex"),
  );
  if (group.length > FILTERS_PER_LOG_GROUP || withRegex.length > REGEX_FILTERS_PER_LOG_GROUP) {
    throw new AwsError(
      "LimitExceededException",
      `Resource limit exceeded. A log group can have ${FILTERS_PER_LOG_GROUP} metric filters, ` +
        `${REGEX_FILTERS_PER_LOG_GROUP} of them with a regular expression.`,
    );
  }
}

/** @throws AwsError with the code and message of PutMetricFilter */
export function compileMetricFilter(filter: MetricFilter): CompiledMetricFilter {
  const pattern = validateMetricFilter(filter);
  const { metricName, metricNamespace, metricValue, defaultValue, unit } = filter.transformation;
  const dimensions = Object.entries(filter.transformation.dimensions ?? {});
  const readValue = valueReader(metricValue, pattern);

  function dimensionsOf(message: string): Record<string, string> {
    const values: Record<string, string> = {};
    for (const [dimension, reference] of dimensions) {
      const value = readField(pattern, message, reference);
      // If one field is missing, AWS publishes the value without any dimension.
      if (!["string", "number", "boolean"].includes(typeof value) || value === "") return {};
      values[dimension] = String(value);
    }
    return values;
  }

  const publish = ({ message, timestamp }: LogEvent) => {
    const isMatch = matches(pattern, message);
    const value = isMatch ? readValue(message) : null;
    const published = value === null ? defaultValue : value;
    if (published === undefined) return undefined;
    return {
      namespace: metricNamespace,
      name: metricName,
      dimensions: isMatch ? dimensionsOf(message) : {},
      timestamp,
      unit: unit ?? "None",
      highResolution: false,
      ...statisticSet([published]),
    };
  };
  return { pattern, publish };
}

/** Returns a number to publish, `null` for the default value, or `undefined` for nothing. */
type ValueReader = (message: string) => number | null | undefined;

function valueReader(metricValue: string, pattern: FilterPattern): ValueReader {
  if (isNumber(metricValue)) {
    const constant = Number(metricValue);
    return () => constant;
  }
  return (message) => {
    const value = readField(pattern, message, metricValue);
    if (value === undefined || value === null) return null;
    if (typeof value !== "number" && !(typeof value === "string" && isNumber(value))) {
      return undefined;
    }
    return Number.isFinite(Number(value)) ? Number(value) : undefined;
  };
}
