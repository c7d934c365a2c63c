import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import type { Detection } from "../../detections/detection.ts";
import type { DetectionSettings } from "../../detections/enabled.ts";

/** The statistic and the periods over which an alarm evaluates its metric. */
type AlarmEvaluation = Pick<Detection, "period" | "evaluationPeriods" | "statistic">;

/** How a detection's alarm evaluates its metric with a threshold of 1, and with a higher threshold. */
export interface AlarmEvaluations {
  readonly atOne: AlarmEvaluation;
  readonly aboveOne: AlarmEvaluation;
}

/** Evaluations by detection id. */
export type EvaluationsById = Readonly<Record<string, AlarmEvaluations>>;

/**
 * Returns how the alarms of all detections evaluate their metrics, with the periods of the settings.
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
  const [allAtOne, allAboveOne] = [evaluationsFor(1), evaluationsFor(2)];
  return Object.fromEntries(
    detections.flatMap(({ id }, index) => {
      const [atOne, aboveOne] = [allAtOne[index], allAboveOne[index]];
      return atOne === undefined || aboveOne === undefined ? [] : [[id, { atOne, aboveOne }]];
    }),
  );
}
