import { z } from "zod";
import type {
  AlarmBase,
  AnomalyAlarm,
  CompositeAlarm,
  GroupedAlarm,
  MetricAlarmBase,
  ThresholdAlarm,
} from "../cloudwatch/alarm/alarm.ts";
import { parseGroupedExpression } from "../cloudwatch/alarm/grouped-query.ts";
import { Name, parse } from "./attributes.ts";
import type { Resource } from "./reader.ts";

const Arns = z.array(Name).default([]);
const PositiveInteger = z.number().int().min(1);
const Statistics = z.enum(["Sum", "Average", "Minimum", "Maximum", "SampleCount"]);
const Dimensions = z.record(Name, Name).default({});
const Period = z.number().int().min(10);

/** Reads an alarm on a metric, or on the series of a Metrics Insights query. */
export function thresholdAlarm(resource: Resource): ThresholdAlarm {
  rejectAttributes(resource, "extended_statistic");
  return {
    ...actionsOf(resource),
    ...evaluationOf(resource),
    ...(resource.get("metric_query") === undefined ? metricOf(resource) : seriesOf(resource)),
    threshold: parse(resource, "threshold", z.number()),
    comparisonOperator: parse(
      resource,
      "comparison_operator",
      z.enum([
        "GreaterThanOrEqualToThreshold",
        "GreaterThanThreshold",
        "LessThanThreshold",
        "LessThanOrEqualToThreshold",
      ]),
    ),
  };
}

function metricOf(
  resource: Resource,
): Pick<MetricAlarmBase, "namespace" | "metricName" | "dimensions" | "statistic" | "period"> {
  return {
    namespace: parse(resource, "namespace", Name),
    metricName: parse(resource, "metric_name", Name),
    dimensions: parse(resource, "dimensions", Dimensions),
    statistic: parse(resource, "statistic", Statistics),
    period: parse(resource, "period", Period),
  };
}

const GroupedQuery = z.tuple([
  z.strictObject({ id: Name, return_data: z.literal(true), period: Period, expression: Name }),
]);

/** Reads the Metrics Insights query of an alarm. */
function seriesOf(resource: Resource): ReturnType<typeof metricOf> & Pick<GroupedAlarm, "groupBy"> {
  rejectAttributes(resource, "namespace", "metric_name", "dimensions", "statistic", "period");
  const [{ period, expression }] = parse(resource, "metric_query", GroupedQuery);
  const metric = parseGroupedExpression(expression);
  if (metric !== undefined) return { ...metric, period };
  throw new Error(
    `Cannot read ${resource.address}: metric_query is ${expression}; it must be a Metrics Insights query that groups one metric by one dimension, in descending order.`,
  );
}

export function isAnomalyAlarm(resource: Resource): boolean {
  return resource.get("threshold_metric_id") !== undefined;
}

const BAND = /^ANOMALY_DETECTION_BAND\((\w+), *(\d+(?:\.\d+)?)\)$/;

/** The two queries of an anomaly alarm: the metric and its band. */
const Queries = z.tuple([
  z.strictObject({
    id: Name,
    return_data: z.literal(true),
    metric: z.strictObject({
      namespace: Name,
      metric_name: Name,
      dimensions: Dimensions,
      period: Period,
      stat: Statistics,
    }),
  }),
  z.strictObject({
    id: Name,
    return_data: z.literal(true),
    label: Name.optional(),
    expression: z.string().regex(BAND, "must be ANOMALY_DETECTION_BAND(metric, deviations)"),
  }),
]);

export function anomalyAlarm(resource: Resource): AnomalyAlarm {
  rejectAttributes(resource, "metric_name", "statistic", "extended_statistic", "threshold");
  const [{ id, metric }, band] = parse(resource, "metric_query", Queries);
  const [, banded, deviations] = BAND.exec(band.expression) ?? [];
  parse(resource, "threshold_metric_id", z.literal(band.id));
  parse(resource, "comparison_operator", z.literal("GreaterThanUpperThreshold"));
  if (banded !== id) {
    throw new Error(
      `Cannot read ${resource.address}: its band is of ${banded}; it must be of its metric, ${id}.`,
    );
  }
  return {
    ...actionsOf(resource),
    ...evaluationOf(resource),
    namespace: metric.namespace,
    metricName: metric.metric_name,
    dimensions: metric.dimensions,
    statistic: metric.stat,
    period: metric.period,
    deviations: Number(deviations),
  };
}

export function compositeAlarm(resource: Resource): CompositeAlarm {
  rejectAttributes(resource, "actions_suppressor");
  return { ...actionsOf(resource), rule: parse(resource, "alarm_rule", Name) };
}

function rejectAttributes(resource: Resource, ...attributes: readonly string[]): void {
  for (const attribute of attributes) {
    if (resource.get(attribute) !== undefined) {
      throw new Error(`Cannot read ${resource.address}: ${attribute} is not supported; remove it.`);
    }
  }
}

function actionsOf(resource: Resource): AlarmBase {
  return {
    name: parse(resource, "alarm_name", Name),
    arn: parse(resource, "arn", Name),
    description: parse(resource, "alarm_description", z.string().default("")),
    actionsEnabled: parse(resource, "actions_enabled", z.boolean().default(true)),
    alarmActions: parse(resource, "alarm_actions", Arns),
    okActions: parse(resource, "ok_actions", Arns),
    insufficientDataActions: parse(resource, "insufficient_data_actions", Arns),
  };
}

function evaluationOf(
  resource: Resource,
): Pick<MetricAlarmBase, "evaluationPeriods" | "datapointsToAlarm" | "treatMissingData"> {
  const evaluationPeriods = parse(resource, "evaluation_periods", PositiveInteger);
  return {
    evaluationPeriods,
    datapointsToAlarm: parse(
      resource,
      "datapoints_to_alarm",
      PositiveInteger.default(evaluationPeriods),
    ),
    treatMissingData: parse(
      resource,
      "treat_missing_data",
      z.enum(["missing", "ignore", "breaching", "notBreaching"]).default("missing"),
    ),
  };
}
