import {
  type AlarmSummary,
  describeAnomalyBand,
  describeThreshold,
  formatDuration,
} from "../../detections/alarm-description.ts";
import { attackUnderWay } from "../../detections/attack-under-way.ts";
import {
  alarmNamesOf,
  anomalyOf,
  detectionMetric,
  savedQueryNameOf,
} from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import { exampleScope } from "../../detections/example-events.ts";
import { filterPattern } from "../../detections/exclusions.ts";
import { cisPack, detections } from "../../detections/index.ts";

const GENERATED = "<!-- Made from detections by docs/runbooks/generate.ts: change it there. -->";

/** File name → text, of every page that this folder should hold. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ["README.md", overview()],
    ...[...detections, ...cisPack].map((it) => [`${it.id}.md`, detectionPage(it)] as const),
    [`${attackUnderWay.id}.md`, attackPage()],
  ]);
}

function overview(): string {
  const row = ({ id, title, severity }: AlarmSummary, source: string) =>
    `| [${id}](${id}.md) | ${title} | ${severity} | ${source} |`;
  const sources = { trail: "CloudTrail, minutes", service: "the service, seconds" };
  return joined(
    "# Runbooks",
    GENERATED,
    "One for each alarm. `critical` and `high` go to the urgent topic, the others to the routine one. The examples in these pages are of the environment `dev` in AWS's example account.",
    table(
      ["alarm", "says", "severity", "source"],
      [
        row(attackUnderWay, "the alarms below"),
        ...detections.map((it) => row(it, sources[it.source])),
      ],
    ),
    "## The CIS pack",
    "Off unless `CIPHERWATCH_CIS_PACK=true`.",
    table(
      ["alarm", "says", "severity", "source"],
      cisPack.map((it) => row(it, sources[it.source])),
    ),
  );
}

function detectionPage(detection: Detection): string {
  const { id, source } = detection;
  return joined(
    ...opening(detection),
    [`Fires at ${describeThreshold(detection)}.`, ...more(detection)].join(" "),
    "## What to do",
    numbered(detection.runbook),
    `The query, saved in CloudWatch Logs Insights as \`${savedQueryNameOf(detection, exampleScope)}\`:`,
    code(detection.insightsQuery(exampleScope).replaceAll(" | ", "\n| ")),
    "## What else it may be",
    bullets(detection.falsePositives),
    tuning(detection),
    "## What it counts",
    source === "trail"
      ? joined(
          "Records of the trail that match this filter pattern:",
          code(filterPattern(detection, exampleScope)),
        )
      : `The metric \`${detectionMetric(detection, exampleScope).metricName}\`, which the service reports with each request.`,
    "It counts:",
    bullets(detection.mustFire.map(({ name }) => name)),
    "It does not count:",
    bullets(detection.mustNotFire.map(({ name }) => name)),
    "## Try it",
    `\`npm run attack -- ${id}\` acts it out in a running lab and waits for the mail.`,
    details(detection),
  );
}

function attackPage(): string {
  return joined(
    ...opening(attackUnderWay),
    "Fires when alarms of two different tactics are on at once:",
    table(
      ["tactic", "alarms"],
      [...Map.groupBy(detections, ({ tactic }) => tactic)].flatMap(([tactic, ofTactic]) =>
        tactic === undefined
          ? []
          : [`| ${tactic} | ${ofTactic.map(({ id }) => `[${id}](${id}.md)`).join(", ")} |`],
      ),
    ),
    "## What to do",
    numbered(attackUnderWay.runbook),
    "## What else it may be",
    bullets(attackUnderWay.falsePositives),
    "## Try it",
    `\`npm run attack -- ${attackUnderWay.id}\` acts it out in a running lab and waits for the mail.`,
  );
}

function opening({ id, title, severity, why }: AlarmSummary): readonly string[] {
  return [`# ${title}`, GENERATED, `\`${id}\`, ${severity}. ${why}`];
}

/** What else there is to know of when it fires, a sentence each. */
function more(detection: Detection): readonly string[] {
  const { period, evaluationPeriods, datapointsToAlarm } = detection;
  const anomaly = anomalyOf(detection);
  const staysOn = datapointsToAlarm === 1 && evaluationPeriods > 1;
  return [
    ...(staysOn
      ? [
          `Stays on for ${formatDuration(period * evaluationPeriods)} after the last, and mails once.`,
        ]
      : []),
    ...(anomaly === undefined
      ? []
      : [
          `A second alarm, of ${anomaly.severity} severity, fires at ${describeAnomalyBand(anomaly)}; it needs some days to learn what is usual.`,
        ]),
    ...(detection.source === "trail" && detection.changeNotification !== undefined
      ? ["EventBridge gives notice within seconds of what it passes on, before the alarm can."]
      : []),
  ];
}

function tuning(detection: Detection): string {
  const { id, source, threshold, period } = detection;
  const anomaly = anomalyOf(detection);
  const settings = [
    `\`CIPHERWATCH_THRESHOLDS=${id}=${threshold * 2}\` makes it less sensitive, \`CIPHERWATCH_PERIODS=${id}=${period * 2}\` slower.`,
    ...(anomaly === undefined
      ? []
      : [
          `\`CIPHERWATCH_ANOMALY_DEVIATIONS=${id}=${anomaly.deviations + 2}\` makes the second alarm less sensitive; it fires above ${anomaly.deviations} standard deviations.`,
        ]),
    ...(source === "trail"
      ? [
          `\`CIPHERWATCH_EXCLUSIONS=${id}=backup.amazonaws.com,${id}=arn:aws:iam::111122223333:role/Restore\` leaves out an AWS service, a role, a user or a session.`,
        ]
      : []),
  ];
  return joined("What is known to be harmless can be left out:", bullets(settings));
}

function details(detection: Detection): string {
  const { namespace, metricName, dimensions = {} } = detectionMetric(detection, exampleScope);
  const rows = [
    ["alarms", alarmNamesOf(detection, exampleScope).map(inCode).join(", ")],
    [
      "metric",
      [
        inCode(namespace),
        inCode(metricName),
        ...Object.entries(dimensions).map(([name, value]) => inCode(`${name}=${value}`)),
      ].join(" "),
    ],
    [
      "evaluated",
      `${detection.statistic} over ${detection.period} s, ${detection.datapointsToAlarm} of ${detection.evaluationPeriods} periods, missing data ${detection.treatMissingData}`,
    ],
    ["tactic", detection.tactic ?? "none: it says too little for the alarm on an attack under way"],
  ];
  return joined(
    "## In CloudWatch",
    table(
      ["what", "is"],
      rows.map(([name, value]) => `| ${name} | ${value} |`),
    ),
  );
}

const joined = (...parts: readonly string[]): string => parts.join("\n\n");
const inCode = (text: string): string => `\`${text}\``;
const code = (text: string): string => `\`\`\`\n${text}\n\`\`\``;
const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");
const numbered = (items: readonly string[]): string =>
  items.map((item, at) => `${at + 1}. ${item}`).join("\n");

function table(columns: readonly string[], rows: readonly string[]): string {
  return [`| ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length)}`, ...rows].join("\n");
}
