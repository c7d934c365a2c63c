import type { Settings } from "../settings.ts";
import type { Detection } from "./detection.ts";
import { cisPack, detections } from "./index.ts";

export type DetectionSettings = Pick<
  Settings,
  "detections" | "cisPack" | "thresholds" | "periods" | "exclusions"
>;

/** The detections that the settings choose, as the settings tune them. */
export function chosenDetections(settings: DetectionSettings): readonly Detection[] {
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
  return { ...detection, ...common, exclusions: settings.exclusions[id] ?? [] };
}
