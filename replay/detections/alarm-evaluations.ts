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
  const kinds = detectionsOf(settings).map(({ id, kind = id }) => kind);
  const evaluationsFor = (threshold: number): readonly AlarmEvaluation[] =>
    detectionsOf({
      ...settings,
      thresholds: Object.fromEntries(kinds.map((kind) => [kind, threshold])),
    }).map((detection) => ({
      period: detection.period,
      evaluationPeriods: detection.evaluationPeriods,
      statistic: alarmStatistic(detection),
    }));
  const more = evaluationsFor(2);
  const ids = detectionsOf(settings).map(({ id }) => id);
  return Object.fromEntries(
    evaluationsFor(1).flatMap((one, index) => {
      const [id, higher] = [ids[index], more[index]];
      return id === undefined || higher === undefined ? [] : [[id, { one, more: higher }]];
    }),
  );
}
