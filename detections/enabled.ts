import { COUNTING_WINDOW } from "./alarm-period.ts";
import type { Detection } from "./detection.ts";
import { cisPack, detections } from "./index.ts";
import type { MonitoringScope } from "./scope.ts";

/** The settings of detections. Records are keyed by detection ID, or by the kind of detections that have one. */
export interface DetectionSettings {
  /** IDs of the enabled detections, without those of the CIS pack. */
  readonly detections: readonly string[];
  readonly cisPack: boolean;
  /** Number of events in a period at which the alarm fires. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Seconds over which the alarm counts events. */
  readonly periods: Readonly<Record<string, number>>;
  /** Standard deviations above the expected value at which the anomaly alarm fires. */
  readonly anomalyDeviations: Readonly<Record<string, number>>;
  /** Callers not to count, besides those that the detection always ignores. */
  readonly exclusions: Readonly<Record<string, readonly string[]>>;
}

/** The detections that the settings enable, with the settings' thresholds, periods and exclusions. */
export function enabledDetections(settings: DetectionSettings): readonly Detection[] {
  const enabled = detections.filter(({ id }) => settings.detections.includes(id));
  const all = settings.cisPack ? [...enabled, ...cisPack] : enabled;
  return all.map((detection) => applySettings(detection, settings));
}

/** A detection with the settings' threshold, period and exclusions. */
export function applySettings<Scope extends MonitoringScope>(
  detection: Detection<Scope>,
  settings: DetectionSettings,
): Detection<Scope> {
  const { id, kind = id } = detection;
  const threshold = settings.thresholds[kind] ?? detection.threshold;
  const common = { threshold, ...windowOf(detection, threshold, settings.periods[kind]) };
  if (detection.source === "service") return { ...detection, ...common };
  const { anomaly } = detection;
  return {
    ...detection,
    ...common,
    ...(anomaly && {
      anomaly: { ...anomaly, deviations: settings.anomalyDeviations[kind] ?? anomaly.deviations },
    }),
    exclusions: settings.exclusions[kind] ?? [],
  };
}

/** A threshold above 1 needs a window that holds all records, unless the settings choose the period. */
function windowOf(
  { source, period, evaluationPeriods }: Detection<never>,
  threshold: number,
  chosenPeriod: number | undefined,
): Pick<Detection, "period" | "evaluationPeriods"> {
  if (chosenPeriod !== undefined) return { period: chosenPeriod, evaluationPeriods };
  const isCounting = source === "trail" && threshold > 1 && period < COUNTING_WINDOW.period;
  return isCounting ? COUNTING_WINDOW : { period, evaluationPeriods };
}
