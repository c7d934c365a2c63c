import { isAnomalyAlarm } from "../cloudwatch/alarm/alarm.ts";
import type { FailureCondition, ReplayOptions } from "./options.ts";
import { withExclusions } from "./report/exclusions.ts";
import { counted, remarks } from "./report/format.ts";
import { isNotBound, missingOptions } from "./report/order.ts";
import type { Report } from "./report/report.ts";

/** The result of `--fail-on` for a report. */
export interface GateResult {
  /** 0 success; 1 a condition holds; 2 the files or options cannot show whether it does. */
  readonly code: 0 | 1 | 2;
  /** The reason for code 2, unless the report contains it. */
  readonly error?: string;
}

const IS_MET: Readonly<Record<FailureCondition, (report: Report) => boolean>> = {
  alarm: hasFired,
  problem: ({ problems }) => problems.length > 0,
};

/**
 * Determines the exit code. A gate must not pass because nothing was read, because a resource of the plan could not be
 * read, because there are no alarms, or because the detections monitor a role or key that no event names.
 */
export function evaluateGate(
  report: Report,
  { failOn, allowUnread }: Pick<ReplayOptions, "failOn" | "allowUnread">,
): GateResult {
  if (report.input.malformed + report.input.unreadable > 0) return { code: 2 };
  if (failOn.length === 0) return { code: 0 };
  if (failOn.some((condition) => IS_MET[condition](report))) return { code: 1 };
  const error =
    whyIncomplete(report, allowUnread) ??
    (failOn.includes("alarm") ? whyNotConclusive(report) : undefined) ??
    whyWithoutAlarms(report);
  return error === undefined
    ? { code: 0 }
    : { code: 2, error: `--fail-on ${failOn.join(",")}: ${error}` };
}

/** @param allowUnread names of resources, which may end with `*` */
function whyIncomplete(
  { notReplayed }: Report,
  allowUnread: readonly string[],
): string | undefined {
  const names = notReplayed
    .filter(({ unread }) => unread)
    .map(({ alarm }) => alarm)
    .filter((name) => !allowUnread.some((allowed) => matchesName(allowed, name)));
  if (names.length === 0) return undefined;
  const which =
    names.length === 1 ? "and may be an alarm or filter" : "and may be alarms or filters";
  return (
    `${counted(names.length, "resource")} of --plan could not be replayed, ${which} of CloudTrail records: ` +
    `${names.join(", ")}. "Not replayed" in the report has the reasons. Resolve them, or accept a resource by its name: ` +
    `--allow-unread '${names[0]}'.`
  );
}

/** Returns an error if there are no alarms to check. They may be in another plan than their filters. */
function whyWithoutAlarms({ detections }: Report): string | undefined {
  return detections.some(({ alarms }) => alarms.length > 0)
    ? undefined
    : "there is no alarm on a metric of the filters, so nothing was checked. Pass the file with the alarms with another --plan.";
}

function matchesName(allowed: string, name: string): boolean {
  return allowed.endsWith("*") ? name.startsWith(allowed.slice(0, -1)) : name === allowed;
}

/** Ignores anomaly alarms, because CloudWatch's model can only be approximated. */
function hasFired(report: Report): boolean {
  const { detections, composites } = withExclusions(report);
  const certain = detections.flatMap(({ alarms }) =>
    alarms.filter(({ alarm }) => !isAnomalyAlarm(alarm)),
  );
  return [...certain, ...composites].some(({ fired }) => fired.length > 0);
}

function whyNotConclusive({ input, detections }: Report): string | undefined {
  if (input.events === 0) {
    const found = remarks(input).join("; ");
    return `no alarm could fire, because no event was evaluated${found === "" ? "" : ` (${found})`}. Check PATH, --since and --until.`;
  }
  const notBound = detections.filter(isNotBound);
  if (notBound.length === 0) return undefined;
  const unbound = [...new Set(notBound.flatMap((detection) => detection.unbound))];
  return `these detections could not fire, because they monitor a role or key that no event names: ${notBound.map(({ id }) => id).join(", ")}. Pass ${missingOptions({ unbound })}, or replay --keys, --plan or --pattern.`;
}
