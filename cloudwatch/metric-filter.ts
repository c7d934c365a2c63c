import { AwsError } from "./aws-error.ts";
import { type MetricDatum, statisticSet } from "./metric.ts";
import type { FilterPattern } from "./pattern/ast.ts";
import { FilterPatternError } from "./pattern/error.ts";
import { readField } from "./pattern/field.ts";
import { matches } from "./pattern/matcher.ts";
import { parsePattern } from "./pattern/parse.ts";
import { hasWildcard, parseSelector } from "./pattern/selector.ts";

export interface MetricFilter {
  readonly name: string;
  readonly logGroupName: string;
  readonly pattern: string;
  readonly transformation: MetricTransformation;
}

export interface MetricTransformation {
  readonly metricName: string;
  readonly metricNamespace: string;
  /** A number, or `$.path` into the event. */
  readonly metricValue: string;
  readonly defaultValue?: number;
  readonly unit?: string;
  /** Dimension name → `$.path`. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

export interface CompiledMetricFilter {
  readonly pattern: FilterPattern;
  /** What the filter publishes for one ingested event. */
  readonly publish: (event: LogEvent) => MetricDatum | undefined;
}

const FILTERS_PER_LOG_GROUP = 100;
const REGEX_FILTERS_PER_LOG_GROUP = 5;
const MAX_DIMENSIONS = 3;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Every metric filter of the deployment, ready to run, by log group.
 * @throws Error naming the filter, with AWS's own words where PutMetricFilter would refuse it
 */
export function compileMetricFilters(
  filters: readonly MetricFilter[],
  logGroups: readonly { readonly name: string }[],
): ReadonlyMap<string, readonly CompiledMetricFilter[]> {
  const compiled = new Map<string, CompiledMetricFilter[]>(logGroups.map(({ name }) => [name, []]));
  const withRegex = new Map<string, number>();
  const names = new Set<string>();
  for (const filter of filters) {
    const { logGroupName } = filter;
    const group = compiled.get(logGroupName);
    try {
      if (group === undefined) {
        throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
      }
      const name = `${logGroupName}:${filter.name}`;
      if (names.has(name)) {
        throw invalid("The log group has another filter of this name, which it would replace.");
      }
      names.add(name);
      const metricFilter = compileMetricFilter(filter);
      const regexes = (withRegex.get(logGroupName) ?? 0) + (hasRegex(metricFilter.pattern) ? 1 : 0);
      withRegex.set(logGroupName, regexes);
      if (group.length >= FILTERS_PER_LOG_GROUP || regexes > REGEX_FILTERS_PER_LOG_GROUP) {
        throw new AwsError(
          "LimitExceededException",
          `Resource limit exceeded. A log group takes ${FILTERS_PER_LOG_GROUP} metric filters, ` +
            `${REGEX_FILTERS_PER_LOG_GROUP} of them with a regular expression.`,
        );
      }
      group.push(metricFilter);
    } catch (cause) {
      if (!(cause instanceof AwsError)) throw cause;
      const detail = cause instanceof FilterPatternError ? ` ${cause.detail}` : "";
      throw new Error(
        `AWS would refuse the metric filter ${filter.name} of log group ${logGroupName}: ` +
          `${cause.code}: ${cause.message}${detail} Its pattern is ${filter.pattern}`,
        { cause },
      );
    }
  }
  return compiled;
}

/** @throws AwsError as PutMetricFilter would refuse the filter */
export function compileMetricFilter(filter: MetricFilter): CompiledMetricFilter {
  const pattern = checkedPattern(filter);
  const { metricName, metricNamespace, metricValue, defaultValue, unit } = filter.transformation;
  const dimensions = Object.entries(filter.transformation.dimensions ?? {});
  const value = valueReader(metricValue, pattern);

  function dimensionsOf(message: string): Record<string, string> {
    const named: Record<string, string> = {};
    for (const [dimension, reference] of dimensions) {
      const found = readField(pattern, message, reference);
      // One field that is not there, and AWS publishes the value without any dimension.
      if (!["string", "number", "boolean"].includes(typeof found) || found === "") return {};
      named[dimension] = String(found);
    }
    return named;
  }

  const publish = ({ message, timestamp }: LogEvent) => {
    const matched = matches(pattern, message);
    const extracted = matched ? value(message) : null;
    const number = extracted === null ? defaultValue : extracted;
    if (number === undefined) return undefined;
    return {
      namespace: metricNamespace,
      name: metricName,
      dimensions: matched ? dimensionsOf(message) : {},
      timestamp,
      unit: unit ?? "None",
      highResolution: false,
      ...statisticSet([number]),
    };
  };
  return { pattern, publish };
}

function checkedPattern({ name, pattern: source, transformation }: MetricFilter): FilterPattern {
  limit("filterName", name, 512, /^[^:*]+$/);
  limit("metricName", transformation.metricName, 255, /^[^:*$]+$/);
  limit("metricNamespace", transformation.metricNamespace, 255, /^[^:*$]+$/);
  limit("metricValue", transformation.metricValue, 100);
  const pattern = parsePattern(source);
  const dimensions = Object.entries(transformation.dimensions ?? {});
  if (dimensions.length > 0 && transformation.defaultValue !== undefined) {
    throw invalid(
      "Invalid metric transformation: dimensions and default value are mutually exclusive properties",
    );
  }
  if (dimensions.length > 0 && pattern.kind !== "json" && pattern.kind !== "space") {
    throw invalid("The specified filter pattern does not support dimensions");
  }
  if (dimensions.length > MAX_DIMENSIONS) {
    throw invalid(
      `Invalid metric transformation: ${dimensions.length} dimensions; at most ${MAX_DIMENSIONS} are allowed.`,
    );
  }
  for (const [dimension, reference] of dimensions) {
    if (!isReference(reference, pattern)) {
      throw invalid(unreadable(`dimension ${dimension}`, reference));
    }
  }
  return pattern;
}

/** A number to publish, `null` for the default value, `undefined` for nothing. */
type Value = (message: string) => number | null | undefined;

function valueReader(metricValue: string, pattern: FilterPattern): Value {
  if (NUMBER.test(metricValue)) {
    const constant = Number(metricValue);
    return () => constant;
  }
  if (!isReference(metricValue, pattern)) throw invalid(unreadable("metricValue", metricValue));
  return (message) => {
    const found = readField(pattern, message, metricValue);
    if (found === undefined || found === null) return null;
    if (typeof found !== "number" && !(typeof found === "string" && NUMBER.test(found))) {
      return undefined;
    }
    return Number.isFinite(Number(found)) ? Number(found) : undefined;
  };
}

/** Whether `readField` can find one value by it. */
function isReference(reference: string, pattern: FilterPattern): boolean {
  if (pattern.kind === "space") return /^\$[A-Za-z0-9_]+$/.test(reference);
  if (pattern.kind !== "json") return false;
  try {
    return !hasWildcard(parseSelector(reference));
  } catch (error) {
    if (error instanceof FilterPatternError) return false;
    throw error;
  }
}

function hasRegex(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return false;
  return ("type" in part && part.type === "regex") || Object.values(part).some(hasRegex);
}

function limit(member: string, value: string, max: number, pattern?: RegExp): void {
  if (value.length <= max && (pattern === undefined || pattern.test(value))) return;
  const constraint =
    value.length > max
      ? `Member must have length less than or equal to ${max}`
      : `Member must satisfy regular expression pattern: ${pattern?.source.replaceAll(/^\^|\$$/g, "")}`;
  throw invalid(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

function unreadable(what: string, selector: string): string {
  return (
    `Invalid metric transformation: ${what} is ${selector}; it must be ` +
    `${what === "metricValue" ? "a number, or " : ""}$.path under a JSON pattern or $name under a space-delimited one.`
  );
}

const invalid = (message: string) => new AwsError("InvalidParameterException", message);
