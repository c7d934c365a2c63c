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

/** Returns the reason why exclusions hide no match of a detection. @param remaining the detection with the exclusions */
export function whyNothingHidden(remaining: DetectionReport): string {
  if (isNotBound(remaining)) {
    return `The detection is not bound, so the exclusion cannot be tested. Pass ${missingOptions(remaining)}.`;
  }
  return remaining.matches.count === 0
    ? "There are no matches, so the exclusion cannot be tested."
    : "None of the matches is by these callers, so the exclusion would change nothing here.";
}

/** Returns the options that bind the detection: `--role-arn and --key-arn`. */
export function missingOptions({ unbound }: Pick<DetectionReport, "unbound">): string {
  return unbound.map((binding) => `--${binding}-arn`).join(" and ");
}
