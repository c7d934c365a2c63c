import { createEvaluator, type Template } from "./cloudformation-functions.ts";
import { type ImportedResource, type ImportedType, isObject, type JsonObject } from "./resource.ts";

interface Kind {
  readonly type: ImportedType;
  /** The property with the resource's name, which CloudFormation makes up if it is missing. */
  readonly nameProperty: string;
  readonly attributes: (name: unknown, properties: JsonObject) => JsonObject;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "AWS::Logs::MetricFilter": {
    type: "aws_cloudwatch_log_metric_filter",
    nameProperty: "FilterName",
    attributes: (name, { FilterPattern, LogGroupName, MetricTransformations }) => ({
      name,
      pattern: FilterPattern,
      log_group_name: LogGroupName,
      metric_transformation: listOf(MetricTransformations).map(
        ({ MetricName, MetricNamespace, MetricValue, DefaultValue, Unit, Dimensions }) => ({
          name: MetricName,
          namespace: MetricNamespace,
          value: MetricValue,
          default_value: DefaultValue,
          unit: Unit,
          dimensions: pairs(Dimensions, "Key"),
        }),
      ),
    }),
  },
  "AWS::CloudWatch::Alarm": {
    type: "aws_cloudwatch_metric_alarm",
    nameProperty: "AlarmName",
    attributes: (name, properties) => ({
      ...actions(name, properties),
      ...metric(properties),
      comparison_operator: properties.ComparisonOperator,
      threshold: properties.Threshold,
      threshold_metric_id: properties.ThresholdMetricId,
      evaluation_periods: properties.EvaluationPeriods,
      datapoints_to_alarm: properties.DatapointsToAlarm,
      treat_missing_data: properties.TreatMissingData,
      metric_query: listOf(properties.Metrics).map(
        ({ Id, Expression, ReturnData, Period, MetricStat }) => ({
          id: Id,
          expression: Expression,
          return_data: ReturnData ?? true,
          period: Period,
          metric: isObject(MetricStat) ? [metricOfQuery(MetricStat)] : [],
        }),
      ),
    }),
  },
  "AWS::CloudWatch::CompositeAlarm": {
    type: "aws_cloudwatch_composite_alarm",
    nameProperty: "AlarmName",
    attributes: (name, properties) => ({
      ...actions(name, properties),
      alarm_rule: properties.AlarmRule,
      actions_suppressor: properties.ActionsSuppressor,
    }),
  },
};

/**
 * Reads the filters and alarms of a template. Parameters have their defaults; resources whose condition is false
 * with these are left out.
 */
export function readTemplate(template: Template): readonly ImportedResource[] {
  const evaluator = createEvaluator(template, (type) => KINDS[type]?.nameProperty);
  return Object.entries(template.Resources).flatMap(([id, resource]) => {
    const kind = KINDS[resource.Type ?? ""];
    if (kind === undefined || !evaluator.isCreated(resource)) return [];
    const properties = evaluator.evaluate(resource.Properties ?? {}) as JsonObject;
    const attributes = kind.attributes(properties[kind.nameProperty] ?? id, properties);
    return [{ address: id, type: kind.type, attributes }];
  });
}

function actions(name: unknown, properties: JsonObject): JsonObject {
  return {
    alarm_name: name,
    alarm_description: properties.AlarmDescription,
    actions_enabled: properties.ActionsEnabled,
    alarm_actions: properties.AlarmActions,
    ok_actions: properties.OKActions,
  };
}

function metric(properties: JsonObject): JsonObject {
  return {
    namespace: properties.Namespace,
    metric_name: properties.MetricName,
    dimensions: pairs(properties.Dimensions, "Name"),
    statistic: properties.Statistic,
    extended_statistic: properties.ExtendedStatistic,
    period: properties.Period,
  };
}

function metricOfQuery({ Metric, Period, Stat }: JsonObject): JsonObject {
  const { statistic, extended_statistic, ...rest } = metric(isObject(Metric) ? Metric : {});
  return { ...rest, period: Period, stat: Stat };
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Turns a list of names and values into an object; undefined for an absent or empty list. */
function pairs(value: unknown, nameKey: "Key" | "Name"): JsonObject | undefined {
  const entries = listOf(value).map((pair) => [String(pair[nameKey]), pair.Value] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
