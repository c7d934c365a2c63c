import type { TrailDetection } from "../detection.ts";
import type { MonitoringScope } from "../scope.ts";
import { type CisNotes, notes } from "./notes.ts";
import patterns from "./patterns.json" with { type: "json" };

type CisPattern = (typeof patterns)[number];

/** Detections with the metric filters of the CIS AWS Foundations Benchmark. None of them is urgent. */
export const cisPack: readonly TrailDetection<MonitoringScope>[] = patterns.map(cisDetection);

function cisDetection(control: CisPattern): TrailDetection<MonitoringScope> {
  const note = notes[control.id];
  if (note === undefined)
    throw new Error(`detections/cis/notes.ts has no entry for ${control.id}. Add one.`);
  return {
    id: note.id,
    title: note.title,
    severity: note.severity,
    source: "trail",
    pattern: () => control.pattern,
    // Security Hub's remediation steps evaluate one period, which misses records that arrive later.
    threshold: 1,
    period: 300,
    evaluationPeriods: 3,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    statistic: "Sum",
    why: `${note.why} ${benchmark(control)}`,
    falsePositives: [note.falsePositive],
    runbook: [
      "Run the query to see who did it and from where, and check whether it was planned.",
      note.response,
    ],
    insightsQuery: () => insightsQuery(control, note),
    mustFire: [note.mustFire],
    mustNotFire: [note.mustNotFire],
  };
}

/** `CIS AWS Foundations Benchmark 5.0.0: 4.3; AWS Security Hub: CloudWatch.1.` */
function benchmark({ id, cis, securityHubStandards }: CisPattern): string {
  const hub = securityHubStandards.length > 0 ? `; AWS Security Hub: ${id}` : "";
  return `CIS AWS Foundations Benchmark 5.0.0: ${cis["5.0.0"]}${hub}.`;
}

function insightsQuery({ pattern }: CisPattern, { filter }: CisNotes): string {
  const events = [...pattern.matchAll(/\$\.eventName\s*=\s*"?(\w+)"?/g)].map(([, name]) => name);
  return [
    "fields eventTime, eventSource, eventName, userIdentity.arn, sourceIPAddress, eventID, errorCode",
    `filter ${filter ?? `eventName in ${JSON.stringify(events)}`}`,
    "sort eventTime desc",
  ].join(" | ");
}
