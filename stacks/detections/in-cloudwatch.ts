import type { AnomalyAlarm, Detection, Metric } from "./detection.ts";
import type { Watched } from "./watched.ts";

/** What a detection counts: what its filter publishes, or what the service reports. */
export function metricOf(detection: Detection, watched: Watched): Metric {
  return detection.source === "trail"
    ? { namespace: watched.detectionNamespace, metricName: detection.id }
    : detection.metric(watched);
}

/** Of its alarm, its filter and its EventBridge rule. */
export function alarmNameOf({ id }: { readonly id: string }, { namePrefix }: Watched): string {
  return `${namePrefix}${id}`;
}

export function anomalyOf(detection: Detection): AnomalyAlarm | undefined {
  return detection.source === "trail" ? detection.anomaly : undefined;
}

export function anomalyAlarmNameOf(detection: Detection, watched: Watched): string {
  return `${alarmNameOf(detection, watched)}-anomaly`;
}

/** All that it has: one, or two where it also watches for what is unusual. */
export function alarmNamesOf(detection: Detection, watched: Watched): readonly string[] {
  const name = alarmNameOf(detection, watched);
  return anomalyOf(detection) === undefined
    ? [name]
    : [name, anomalyAlarmNameOf(detection, watched)];
}

/** The console shows what comes before the slash as a folder. */
export function savedQueryNameOf({ id }: Detection, { namePrefix }: Watched): string {
  return `${namePrefix.slice(0, -1)}/${id}`;
}

/** Where its runbook is to be read: on GitHub, where the settings name the repository. */
export function runbookOf({ id }: { readonly id: string }, githubRepository?: string): string {
  const path = `docs/runbooks/${id}.md`;
  return githubRepository === undefined
    ? path
    : `https://github.com/${githubRepository}/blob/HEAD/${path}`;
}
