import type { DetectionReport } from "./report.ts";

/** Orders detections: first those whose alarms fired, then those with matches, those that are not bound, and the others. */
export function firedFirst(detections: readonly DetectionReport[]): readonly DetectionReport[] {
  return detections.toSorted((a, b) => rank(a) - rank(b));
}

function rank(detection: DetectionReport): number {
  if (detection.alarms.some(({ fired }) => fired.length > 0)) return 0;
  if (detection.matches.count > 0) return 1;
  return isNotBound(detection) ? 2 : 3;
}

/** Whether a detection has no matches, and its patterns name the role or key of the stacks, which past events lack. */
export function isNotBound({ unbound, matches }: DetectionReport): boolean {
  return unbound.length > 0 && matches.count === 0;
}

/** Returns the options that bind the detection: `--role-arn and --key-arn`. */
export function missingOptions({ unbound }: Pick<DetectionReport, "unbound">): string {
  return unbound.map((binding) => `--${binding}-arn`).join(" and ");
}
