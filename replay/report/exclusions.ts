import type {
  AlarmSpan,
  CompositeReport,
  DetectionReport,
  ExclusionReport,
  ExclusionsReport,
  RemainingAlarm,
  Report,
  StateReport,
} from "./report.ts";

/**
 * Compares the alarms of detections with and without exclusions.
 * @param composites evaluates the composite alarms over the detections as they are with exclusions
 */
export function compareExclusions(
  trialReports: readonly Pick<ExclusionReport, "exclusions" | "remaining" | "hidden">[],
  deployed: Pick<Report, "detections" | "composites">,
  composites: (detections: readonly DetectionReport[]) => readonly CompositeReport[],
): ExclusionsReport {
  const before = new Map<string, StateReport>(
    [...deployed.detections.flatMap(({ alarms }) => alarms), ...deployed.composites].map(
      (alarm) => [alarm.name, alarm],
    ),
  );
  const compare = (alarm: StateReport): RemainingAlarm => ({
    ...alarm,
    lost: (before.get(alarm.name)?.fired ?? []).filter(
      (span) => !alarm.fired.some((other) => overlaps(span, other)),
    ),
  });
  const remaining = new Map(trialReports.map((trial) => [trial.remaining.id, trial.remaining]));
  return {
    detections: trialReports.map((trial) => ({
      id: trial.remaining.id,
      ...trial,
      alarms: trial.remaining.alarms.map(compare),
    })),
    composites: composites(
      deployed.detections.map((detection) => remaining.get(detection.id) ?? detection),
    ).map(compare),
  };
}

function overlaps(a: AlarmSpan, b: AlarmSpan): boolean {
  const endOf = ({ to }: AlarmSpan) => to ?? Number.POSITIVE_INFINITY;
  return a.from < endOf(b) && b.from < endOf(a);
}

/** Returns the detections and composite alarms with the exclusions. */
export function withExclusions({
  detections,
  composites,
  exclusions,
}: Report): Pick<Report, "detections"> & { readonly composites: readonly StateReport[] } {
  if (exclusions === null) return { detections, composites };
  const remaining = new Map(exclusions.detections.map((report) => [report.id, report.remaining]));
  return {
    detections: detections.map((detection) => remaining.get(detection.id) ?? detection),
    composites: exclusions.composites,
  };
}
