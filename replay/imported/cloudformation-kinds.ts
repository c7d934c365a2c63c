import {
  type ImportedResource,
  type ImportedType,
  isObject,
  type JsonObject,
  UnknownValue,
} from "./resource.ts";

interface Kind {
  readonly type: ImportedType;
  /** The property with the resource's name, which CloudFormation generates if it is missing. */
  readonly nameProperty: string;
  readonly attributes: (properties: JsonObject) => JsonObject;
}

/** The imported resource types, by their names in CloudFormation and Cloud Control. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  [
    "AWS::Logs::MetricFilter",
    {
      type: "aws_cloudwatch_log_metric_filter",
      nameProperty: "FilterName",
      attributes: (properties) => ({
        name: properties.FilterName,
        pattern: properties.FilterPattern,
        log_group_name: properties.LogGroupName,
        apply_on_transformed_logs: properties.ApplyOnTransformedLogs,
        emit_system_field_dimensions: properties.EmitSystemFieldDimensions,
        field_selection_criteria: properties.FieldSelectionCriteria,
        metric_transformation: mapObjects(
          properties.MetricTransformations,
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
  ],
  [
    "AWS::CloudWatch::Alarm",
    {
      type: "aws_cloudwatch_metric_alarm",
      nameProperty: "AlarmName",
      attributes: (properties) => ({
        ...actions(properties),
        ...metric(properties),
        comparison_operator: properties.ComparisonOperator,
        threshold: properties.Threshold,
        threshold_metric_id: properties.ThresholdMetricId,
        evaluation_periods: properties.EvaluationPeriods,
        datapoints_to_alarm: properties.DatapointsToAlarm,
        treat_missing_data: properties.TreatMissingData,
        metric_query: mapObjects(
          properties.Metrics,
          ({ Id, Expression, ReturnData, Period, MetricStat }) => ({
            id: Id,
            expression: Expression,
            return_data: ReturnData ?? true,
            period: Period,
            metric: isObject(MetricStat) ? [ifKnown(MetricStat, metricOfQuery)] : [],
          }),
        ),
      }),
    },
  ],
  [
    "AWS::CloudWatch::CompositeAlarm",
    {
      type: "aws_cloudwatch_composite_alarm",
      nameProperty: "AlarmName",
      attributes: (properties) => ({
        ...actions(properties),
        alarm_rule: properties.AlarmRule,
        actions_suppressor: properties.ActionsSuppressor,
      }),
    },
  ],
]);

export const IMPORTED_CLOUDFORMATION_TYPES = [...KINDS.keys()];

/** Returns the property with the name of a resource, the result of `Ref`; undefined for types that are not imported. */
export const namePropertyOf = (type: string): string | undefined => KINDS.get(type)?.nameProperty;

/**
 * Converts the properties of a filter or alarm.
 * @param type the resource's type in CloudFormation
 * @returns undefined for a type that is not imported
 */
export function fromProperties(
  type: string,
  address: string,
  properties: JsonObject,
): ImportedResource | undefined {
  const kind = KINDS.get(type);
  return kind && { address, type: kind.type, attributes: kind.attributes(properties) };
}

function actions(properties: JsonObject): JsonObject {
  return {
    alarm_name: properties.AlarmName,
    alarm_description: properties.AlarmDescription,
    actions_enabled: properties.ActionsEnabled,
    alarm_actions: properties.AlarmActions,
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
  if (Metric instanceof UnknownValue) return { metric_name: Metric };
  const { statistic, extended_statistic, ...rest } = metric(isObject(Metric) ? Metric : {});
  return { ...rest, period: Period, stat: Stat };
}

function ifKnown(value: JsonObject, convert: (value: JsonObject) => JsonObject): JsonObject {
  return value instanceof UnknownValue ? value : convert(value);
}

/** Converts the objects of a list. Keeps values that are not known. */
function mapObjects(value: unknown, convert: (value: JsonObject) => JsonObject): unknown {
  if (value instanceof UnknownValue) return value;
  return Array.isArray(value) ? value.filter(isObject).map((item) => ifKnown(item, convert)) : [];
}

/** Converts a list of names and values to an object; undefined for an absent or empty list. */
function pairs(value: unknown, nameKey: "Key" | "Name"): unknown {
  if (value instanceof UnknownValue) return value;
  const items = Array.isArray(value) ? value.filter(isObject) : [];
  const unknown = items.find((item) => item instanceof UnknownValue);
  if (unknown !== undefined || items.length === 0) return unknown;
  return Object.fromEntries(items.map((pair) => [String(pair[nameKey]), pair.Value]));
}
