import type { AnomalySettings, Detection, Metric } from "./detection.ts";
import type { MonitoringScope } from "./scope.ts";

/** The metric of its metric filter, or the metric that the service reports. */
export function detectionMetric<Scope extends MonitoringScope>(
  detection: Detection<Scope>,
  scope: Scope,
): Metric {
  return detection.source === "trail"
    ? { namespace: scope.detectionNamespace, metricName: detection.id }
    : detection.metric(scope);
}

/** Name of its alarm, its first metric filter and its EventBridge rule. */
export function alarmNameOf(
  { id }: { readonly id: string },
  { namePrefix }: Pick<MonitoringScope, "namePrefix">,
): string {
  return `${namePrefix}${id}`;
}

/** Name of the metric filter of its first pattern, or of a further one (`index` 1 and up). */
export function filterNameOf(
  detection: { readonly id: string },
  scope: MonitoringScope,
  index: number,
): string {
  const name = alarmNameOf(detection, scope);
  return index === 0 ? name : `${name}-${index + 1}`;
}

/** Any detection, whatever it refers to. */
type AnyDetection = Detection<never>;

export function anomalyOf(detection: AnyDetection): AnomalySettings | undefined {
  return detection.source === "trail" ? detection.anomaly : undefined;
}

/** The dimension whose values the alarm evaluates one by one. */
export function groupByOf(detection: AnyDetection): string | undefined {
  return detection.source === "service" ? detection.groupBy : undefined;
}

export function anomalyAlarmNameOf(detection: AnyDetection, scope: MonitoringScope): string {
  return `${alarmNameOf(detection, scope)}-anomaly`;
}

/** Names of its alarm, and of its anomaly alarm if it has one. */
export function alarmNamesOf(detection: AnyDetection, scope: MonitoringScope): readonly string[] {
  const name = alarmNameOf(detection, scope);
  return anomalyOf(detection) === undefined ? [name] : [name, anomalyAlarmNameOf(detection, scope)];
}

/** `cipherwatch-<env>/<id>`. The console shows the part before the slash as a folder. */
export function savedQueryNameOf(
  { id }: { readonly id: string },
  { namePrefix }: Pick<MonitoringScope, "namePrefix">,
): string {
  return `${namePrefix.slice(0, -1)}/${id}`;
}

/** URL of its runbook on GitHub, or its path if the settings do not name a repository. */
export function runbookUrl(
  { id, kind = id }: { readonly id: string; readonly kind?: string },
  githubRepository?: string,
): string {
  const path = `docs/runbooks/${kind}.md`;
  return githubRepository === undefined
    ? path
    : `https://github.com/${githubRepository}/blob/HEAD/${path}`;
}
