import type { Detection, Tactic } from "./detection.ts";

/** What several detections tell together, which none tells by itself: a composite alarm. */
export const attackUnderWay = {
  id: "attack-under-way",
  title: "An attack is under way",
  severity: "critical",
  why: "Signs of two different tactics at once: somebody tries Keys while somebody mutes an alarm, or uses the key while records are copied out. One of them may be a mistake; two seldom are.",
  falsePositives: [
    "A large deployment from outside of the pipeline: keys, the trail and the service change within minutes.",
    "A drill: `npm run attack -- attack-under-way` against the lab, or its like in AWS.",
  ],
  runbook: [
    "Call for help; this is an incident until shown otherwise.",
    "The dashboard shows which alarms are on: begin with what was muted or stopped (trail-change, alarm-change), so that you see again.",
    "Then cut the access: revoke the sessions of the service's role and of whoever the alarms name.",
    "Work through the runbook of each alarm that is on.",
  ],
} as const;

/**
 * The composite alarm's rule: two alarms of different tactics at once. Two of one tactic are often one
 * event seen twice, as wrong Keys are by the service and by the trail.
 * @param alarmNames detection → the names of its alarms
 * @returns undefined where the detections are of fewer than two tactics
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
export function compositeAlarmRule(
  detections: readonly Detection[],
  alarmNames: (detection: Detection) => readonly string[],
): string | undefined {
  const byTactic = new Map<Tactic, string[]>();
  for (const detection of detections) {
    if (detection.tactic === undefined) continue;
    const alarms = alarmNames(detection).map((name) => `ALARM("${name}")`);
    byTactic.set(detection.tactic, [...(byTactic.get(detection.tactic) ?? []), ...alarms]);
  }
  const signs = [...byTactic.values()];
  const pairs = signs
    .slice(0, -1)
    .map((alarms, at) => `(${anyOf(alarms)} AND ${anyOf(signs.slice(at + 1).flat())})`);
  return pairs.length === 0 ? undefined : pairs.join(" OR ");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? String(conditions[0]) : `(${conditions.join(" OR ")})`;
}
