import type { GroupedAlarm, Statistic } from "./alarm.ts";
import type { Json } from "./json.ts";

/** The series of a metric, one for each value of the dimension `groupBy`. */
export type GroupedMetric = Pick<
  GroupedAlarm,
  "namespace" | "metricName" | "dimensions" | "statistic" | "groupBy"
>;

export const GROUPED_QUERY_ID = "q1";

const FUNCTIONS: Readonly<Record<Statistic, string>> = {
  Average: "AVG",
  Maximum: "MAX",
  Minimum: "MIN",
  SampleCount: "COUNT",
  Sum: "SUM",
};

/**
 * Returns a Metrics Insights query such as
 * `SELECT SUM(Errors) FROM SCHEMA("App", Stage, Client) WHERE Stage = 'prod' GROUP BY Client ORDER BY SUM() DESC`.
 * The schema excludes metrics with other dimensions. An alarm requires the order.
 * @throws RangeError if a name or a value cannot be part of a query without quotation marks or escapes
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
 */
export function groupedExpression(metric: GroupedMetric): string {
  const { namespace, metricName, groupBy } = metric;
  const names = Object.keys(metric.dimensions);
  const conditions = names.map((name) => `${name} = '${metric.dimensions[name]}'`);
  const aggregate = FUNCTIONS[metric.statistic];
  const expression =
    `SELECT ${aggregate}(${metricName}) FROM SCHEMA(${[`"${namespace}"`, ...names, groupBy].join(", ")})` +
    `${conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : ""}` +
    ` GROUP BY ${groupBy} ORDER BY ${aggregate}() DESC`;
  const isQuoted = Object.values(metric.dimensions).some((value) => value.includes("'"));
  if (!isQuoted && parse(expression) !== undefined) return expression;
  throw new RangeError(
    `Cannot write ${expression}: names must consist of letters, digits and underscores, and values must not contain quotation marks.`,
  );
}

/** Returns the metric of a query that `groupedExpression` wrote; undefined for any other query. */
export function parseGroupedExpression(expression: string): GroupedMetric | undefined {
  const metric = parse(expression);
  return metric !== undefined && groupedExpression(metric) === expression ? metric : undefined;
}

const QUERY =
  /^SELECT (?<aggregate>[A-Z]+)\((?<metricName>\w+)\) FROM SCHEMA\("(?<namespace>[^"]+)"(?:, \w+)+\)(?: WHERE (?<conditions>\w+ = '[^']*'(?: AND \w+ = '[^']*')*))? GROUP BY (?<groupBy>\w+) ORDER BY [A-Z]+\(\) DESC$/;

function parse(expression: string): GroupedMetric | undefined {
  const { aggregate, metricName, namespace, conditions, groupBy } =
    QUERY.exec(expression)?.groups ?? {};
  const [statistic] = Object.entries(FUNCTIONS).find(([, name]) => name === aggregate) ?? [];
  if (!metricName || !namespace || !groupBy || statistic === undefined) return undefined;
  const dimensions = Object.fromEntries(
    [...(conditions ?? "").matchAll(/(\w+) = '([^']*)'/g)].map(([, name, value]) => [name, value]),
  );
  return { namespace, metricName, dimensions, statistic: statistic as Statistic, groupBy };
}

/** Returns the metric data query of an alarm, as CloudWatch puts it into its JSON. */
export function groupedMetricQuery(alarm: GroupedAlarm): { readonly [member: string]: Json } {
  return {
    expression: groupedExpression(alarm),
    id: GROUPED_QUERY_ID,
    returnData: true,
    period: alarm.period,
  };
}
