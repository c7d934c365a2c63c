import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { childAlarmNames, parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import { evaluationRange } from "../../cloudwatch/alarm/range.ts";
import { AwsError } from "../../cloudwatch/aws-error.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { FilterPatternError } from "../../cloudwatch/pattern/error.ts";
import { isNumber, validateMetricFilter } from "../../cloudwatch/validate-metric-filter.ts";
import { nearest } from "../../common/nearest.ts";
import type { AlarmProblem } from "../detections/detections.ts";
import { type AlarmMetric, isMathAlarm, metricsOf } from "../detections/math-alarm.ts";
import type { ImportedAlarms } from "./alarms.ts";

/** Assumed maximum delay of CloudTrail's records, in seconds. The average is 5 minutes. */
const MAX_DELAY = 900;

/** Returns the error that AWS reports for a filter; undefined for a valid filter. */
export function filterError(filter: MetricFilter): string | undefined {
  try {
    validateMetricFilter(filter);
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const message =
      error instanceof FilterPatternError ? `${error.message}. ${error.detail}` : error.message;
    return message.replace(/\.$/, "");
  }
}

/**
 * Finds the alarms that cannot fire, may miss a late record, or notify nobody.
 * @returns at most one problem of each kind for an alarm
 */
export function findProblems({
  filters,
  alarms,
  composites,
}: ImportedAlarms): readonly AlarmProblem[] {
  const notified = notifiedByComposites(composites);
  return [
    ...alarms.flatMap((alarm) => {
      const metrics = metricsOf(alarm);
      const publishers = filters.filter((filter) =>
        metrics.some((metric) => publishes(filter, metric)),
      );
      const [notPublished] = metrics
        .filter((metric) => !filters.some((filter) => publishes(filter, metric)))
        .flatMap((metric) => whyNoFilterPublishes(filters, metric) ?? []);
      const never =
        notPublished ?? (isMathAlarm(alarm) ? undefined : whyNeverBreaching(publishers, alarm));
      const missed =
        never === undefined && publishers.length > 0 ? whyMissed(publishers, alarm) : undefined;
      const notNotified = notified.has(alarm.name) ? undefined : whyNotNotified(alarm);
      return [
        ...problem(alarm.name, "never fires", never),
        ...problem(alarm.name, "may miss", missed),
        ...problem(alarm.name, "notifies nobody", notNotified),
      ];
    }),
    ...composites
      .filter(({ name }) => !notified.has(name))
      .flatMap((alarm) => problem(alarm.name, "notifies nobody", whyNotNotified(alarm))),
  ];
}

const problem = (
  alarm: string,
  kind: AlarmProblem["kind"],
  why: string | undefined,
): readonly AlarmProblem[] => (why === undefined ? [] : [{ alarm, kind, why }]);

/** Whether a filter that AWS accepts publishes the metric. */
export function publishes(filter: MetricFilter, metric: AlarmMetric): boolean {
  return isMetricOf(filter, metric) && hasDimensionsOf(filter, metric) && !filterError(filter);
}

function isMetricOf({ transformation }: MetricFilter, metric: AlarmMetric): boolean {
  const { metricName, metricNamespace } = transformation;
  return metricName === metric.metricName && metricNamespace === metric.namespace;
}

function hasDimensionsOf({ transformation }: MetricFilter, { dimensions }: AlarmMetric): boolean {
  return dimensionNames(transformation.dimensions) === dimensionNames(dimensions);
}

const dimensionNames = (dimensions: Readonly<Record<string, string>> = {}) =>
  Object.keys(dimensions).sort().join(", ") || "no dimensions";

function whyNoFilterPublishes(
  filters: readonly MetricFilter[],
  alarm: AlarmMetric,
): string | undefined {
  const ofMetric = filters.filter((filter) => isMetricOf(filter, alarm));
  const rejected = ofMetric.map(filterError).find((error) => error !== undefined);
  if (rejected !== undefined) return `AWS rejects the filter of its metric: ${rejected}`;
  const [first] = ofMetric;
  if (first !== undefined) {
    return (
      `it monitors ${alarm.metricName} with ${dimensionNames(alarm.dimensions)}, but the filter publishes ` +
      `it with ${dimensionNames(first.transformation.dimensions)}`
    );
  }
  const metrics = filters.map(({ transformation }) => transformation);
  const sameName = metrics.find(({ metricName }) => metricName === alarm.metricName);
  if (sameName !== undefined) {
    return (
      `it monitors ${alarm.metricName} in the namespace ${alarm.namespace}, but the filter publishes it in ` +
      sameName.metricNamespace
    );
  }
  const inNamespace = metrics.filter((metric) => metric.metricNamespace === alarm.namespace);
  if (inNamespace.length === 0) return undefined;
  const similar = nearest(
    alarm.metricName,
    inNamespace.map(({ metricName }) => metricName),
  );
  return (
    `no filter publishes its metric ${alarm.metricName} in ${alarm.namespace}` +
    (similar === undefined ? "" : ` (did you mean ${similar}?)`)
  );
}

/** Returns the reason why the values that the filters publish can never meet the threshold. */
function whyNeverBreaching(
  publishers: readonly MetricFilter[],
  alarm: ThresholdAlarm,
): string | undefined {
  const values = publishedValues(publishers);
  if (values === undefined || alarm.treatMissingData === "breaching") return undefined;
  const { statistic, threshold, comparisonOperator } = alarm;
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const grows = statistic === "Sum" || statistic === "SampleCount";
  const least = statistic === "SampleCount" ? 1 : lowest;
  const most = grows && highest > 0 ? Number.POSITIVE_INFINITY : highest;
  const canBreach = {
    GreaterThanOrEqualToThreshold: most >= threshold,
    GreaterThanThreshold: most > threshold,
    LessThanThreshold: least < threshold || (grows && lowest < 0),
    LessThanOrEqualToThreshold: least <= threshold || (grows && lowest < 0),
  }[comparisonOperator];
  if (canBreach) return undefined;
  const limit = comparisonOperator.startsWith("Less") ? `at least ${least}` : `at most ${most}`;
  return (
    `its filters publish ${[...values].join(" and ")}, so their ${statistic} is ${limit}, which never meets ` +
    `${comparisonOperator} ${threshold}${grows ? "" : ". Use the statistic Sum"}`
  );
}

/** Returns the values that filters publish; undefined if the values come from the records. */
function publishedValues(filters: readonly MetricFilter[]): ReadonlySet<number> | undefined {
  const transformations = filters.map(({ transformation }) => transformation);
  if (filters.length === 0 || !transformations.every(({ metricValue }) => isNumber(metricValue)))
    return undefined;
  return new Set(
    transformations.flatMap(({ metricValue, defaultValue }) => [
      Number(metricValue),
      ...(defaultValue === undefined ? [] : [defaultValue]),
    ]),
  );
}

function whyMissed(publishers: readonly MetricFilter[], alarm: ThresholdAlarm): string | undefined {
  const hasDefault = publishers.some(
    ({ transformation }) => transformation.defaultValue !== undefined,
  );
  if (
    hasDefault &&
    alarm.statistic === "Average" &&
    alarm.comparisonOperator.startsWith("Greater")
  ) {
    return (
      "the default value that its filter publishes for every other record lowers the average. Use the " +
      "statistic Sum"
    );
  }
  // CloudWatch looks at more periods than N only while newer ones have no data.
  const periods = hasDefault ? alarm.evaluationPeriods : evaluationRange(alarm, 0).length;
  const seconds = (periods - alarm.datapointsToAlarm + 1) * alarm.period;
  if (seconds >= MAX_DELAY) return undefined;
  const needed = Math.ceil(MAX_DELAY / alarm.period) + alarm.datapointsToAlarm - 1;
  return (
    `it evaluates a record only while it is less than ${seconds / 60} minutes old, and CloudTrail may ` +
    `deliver records ${MAX_DELAY / 60} minutes late. Set evaluation_periods to ${needed} and ` +
    `datapoints_to_alarm to ${alarm.datapointsToAlarm}`
  );
}

function whyNotNotified(alarm: {
  readonly actionsEnabled: boolean;
  readonly alarmActions: readonly string[];
}): string | undefined {
  if (!alarm.actionsEnabled) return "its actions are disabled";
  return alarm.alarmActions.length === 0 ? "it has no alarm actions" : undefined;
}

/** Returns the alarms on which a composite alarm with actions depends, directly or through other composite alarms. */
function notifiedByComposites(composites: ImportedAlarms["composites"]): ReadonlySet<string> {
  const notified = new Set<string>();
  const visit = (name: string) => {
    if (notified.has(name)) return;
    notified.add(name);
    const composite = composites.find((candidate) => candidate.name === name);
    if (composite !== undefined) for (const child of childrenOf(composite)) visit(child);
  };
  for (const composite of composites) {
    if (whyNotNotified(composite) === undefined)
      for (const child of childrenOf(composite)) visit(child);
  }
  return notified;
}

const childrenOf = ({ rule }: { readonly rule: string }) => childAlarmNames(parseAlarmRule(rule));
