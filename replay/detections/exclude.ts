import type { MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { MAX_PATTERN_LENGTH } from "../../cloudwatch/pattern/limits.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { onlyCallers, withoutCallers } from "../../detections/exclusions.ts";
import type { ReplayedDetection, ReplayedDetections } from "./detections.ts";
import { isMathAlarm } from "./math-alarm.ts";

/** Callers to exclude, by detection id: the values of `--exclude`. */
export type Exclusions = ReadonlyMap<string, readonly string[]>;

/** A detection with additional exclusions, compared with the deployed one. */
export interface ExclusionTrial {
  readonly exclusions: readonly string[];
  /** Counts the events that the detection would still count. Its alarms have the deployed names. */
  readonly remaining: ReplayedDetection;
  /** Counts the events that the detection would no longer count. */
  readonly hidden: ReplayedDetection;
}

/**
 * Builds filters that are replayed beside the deployed ones, to compare a detection with and without
 * exclusions.
 * @returns the trials, and the filters to append to those of `deployed`
 * @throws Error for a pattern that is not a JSON pattern, or would be too long for AWS
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

/** Separates the metric of a trial from the deployed one. */
const trialNamespace = (namespace: string) => `${namespace} with --exclude`;

/** Rejects metric math, which may read metrics of other detections, for which there is no trial. */
function trialAlarm(alarm: MetricAlarm): MetricAlarm {
  if (isMathAlarm(alarm)) {
    throw new Error(
      `--exclude does not support alarms with metric math, such as ${alarm.name}. Replay its detection without --exclude.`,
    );
  }
  return { ...alarm, namespace: trialNamespace(alarm.namespace) };
}

function withoutCallersOf(filter: MetricFilter, callers: readonly string[]): MetricFilter {
  checkIsJson(filter);
  const pattern = withoutCallers(filter.pattern, callers);
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new Error(
      `With --exclude, the filter pattern ${filter.name} has ${pattern.length} characters; AWS allows at ` +
        `most ${MAX_PATTERN_LENGTH}. Exclude fewer callers, or replace several with one that ends with *.`,
    );
  }
  const { metricNamespace, ...transformation } = filter.transformation;
  return {
    ...filter,
    pattern,
    transformation: { ...transformation, metricNamespace: trialNamespace(metricNamespace) },
  };
}

/** Returns a filter for the hidden events. It is never deployed, so its pattern may have any length. */
function onlyCallersOf(filter: MetricFilter, callers: readonly string[]): MetricFilter {
  const transformation = { ...filter.transformation, metricNamespace: "hidden by --exclude" };
  return { ...filter, pattern: onlyCallers(filter.pattern, callers), transformation };
}

function checkIsJson({ name, pattern }: MetricFilter): void {
  if (parsePattern(pattern).kind === "json") return;
  throw new Error(`--exclude needs a JSON filter pattern; ${name} has the pattern ${pattern}.`);
}
