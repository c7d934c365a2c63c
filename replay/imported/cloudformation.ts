import {
  type ImportedResource,
  type ImportedType,
  isObject,
  type JsonObject,
  UnknownValue,
} from "./resource.ts";

/** A CloudFormation template, such as `cdk synth` writes it. */
export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

interface TemplateResource {
  readonly Type?: string;
  readonly Properties?: JsonObject;
}

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

/** Reads the filters and alarms of a template. Parameters have their defaults. */
export function readTemplate(template: Template): readonly ImportedResource[] {
  return Object.entries(template.Resources).flatMap(([id, resource]) => {
    const kind = KINDS[resource.Type ?? ""];
    if (kind === undefined) return [];
    const properties = evaluate(template, resource.Properties ?? {}) as JsonObject;
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

/** Evaluates the intrinsic functions in a value. */
function evaluate(template: Template, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => evaluate(template, item));
    return items.filter((item) => item !== NO_VALUE);
  }
  if (!isObject(value)) return value;
  const [[name, argument] = ["", undefined], ...more] = Object.entries(value);
  if (more.length === 0 && (name === "Ref" || name.startsWith("Fn::"))) {
    return call(template, name, argument);
  }
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, evaluate(template, item)] as const)
      .filter(([, item]) => item !== NO_VALUE),
  );
}

const NO_VALUE = Symbol("AWS::NoValue");

function call(template: Template, name: string, argument: unknown): unknown {
  switch (name) {
    case "Ref":
      return reference(template, String(argument));
    case "Fn::GetAtt":
      return attribute(
        template,
        Array.isArray(argument) ? argument.map(String) : String(argument).split("."),
      );
    case "Fn::Sub":
      return substitute(template, argument);
    case "Fn::Join":
      return join(template, argument);
    default:
      return new UnknownValue(`it is the result of ${name}`);
  }
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html */
const PSEUDO_PARAMETERS: Readonly<Record<string, unknown>> = {
  "AWS::AccountId": "111122223333",
  "AWS::NoValue": NO_VALUE,
  "AWS::Partition": "aws",
  "AWS::Region": "us-east-1",
  "AWS::StackName": "stack",
  "AWS::URLSuffix": "amazonaws.com",
};

function reference(template: Template, id: string): unknown {
  if (Object.hasOwn(PSEUDO_PARAMETERS, id)) return PSEUDO_PARAMETERS[id];
  const parameter = template.Parameters?.[id];
  if (parameter !== undefined) {
    return parameter.Default ?? new UnknownValue(`it is the parameter ${id}, which has no default`);
  }
  return nameOf(template, id) ?? new UnknownValue(`it refers to ${id}`);
}

/** The name of a filter or alarm, which `Ref` returns. */
function nameOf(template: Template, id: string): unknown {
  const resource = template.Resources[id];
  const kind = KINDS[resource?.Type ?? ""];
  if (kind === undefined) return undefined;
  return evaluate(template, resource?.Properties?.[kind.nameProperty] ?? id);
}

function attribute(template: Template, [id = "", name = ""]: readonly string[]): unknown {
  const isAlarm = template.Resources[id]?.Type?.startsWith("AWS::CloudWatch::") === true;
  const alarmName = isAlarm && name === "Arn" ? nameOf(template, id) : undefined;
  return typeof alarmName === "string"
    ? `arn:aws:cloudwatch:us-east-1:111122223333:alarm:${alarmName}`
    : new UnknownValue(`it refers to ${id}.${name}`);
}

function substitute(template: Template, argument: unknown): unknown {
  const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const values = isObject(variables) ? variables : {};
  return concatenate(
    String(text)
      .split(/(\$\{[^}]*\})/)
      .map((part) => {
        const name = /^\$\{([^!}][^}]*)\}$/.exec(part)?.[1];
        if (name === undefined) return part.replace(/^\$\{!/, "${");
        if (Object.hasOwn(values, name)) return evaluate(template, values[name]);
        return name.includes(".")
          ? attribute(template, name.split("."))
          : reference(template, name);
      }),
    "",
  );
}

function join(template: Template, argument: unknown): unknown {
  const [separator, parts] = Array.isArray(argument) ? argument : ["", []];
  const values = evaluate(template, parts);
  if (!Array.isArray(values)) return new UnknownValue("it is the result of Fn::Join");
  return concatenate(values, String(separator));
}

function concatenate(parts: readonly unknown[], separator: string): unknown {
  return parts.find((part) => part instanceof UnknownValue) ?? parts.map(String).join(separator);
}
