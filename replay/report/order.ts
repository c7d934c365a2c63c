import type { DetectionReport } from "./report.ts";

/** Orders detections: those whose alarms fired, those with matches, those that are not bound, the others. */
export function firedFirst(detections: readonly DetectionReport[]): readonly DetectionReport[] {
  return detections.toSorted((a, b) => rank(a) - rank(b));
}

function rank(detection: DetectionReport): number {
  if (detection.alarms.some(({ fired }) => fired.length > 0)) return 0;
  if (detection.matches.count > 0) return 1;
  return isBlind(detection) ? 2 : 3;
}

/** Whether 0 matches say nothing, because the patterns name a role or key that no past event names. */
export function isBlind({ unbound, matches }: DetectionReport): boolean {
  return unbound.length > 0 && matches.count === 0;
}

/** The options that bind the detection: `--role-arn and --key-arn`. */
export function missingOptions({ unbound }: Pick<DetectionReport, "unbound">): string {
  return unbound.map((binding) => `--${binding}-arn`).join(" and ");
}
