import type { Detection, Tactic } from "./detection.ts";
import type { MonitoringScope } from "./scope.ts";

/** The composite alarm on alarms of several detections, which together indicate an attack. */
export const attackUnderWay = {
  id: "attack-under-way",
  title: "An attack is in progress",
  severity: "critical",
  why: "Alarms of two different tactics are on at once, for example because somebody uses a KMS key and mutes an alarm. One of them may be a mistake; two rarely are.",
  falsePositives: [
    "A large deployment from outside the pipeline changed keys, the trail and the service within minutes.",
    "A drill: `npm run attack -- attack-under-way` in the lab, or a similar exercise in AWS.",
  ],
  runbook: [
    "Call for help. Treat this as an incident until you know otherwise.",
    "Open the dashboard to see which alarms are on. First restore what was muted or stopped (trail-change, alarm-change), so that you are notified again.",
    "Cut off access: revoke the sessions of the role that uses the key, and of every caller that the alarms name.",
    "Work through the runbook of each alarm that is on.",
  ],
} as const;

/**
 * The rule of the composite alarm: in ALARM while alarms of two different tactics are. Two alarms of one
 * tactic often report the same event: both the service and the trail report a wrong Key.
 * @param alarmNames returns the names of a detection's alarms
 * @returns undefined if the detections have fewer than two tactics
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
export function compositeAlarmRule<Scope extends MonitoringScope>(
  detections: readonly Detection<Scope>[],
  alarmNames: (detection: Detection<Scope>) => readonly string[],
): string | undefined {
  const byTactic = new Map<Tactic, string[]>();
  for (const detection of detections) {
    if (detection.tactic === undefined) continue;
    const alarms = alarmNames(detection).map((name) => `ALARM("${name}")`);
    byTactic.set(detection.tactic, [...(byTactic.get(detection.tactic) ?? []), ...alarms]);
  }
  const alarmsByTactic = [...byTactic.values()];
  const pairs = alarmsByTactic
    .slice(0, -1)
    .map(
      (alarms, index) => `(${anyOf(alarms)} AND ${anyOf(alarmsByTactic.slice(index + 1).flat())})`,
    );
  return pairs.length === 0 ? undefined : pairs.join(" OR ");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? String(conditions[0]) : `(${conditions.join(" OR ")})`;
}
