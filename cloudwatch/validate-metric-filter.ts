import { AwsError } from "./aws-error.ts";
import type { MetricFilter } from "./metric-filter.ts";
import type { FilterPattern } from "./pattern/ast.ts";
import { FilterPatternError } from "./pattern/error.ts";
import { parsePattern } from "./pattern/parse.ts";
import { hasWildcard, parseSelector } from "./pattern/selector.ts";

const MAX_DIMENSIONS = 3;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Validates a metric filter as PutMetricFilter does, and returns its parsed pattern.
 * @throws AwsError with the code and message of PutMetricFilter
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
export function validateMetricFilter(filter: MetricFilter): FilterPattern {
  const { metricName, metricNamespace, metricValue, defaultValue } = filter.transformation;
  validateMember("filterName", filter.name, 512, /^[^:*]+$/);
  validateMember("metricName", metricName, 255, /^[^:*$]+$/);
  validateMember("metricNamespace", metricNamespace, 255, /^[^:*$]+$/);
  validateMember("metricValue", metricValue, 100);
  const pattern = parsePattern(filter.pattern);
  const dimensions = Object.entries(filter.transformation.dimensions ?? {});
  if (dimensions.length > 0 && defaultValue !== undefined) {
    throw invalidParameter(
      "Invalid metric transformation: dimensions and default value are mutually exclusive properties",
    );
  }
  if (dimensions.length > 0 && pattern.kind !== "json" && pattern.kind !== "space") {
    throw invalidParameter("The specified filter pattern does not support dimensions");
  }
  if (dimensions.length > MAX_DIMENSIONS) {
    throw invalidParameter(
      `Invalid metric transformation: ${dimensions.length} dimensions; at most ${MAX_DIMENSIONS} are allowed.`,
    );
  }
  for (const [dimension, reference] of dimensions) {
    if (!isFieldReference(reference, pattern)) {
      throw invalidReference(`dimension ${dimension}`, reference, "");
    }
  }
  if (!isNumber(metricValue) && !isFieldReference(metricValue, pattern)) {
    throw invalidReference("metricValue", metricValue, "a number, or ");
  }
  return pattern;
}

export function isNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** Returns whether `readField` can resolve a reference to one value. */
function isFieldReference(reference: string, pattern: FilterPattern): boolean {
  if (pattern.kind === "space") return /^\$[A-Za-z0-9_]+$/.test(reference);
  if (pattern.kind !== "json") return false;
  try {
    return !hasWildcard(parseSelector(reference));
  } catch (error) {
    if (error instanceof FilterPatternError) return false;
    throw error;
  }
}

function validateMember(member: string, value: string, max: number, allowed?: RegExp): void {
  if (value.length <= max && (allowed === undefined || allowed.test(value))) return;
  const constraint =
    value.length > max
      ? `Member must have length less than or equal to ${max}`
      : `Member must satisfy regular expression pattern: ${allowed?.source.replaceAll(/^\^|\$$/g, "")}`;
  throw invalidParameter(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

function invalidReference(property: string, reference: string, alternative: string): AwsError {
  return invalidParameter(
    `Invalid metric transformation: ${property} is ${reference}; it must be ${alternative}` +
      "$.path with a JSON pattern or $name with a space-delimited pattern.",
  );
}

const invalidParameter = (message: string) => new AwsError("InvalidParameterException", message);
