import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type {
  NotReplayed,
  ReplayedDetection,
  ReplayedDetections,
} from "../detections/detections.ts";
import { type AlarmMetric, metricsOf } from "../detections/math-alarm.ts";
import { type ImportedAlarms, importAlarms } from "./alarms.ts";
import { isAwsNamespace } from "./aws-metrics.ts";
import { filterError, findProblems, publishes } from "./problems.ts";
import { readAlarmFile } from "./read-file.ts";

/**
 * Reads the metric filters and alarms of Terraform plans, states and CloudFormation templates. All files together are
 * one configuration.
 * @throws Error naming the file that cannot be read
 */
export function importedDetections(files: readonly string[]): ReplayedDetections {
  const imported = importAlarms(files.flatMap(readAlarmFile));
  if (imported.filters.length === 0) {
    const reasons = imported.notReplayed.map(({ alarm, why }) => `\n  ${alarm}: ${why}`);
    throw new Error(
      `${files.join(", ")}: no metric filter that can be replayed. Pass the files with the filters of your alarms.${reasons.join("")}`,
    );
  }
  const problems = findProblems(imported);
  const broken = new Set(
    problems.filter(({ kind }) => kind === "never fires").map(({ alarm }) => alarm),
  );
  const invalid = imported.filters.flatMap((filter): NotReplayed[] => {
    const alarm = `filter ${filter.name}`;
    const error = filterError(filter);
    if (error !== undefined) return [{ alarm, why: error, unread: true }];
    const why = whyNotJson(filter.pattern);
    return why === undefined ? [] : [{ alarm, why, unread: false }];
  });
  const filters = imported.filters.filter(
    ({ name }) => !invalid.some(({ alarm }) => alarm === `filter ${name}`),
  );
  const others = imported.alarms
    .filter((alarm) => !broken.has(alarm.name) && publishedMetrics(alarm, filters).length === 0)
    .map((alarm) => ({
      alarm: alarm.name,
      why: `its metric ${alarm.metricName} in ${alarm.namespace} does not come from a filter of CloudTrail records`,
      unread: !hasKnownSources(alarm, imported.filters),
    }));
  return {
    filters,
    detections: detectionsOf({ ...imported, filters }),
    composites: imported.composites,
    notReplayed: [...imported.notReplayed, ...invalid, ...others],
    problems,
  };
}

/** Whether each metric of an alarm is AWS's own, or comes from one of the filters. */
function hasKnownSources(alarm: ThresholdAlarm, filters: readonly MetricFilter[]): boolean {
  return metricsOf(alarm).every(
    (metric) =>
      isAwsNamespace(metric.namespace) || filters.some((filter) => publishes(filter, metric)),
  );
}

function publishedMetrics(
  alarm: ThresholdAlarm,
  filters: readonly MetricFilter[],
): readonly AlarmMetric[] {
  return metricsOf(alarm).filter((metric) => filters.some((filter) => publishes(filter, metric)));
}

function whyNotJson(pattern: string): string | undefined {
  return parsePattern(pattern).kind === "json"
    ? undefined
    : `its pattern ${JSON.stringify(pattern)} does not test JSON fields, so it is for logs other than CloudTrail's`;
}

function detectionsOf({ filters, alarms }: ImportedAlarms): readonly ReplayedDetection[] {
  const metricOf = (index: number) => {
    const { metricName, metricNamespace } = filters[index]?.transformation ?? {};
    return { name: metricName ?? "", namespace: metricNamespace ?? "" };
  };
  const groups = [
    ...Map.groupBy(filters.keys(), (index) => JSON.stringify(metricOf(index))).values(),
  ];
  const names = groups.map(([first = 0]) => metricOf(first).name);
  return groups.map((indices) => {
    const { name, namespace } = metricOf(indices[0] ?? 0);
    const isAmbiguous = names.filter((other) => other === name).length > 1;
    return {
      id: isAmbiguous ? `${namespace}/${name}` : name,
      filters: indices,
      alarms: alarms.filter((alarm) => {
        // An alarm on several metrics is shown with the first that has a filter.
        const shown = publishedMetrics(alarm, filters)[0];
        return shown?.namespace === namespace && shown.metricName === name;
      }),
      unbound: [],
    };
  });
}
