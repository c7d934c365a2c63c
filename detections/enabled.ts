import type { Detection } from "./detection.ts";
import { cisPack, detections } from "./index.ts";

/** What settings say of detections. Ids are those of the detections. */
export interface DetectionSettings {
  /** Ids of those that run, the CIS pack's aside. */
  readonly detections: readonly string[];
  readonly cisPack: boolean;
  /** Id → the count at which its alarm fires. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Id → seconds over which it counts. */
  readonly periods: Readonly<Record<string, number>>;
  /** Id → standard deviations above what is usual at which its anomaly alarm fires. */
  readonly anomalyDeviations: Readonly<Record<string, number>>;
  /** Id → whoever it shall not count, beside those it leaves out by itself. */
  readonly exclusions: Readonly<Record<string, readonly string[]>>;
}

/** The detections that the settings choose, as the settings tune them. */
export function enabledDetections(settings: DetectionSettings): readonly Detection[] {
  const chosen = detections.filter(({ id }) => settings.detections.includes(id));
  const all = settings.cisPack ? [...chosen, ...cisPack] : chosen;
  return all.map((detection) => tuned(detection, settings));
}

function tuned(detection: Detection, settings: DetectionSettings): Detection {
  const { id } = detection;
  const common = {
    threshold: settings.thresholds[id] ?? detection.threshold,
    period: settings.periods[id] ?? detection.period,
  };
  if (detection.source === "service") return { ...detection, ...common };
  const { anomaly } = detection;
  return {
    ...detection,
    ...common,
    ...(anomaly && {
      anomaly: { ...anomaly, deviations: settings.anomalyDeviations[id] ?? anomaly.deviations },
    }),
    exclusions: settings.exclusions[id] ?? [],
  };
}
