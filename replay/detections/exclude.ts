import type { MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { MAX_PATTERN_LENGTH } from "../../cloudwatch/pattern/limits.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { onlyCallers, withoutCallers } from "../../detections/exclusions.ts";
import type { ReplayedDetection, ReplayedDetections } from "./detections.ts";
import { isMathAlarm } from "./math-alarm.ts";

/** Callers to exclude, by detection id: the values of `--exclude`. */
export type Exclusions = ReadonlyMap<string, readonly string[]>;

/** A detection as it would be with more exclusions. */
export interface ExclusionTrial {
  readonly exclusions: readonly string[];
  /** Counts what the detection would still count. Its alarms have the names of the detection's. */
  readonly remaining: ReplayedDetection;
  /** Counts what it would not count any more. */
  readonly hidden: ReplayedDetection;
}

/**
 * Builds filters that are replayed beside the deployed ones, to compare a detection with and without
 * exclusions.
 * @returns the trials, and the filters to append to those of `deployed`
 * @throws Error for a pattern that is not about JSON, or would be too long for AWS
 */
export function exclusionTrials(
  deployed: ReplayedDetections,
  exclusions: Exclusions,
): { readonly filters: readonly MetricFilter[]; readonly trials: readonly ExclusionTrial[] } {
  const filters: MetricFilter[] = [];
  const append = (filter: MetricFilter) => deployed.filters.length + filters.push(filter) - 1;
  const trials = deployed.detections.flatMap((detection): ExclusionTrial[] => {
    const callers = exclusions.get(detection.id);
    if (callers === undefined) return [];
    const originals = detection.filters.flatMap((index) => deployed.filters[index] ?? []);
    const remaining = originals.map((filter) => append(withoutCallersOf(filter, callers)));
    const hidden = originals.map((filter) => append(onlyCallersOf(filter, callers)));
    return [
      {
        exclusions: callers,
        remaining: {
          ...detection,
          filters: remaining,
          alarms: detection.alarms.map(trialAlarm),
        },
        hidden: { ...detection, filters: hidden, alarms: [] },
      },
    ];
  });
  return { filters, trials };
}

/** Keeps the metric of a trial apart from the deployed one. */
const trialNamespace = (namespace: string) => `${namespace} with --exclude`;

/** An expression also reads metrics of other detections, which have no trial. */
function trialAlarm(alarm: MetricAlarm): MetricAlarm {
  if (isMathAlarm(alarm)) {
    throw new Error(`--exclude does not support alarms with metric math; ${alarm.name} is one.`);
  }
  return { ...alarm, namespace: trialNamespace(alarm.namespace) };
}

function withoutCallersOf(filter: MetricFilter, callers: readonly string[]): MetricFilter {
  checkIsJson(filter);
  const pattern = withoutCallers(filter.pattern, callers);
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new Error(
      `With --exclude, the filter pattern ${filter.name} has ${pattern.length} characters; AWS allows at ` +
        `most ${MAX_PATTERN_LENGTH}. Exclude fewer callers, or replace several by one that ends with *.`,
    );
  }
  const { metricNamespace, ...transformation } = filter.transformation;
  return {
    ...filter,
    pattern,
    transformation: { ...transformation, metricNamespace: trialNamespace(metricNamespace) },
  };
}

/** Never deployed, so its length does not matter, and neither does its metric. */
function onlyCallersOf(filter: MetricFilter, callers: readonly string[]): MetricFilter {
  const transformation = { ...filter.transformation, metricNamespace: "hidden by --exclude" };
  return { ...filter, pattern: onlyCallers(filter.pattern, callers), transformation };
}

function checkIsJson({ name, pattern }: MetricFilter): void {
  if (parsePattern(pattern).kind === "json") return;
  throw new Error(`--exclude needs a JSON filter pattern; ${name} has the pattern ${pattern}.`);
}
