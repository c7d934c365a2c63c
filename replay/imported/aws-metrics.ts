import { isObject, type JsonObject } from "./resource.ts";

/**
 * Namespaces of the metrics of AWS's services and agents, to which no metric filter publishes.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
 */
const AWS_NAMESPACE =
  /^(\/?aws\/.*|CWAgent|CloudWatchSynthetics|(ECS\/)?ContainerInsights|Glue|LambdaInsights)$/i;

export const isAwsNamespace = (namespace: string): boolean => AWS_NAMESPACE.test(namespace);

/**
 * Whether all metrics of an alarm are known to be AWS's own.
 * @param attributes as in the file: any of them may be unknown or have another type
 */
export function readsAwsMetricsOnly({ namespace, metric_query: queries }: JsonObject): boolean {
  const metrics = listOf(queries).flatMap((query) =>
    // Expressions refer to the other queries, except for Metrics Insights queries, which name metrics themselves.
    isObject(query) && isMath(query.expression) ? listOf(query.metric) : [undefined],
  );
  const namespaces =
    metrics.length === 0
      ? [namespace]
      : metrics.map((metric) => (isObject(metric) ? metric.namespace : undefined));
  return namespaces.every((name) => typeof name === "string" && isAwsNamespace(name));
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [undefined];

const isMath = (expression: unknown) =>
  expression === undefined ||
  expression === null ||
  (typeof expression === "string" && !/^\s*SELECT\s/i.test(expression));
