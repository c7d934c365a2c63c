import type { AnomalySettings, Detection, Metric } from "./detection.ts";
import type { DetectionScope } from "./scope.ts";

/** What a detection counts: what its filter publishes, or what the service reports. */
export function detectionMetric(detection: Detection, scope: DetectionScope): Metric {
  return detection.source === "trail"
    ? { namespace: scope.detectionNamespace, metricName: detection.id }
    : detection.metric(scope);
}

/** Of its alarm, its filter and its EventBridge rule. */
export function alarmNameOf(
  { id }: { readonly id: string },
  { namePrefix }: DetectionScope,
): string {
  return `${namePrefix}${id}`;
}

export function anomalyOf(detection: Detection): AnomalySettings | undefined {
  return detection.source === "trail" ? detection.anomaly : undefined;
}

export function anomalyAlarmNameOf(detection: Detection, scope: DetectionScope): string {
  return `${alarmNameOf(detection, scope)}-anomaly`;
}

/** All that it has: one, or two where it also watches for what is unusual. */
export function alarmNamesOf(detection: Detection, scope: DetectionScope): readonly string[] {
  const name = alarmNameOf(detection, scope);
  return anomalyOf(detection) === undefined ? [name] : [name, anomalyAlarmNameOf(detection, scope)];
}

/** The console shows what comes before the slash as a folder. */
export function savedQueryNameOf({ id }: Detection, { namePrefix }: DetectionScope): string {
  return `${namePrefix.slice(0, -1)}/${id}`;
}

/** Where its runbook is to be read: on GitHub, where the settings name the repository. */
export function runbookUrl({ id }: { readonly id: string }, githubRepository?: string): string {
  const path = `docs/runbooks/${id}.md`;
  return githubRepository === undefined
    ? path
    : `https://github.com/${githubRepository}/blob/HEAD/${path}`;
}
