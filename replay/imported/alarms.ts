import { z } from "zod";
import type { AlarmBase, CompositeAlarm, ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import { validateMetricAlarm } from "../../cloudwatch/alarm/validate.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { NotReplayed } from "../detections/detections.ts";
import {
  type AlarmMetric,
  type MathAlarm,
  type MetricQuery,
  resolveMath,
} from "../detections/math-alarm.ts";
import { readsAwsMetricsOnly } from "./aws-metrics.ts";
import {
  type FileResource,
  type ImportedResource,
  isObject,
  UnknownValue,
  unknownIn,
} from "./resource.ts";

/** The filters and alarms of files that can be replayed, and the reasons why others cannot. */
export interface ImportedAlarms {
  readonly filters: readonly MetricFilter[];
  readonly alarms: readonly ThresholdAlarm[];
  readonly composites: readonly CompositeAlarm[];
  readonly notReplayed: readonly NotReplayed[];
}

/**
 * Converts resources, and lists those with missing or unsupported values with the reason. Equal resources, such as
 * those of a module that is called for each Region, count once, because all of them would get the same records.
 */
export function importAlarms(resources: readonly FileResource[]): ImportedAlarms {
  const notReplayed: NotReplayed[] = resources.flatMap((resource) =>
    "why" in resource ? [{ alarm: resource.address, why: resource.why, unread: true }] : [],
  );
  const convert = <Result>(
    type: ImportedResource["type"],
    convertOne: (attributes: Attributes, address: string) => Result,
  ): readonly Result[] => {
    const results = new Map<string, Result>();
    for (const resource of resources) {
      if ("why" in resource || resource.type !== type) continue;
      try {
        const result = convertOne(attributesOf(resource), resource.address);
        const key = JSON.stringify(result);
        if (!results.has(key)) results.set(key, result);
      } catch (error) {
        if (!(error instanceof NotReplayable)) throw error;
        const unread = !readsAwsMetricsOnly(resource.attributes);
        notReplayed.push({ alarm: resource.address, why: error.message, unread });
      }
    }
    return [...results.values()];
  };
  return {
    filters: convert("aws_cloudwatch_log_metric_filter", metricFilter),
    alarms: convert("aws_cloudwatch_metric_alarm", metricAlarm),
    composites: convert("aws_cloudwatch_composite_alarm", compositeAlarm),
    notReplayed,
  };
}

/** The message completes the sentence "Not replayed: aws_cloudwatch_metric_alarm.a: …". */
class NotReplayable extends Error {}

/** Reads an attribute. @throws NotReplayable naming the attribute, its value and what is allowed */
type Attributes = <Value>(name: string, schema: z.ZodType<Value>) => Value;

function attributesOf({ attributes }: ImportedResource): Attributes {
  return (name, schema) => {
    const value = withoutUnset(attributes[name]);
    const unknown = unknownIn(value);
    if (unknown !== undefined) {
      throw new NotReplayable(`${name} is not known: ${unknown.why}. ${unknown.next}`);
    }
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const path = [name, ...(issue?.path ?? [])].join(".");
    throw new NotReplayable(`${path} is ${JSON.stringify(value)}: ${issue?.message}`);
  };
}

/** Plans and states contain null, "", [] and {} for attributes that are not set. */
function withoutUnset(value: unknown): unknown {
  if (value === null || value === "") return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutUnset);
  if (!isObject(value) || value instanceof UnknownValue) return value;
  const set = Object.entries(value)
    .map(([name, item]) => [name, withoutUnset(item)] as const)
    .filter(([, item]) => item !== undefined);
  return set.length === 0 ? undefined : Object.fromEntries(set);
}

const Text = z.string({ error: "must be text" });
const Flag = z.union([z.boolean(), z.stringbool()]);
const Dimensions = z.record(z.string(), z.string()).default({});
const Integer = z.coerce.number({ error: "must be a number" }).int("must be an integer").min(1);

const Transformation = z.object({
  name: Text,
  namespace: Text,
  value: z.union([z.string(), z.number().transform(String)]),
  default_value: z.coerce.number().optional(),
  unit: Text.optional(),
  dimensions: z.record(z.string(), z.string()).optional(),
});

/**
 * Attributes of filters that change which events they get, or the dimensions of their metrics.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
const UNSUPPORTED_OF_FILTER = [
  "apply_on_transformed_logs",
  "emit_system_field_dimensions",
  "field_selection_criteria",
];

function metricFilter(get: Attributes, address: string): MetricFilter {
  for (const name of UNSUPPORTED_OF_FILTER) {
    // A plan may mark an attribute that is not set as unknown. AWS's default is not to use it.
    const value = attributeOr(get, name, z.unknown(), undefined);
    if (value !== undefined && String(value) !== "false") {
      throw new NotReplayable(`${name} is ${JSON.stringify(value)}, which replay does not support`);
    }
  }
  const [transformation] = get("metric_transformation", z.tuple([Transformation]));
  const { name, namespace, value, default_value: defaultValue, unit, dimensions } = transformation;
  return {
    name: attributeOr(get, "name", Text, address),
    // The log group makes no difference, because replay evaluates every filter on CloudTrail records.
    logGroupName: "replay",
    pattern: get("pattern", Text.default("")),
    transformation: {
      metricName: name,
      metricNamespace: namespace,
      metricValue: value,
      ...(defaultValue === undefined ? {} : { defaultValue }),
      ...(unit === undefined || unit === "None" ? {} : { unit }),
      ...(dimensions === undefined ? {} : { dimensions }),
    },
  };
}

const Statistic = z.enum(["Sum", "Average", "Minimum", "Maximum", "SampleCount"], {
  error: "replay supports Sum, Average, Minimum, Maximum and SampleCount",
});
const Operator = z.enum(
  [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
  ],
  { error: "replay compares with a fixed threshold; CloudWatch's anomaly models are not public" },
);
const TreatMissingData = z.enum(["missing", "ignore", "breaching", "notBreaching"]);

const MetricStat = z.object({
  namespace: Text,
  metric_name: Text,
  dimensions: Dimensions,
  period: Integer,
  stat: Statistic,
});

const Queries = z.array(
  z.object({
    id: Text,
    expression: Text.optional(),
    metric: z.tuple([MetricStat]).optional(),
    return_data: Flag.default(false),
  }),
);

function metricAlarm(get: Attributes, address: string): ThresholdAlarm {
  const evaluationPeriods = get("evaluation_periods", Integer);
  const alarm = {
    ...alarmBase(get, address),
    ...measurementOf(get),
    comparisonOperator: get("comparison_operator", Operator),
    threshold: get("threshold", z.coerce.number({ error: "must be a number" })),
    evaluationPeriods,
    // A state contains 0 if it is not set.
    datapointsToAlarm:
      get("datapoints_to_alarm", z.coerce.number().default(0)) || evaluationPeriods,
    treatMissingData: get("treat_missing_data", TreatMissingData.default("missing")),
  };
  attempt(() => validateMetricAlarm(alarm));
  if (alarm.period % 60 !== 0) {
    throw new NotReplayable(
      `its period is ${alarm.period} seconds, but metric filters have a resolution of a minute`,
    );
  }
  return alarm;
}

/** The metric or expression that an alarm compares with its threshold. */
type Measurement = AlarmMetric & { readonly period: number } & Partial<Pick<MathAlarm, "math">>;

function measurementOf(get: Attributes): Measurement {
  if (get("metric_query", z.unknown()) === undefined) {
    get("extended_statistic", z.undefined({ error: "replay does not support percentiles" }));
    return {
      namespace: get("namespace", Text),
      metricName: get("metric_name", Text),
      dimensions: get("dimensions", Dimensions),
      period: get("period", Integer),
      statistic: get("statistic", Statistic),
    };
  }
  const queries = get("metric_query", Queries);
  const insights = queries.find(({ expression = "" }) => /^\s*SELECT\s/i.test(expression));
  if (insights !== undefined) {
    throw new NotReplayable(
      `its metric_query is a Metrics Insights query, ${insights.expression}; replay evaluates metrics and metric math`,
    );
  }
  const returned = queries.length === 1 ? queries[0] : queries.find((query) => query.return_data);
  const periods = new Set(
    queries.flatMap(({ metric }) => metric?.map(({ period }) => period) ?? []),
  );
  const [period, ...others] = periods;
  if (returned === undefined || period === undefined || others.length > 0) {
    throw new NotReplayable("its metric_query must return one result, of metrics with one period");
  }
  const [stat] = returned.metric ?? [];
  if (stat !== undefined) return { ...alarmMetric(stat), period };
  const math = resolveQueries(queries, returned);
  return {
    namespace: "metric math",
    metricName: math.text,
    dimensions: {},
    statistic: "Sum",
    period,
    math,
  };
}

function alarmMetric({ namespace, metric_name, dimensions, stat }: z.infer<typeof MetricStat>) {
  return { namespace, metricName: metric_name, dimensions, statistic: stat };
}

function resolveQueries(
  queries: z.infer<typeof Queries>,
  { id, expression = "" }: z.infer<typeof Queries>[number],
): MathAlarm["math"] {
  const resolve = () =>
    resolveMath(
      queries.map((query): MetricQuery => {
        const [stat] = query.metric ?? [];
        return stat === undefined
          ? { id: query.id, expression: query.expression ?? "" }
          : { id: query.id, metric: alarmMetric(stat) };
      }),
      { id, expression },
    );
  return attempt(resolve, `its expression ${expression} is not supported: `);
}

function compositeAlarm(get: Attributes, address: string): CompositeAlarm {
  get("actions_suppressor", z.undefined({ error: "replay does not support suppressors" }));
  const rule = get("alarm_rule", Text);
  attempt(() => parseAlarmRule(rule));
  return { ...alarmBase(get, address), rule };
}

/** Converts the error of a validation to the reason why an alarm is not replayed. */
function attempt<Result>(validate: () => Result, prefix = ""): Result {
  try {
    return validate();
  } catch (error) {
    throw new NotReplayable(`${prefix}${error instanceof Error ? error.message : error}`);
  }
}

function alarmBase(get: Attributes, address: string): AlarmBase {
  return {
    name: attributeOr(get, "alarm_name", Text, address),
    arn: "",
    description: attributeOr(get, "alarm_description", Text.default(""), ""),
    actionsEnabled: get("actions_enabled", Flag.default(true)),
    // The ARNs of actions may be known only after apply. Only whether there are any matters here.
    alarmActions: attributeOr(get, "alarm_actions", z.array(Text).default([]), [
      "(known after apply)",
    ]),
    okActions: [],
    insufficientDataActions: [],
  };
}

/** Reads an attribute that does not affect the states of an alarm. Returns `fallback` if it is not known or invalid. */
function attributeOr<Value>(
  get: Attributes,
  name: string,
  schema: z.ZodType<Value>,
  fallback: Value,
): Value {
  try {
    return get(name, schema);
  } catch (error) {
    if (error instanceof NotReplayable) return fallback;
    throw error;
  }
}
