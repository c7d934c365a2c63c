import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import type { Detection } from "../../detections/detection.ts";
import type { DetectionSettings } from "../../detections/enabled.ts";

/** What an alarm compares with its threshold. */
type AlarmEvaluation = Pick<Detection, "period" | "evaluationPeriods" | "statistic">;

/** What the settings let a detection's alarm evaluate: at a threshold of 1, and at a higher one. */
export interface AlarmEvaluations {
  readonly one: AlarmEvaluation;
  readonly more: AlarmEvaluation;
}

/** By detection id. */
export type EvaluationsById = Readonly<Record<string, AlarmEvaluations>>;

/**
 * Returns what the alarms of all detections evaluate, with the settings' periods.
 * @param detectionsOf returns the detections that settings enable
 */
export function alarmEvaluations<Settings extends DetectionSettings>(
  detectionsOf: (settings: Settings) => readonly Detection<never>[],
  settings: Settings,
): EvaluationsById {
  const detections = detectionsOf(settings);
  const kinds = detections.map(({ id, kind = id }) => kind);
  const evaluationsFor = (threshold: number): readonly AlarmEvaluation[] =>
    detectionsOf({
      ...settings,
      thresholds: Object.fromEntries(kinds.map((kind) => [kind, threshold])),
    }).map((detection) => ({
      period: detection.period,
      evaluationPeriods: detection.evaluationPeriods,
      statistic: alarmStatistic(detection),
    }));
  const [ones, mores] = [evaluationsFor(1), evaluationsFor(2)];
  return Object.fromEntries(
    detections.flatMap(({ id }, index) => {
      const [one, more] = [ones[index], mores[index]];
      return one === undefined || more === undefined ? [] : [[id, { one, more }]];
    }),
  );
}
