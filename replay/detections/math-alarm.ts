import type { MetricAlarm, Statistic, ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { type MathExpression, parseMetricMath } from "../../cloudwatch/metric-math.ts";
import { metricId } from "../evaluate/metric-id.ts";

/** A metric that an alarm reads. */
export interface AlarmMetric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: Statistic;
}

/** Compares the result of a metric math expression with a threshold. */
export interface MathAlarm extends ThresholdAlarm {
  readonly math: {
    /** The expression as written in the alarm, for messages. */
    readonly text: string;
    readonly inputs: readonly AlarmMetric[];
    /** @param values of the inputs, in their order; NaN: missing */
    readonly evaluate: (values: readonly number[]) => number;
  };
}

export function isMathAlarm(alarm: MetricAlarm): alarm is MathAlarm {
  return "math" in alarm;
}

/** The metrics that an alarm reads: one, unless it has a metric math expression. */
export function metricsOf(alarm: MetricAlarm): readonly AlarmMetric[] {
  return isMathAlarm(alarm) ? alarm.math.inputs : [alarm];
}

export function metricIdsOf(alarm: MetricAlarm): readonly string[] {
  return metricsOf(alarm).map(({ namespace, metricName: name, dimensions }) =>
    metricId({ namespace, name, dimensions }),
  );
}

/** A member of an alarm's `metric_query`: a metric or an expression. */
export type MetricQuery = { readonly id: string } & (
  | { readonly metric: AlarmMetric }
  | { readonly expression: string }
);

/**
 * Resolves the expression of an alarm, which may refer to metrics and to other expressions.
 * @throws Error naming the id that does not exist or refers to itself, or the error in the expression
 */
export function resolveMath(
  queries: readonly MetricQuery[],
  returned: { readonly id: string; readonly expression: string },
): MathAlarm["math"] {
  const metrics = queries.flatMap((query) => ("metric" in query ? [query] : []));
  const metricIds = metrics.map(({ id }) => id);
  const expressions = new Map<string, MathExpression>();
  const parse = (id: string, expression: string, path: readonly string[]) => {
    if (path.includes(id)) throw new Error(`the expression ${id} refers to itself`);
    const parsed = parseMetricMath(expression, metricIds);
    expressions.set(id, parsed);
    for (const other of parsed.ids) {
      const query = queries.find((candidate) => candidate.id === other);
      if (query === undefined) throw new Error(`${id} refers to ${other}, which does not exist`);
      if ("expression" in query) parse(other, query.expression, [...path, id]);
    }
  };
  parse(returned.id, returned.expression, []);
  return {
    text: returned.expression,
    inputs: metrics.map(({ metric }) => metric),
    evaluate: (values) => {
      const read = (id: string): number =>
        expressions.get(id)?.evaluate(read) ?? values[metricIds.indexOf(id)] ?? Number.NaN;
      return read(returned.id);
    },
  };
}
