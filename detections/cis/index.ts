import type { TrailDetection } from "../detection.ts";
import { type CisNotes, notes } from "./notes.ts";
import patterns from "./patterns.json" with { type: "json" };

type CisPattern = (typeof patterns)[number];

/** The metric filters of the CIS AWS Foundations Benchmark, as alarms that office hours will do for. */
export const cisPack: readonly TrailDetection[] = patterns.map(detection);

function detection(control: CisPattern): TrailDetection {
  const own = notes[control.id];
  if (own === undefined) throw new Error(`The CIS pack has no notes on ${control.id}.`);
  return {
    id: own.id,
    title: own.title,
    severity: own.severity,
    source: "trail",
    pattern: () => control.pattern,
    // What Security Hub's remediation sets: at least one in five minutes.
    threshold: 1,
    period: 300,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    statistic: "Sum",
    why: `${own.why} ${benchmark(control)}`,
    falsePositives: [own.falsePositive],
    runbook: ["Run the query: who, from where, and was it planned?", own.ifNot],
    insightsQuery: () => insightsQuery(control, own),
    mustFire: [own.fires],
    mustNotFire: [own.staysSilent],
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
    "fields eventTime, eventSource, eventName, userIdentity.arn, sourceIPAddress, errorCode",
    `filter ${filter ?? `eventName in ${JSON.stringify(events)}`}`,
    "sort eventTime desc",
  ].join(" | ");
}
