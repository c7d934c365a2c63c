import { watchEnvironment } from "../../common/naming.ts";
import {
  type AlarmSummary,
  describeAnomalyBand,
  describeThreshold,
  formatDuration,
} from "../../detections/alarm-description.ts";
import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import { attackUnderWay } from "../../detections/attack-under-way.ts";
import {
  alarmNamesOf,
  anomalyOf,
  detectionMetric,
  groupByOf,
  savedQueryNameOf,
} from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import { exampleScope as serviceScope } from "../../detections/example-events.ts";
import { filterPatterns } from "../../detections/exclusions.ts";
import { cisPack, detections } from "../../detections/index.ts";
import {
  chainDetections,
  keyDetections,
  WATCH_COMMANDS,
} from "../../detections/monitored-keys/index.ts";
import { EXAMPLE_KEY } from "../../detections/monitored-keys/monitored-key.ts";
import { createExampleScope, type MonitoringScope } from "../../detections/scope.ts";

const GENERATED =
  "<!-- Generated from detections/ by docs/runbooks/page.ts. Edit those and run `npm run docs`. -->";

const keyScope: MonitoringScope = createExampleScope(watchEnvironment("dev"), "ap-southeast-2");
const ofExampleKey = keyDetections([EXAMPLE_KEY]);
const nameOf = ({ id, kind = id }: { readonly id: string; readonly kind?: string }) => kind;

/** File name → text of every page in this folder. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ["README.md", overview()],
    ...[...detections, ...cisPack].map(
      (detection) => [`${detection.id}.md`, detectionPage(detection, serviceScope)] as const,
    ),
    ...ofExampleKey.map(
      (detection) => [`${nameOf(detection)}.md`, detectionPage(detection, keyScope)] as const,
    ),
    [`${attackUnderWay.id}.md`, attackPage()],
  ]);
}

function overview(): string {
  const columns = ["alarm", "title", "severity", "source"];
  const row = (
    { id, kind = id, title, severity }: AlarmSummary & { kind?: string },
    source: string,
  ) => `| [${kind}](${kind}.md) | ${title} | ${severity} | ${source} |`;
  const sources = { trail: "CloudTrail, within minutes", service: "the service, within seconds" };
  const rows = (list: readonly Detection<never>[]) =>
    list.map((detection) => row(detection, sources[detection.source]));
  return paragraphs(
    "# Runbooks",
    GENERATED,
    "Each alarm has a runbook. Alarms of severity `critical` and `high` go to the urgent topic, the others to the routine topic. The examples in the runbooks use the environment `dev` and AWS's example account.",
    table(columns, [row(attackUnderWay, "the alarms below"), ...rows(detections)]),
    "## Keys of your own",
    "`npm run deploy -- watch` deploys these, together with trail-change, alarm-change and attack-under-way ([monitoring keys](../monitoring-keys.md)). The first three exist once for each key, with its name at the end, such as `key-outsider-payments`.",
    table(columns, rows(ofExampleKey)),
    "## CIS pack",
    "Off by default. Turn it on with `CIPHERWATCH_CIS_PACK=true`.",
    table(columns, rows(cisPack)),
  );
}

function patternSection(patterns: readonly string[]): readonly string[] {
  return patterns.length === 1
    ? ["CloudTrail records that match this filter pattern:", ...patterns.map(code)]
    : ["CloudTrail records that match any of these filter patterns:", ...patterns.map(code)];
}

function detectionPage<Scope extends MonitoringScope>(
  detection: Detection<Scope>,
  exampleScope: Scope,
): string {
  return paragraphs(
    ...introduction(detection),
    firingConditions(detection).join(" "),
    "## What to do",
    numbered(detection.runbook),
    ...(chainDetections.some(({ id }) => id === detection.id)
      ? [
          `In a deployment that monitors [keys of your own](../monitoring-keys.md), run ${WATCH_COMMANDS} instead.`,
        ]
      : []),
    `The query is saved in CloudWatch Logs Insights as \`${savedQueryNameOf(detection, exampleScope)}\`:`,
    code(detection.insightsQuery(exampleScope).replaceAll(" | ", "\n| ")),
    "## False positives",
    bullets(detection.falsePositives),
    "To reduce false positives:",
    bullets(tuning(detection)),
    "## What it counts",
    detection.source === "trail"
      ? paragraphs(...patternSection(filterPatterns(detection, exampleScope)))
      : `The metric \`${detectionMetric(detection, exampleScope).metricName}\`, which the service reports for each request.`,
    "Counted, for example:",
    bullets(detection.mustFire.map(({ name }) => name)),
    "Not counted:",
    bullets(detection.mustNotFire.map(({ name }) => name)),
    ...tryIt(nameOf(detection)),
    "## In CloudWatch",
    cloudwatchTable(detection, exampleScope),
  );
}

function attackPage(): string {
  const byTactic = Map.groupBy(detections, ({ tactic }) => tactic);
  return paragraphs(
    ...introduction(attackUnderWay),
    "Fires while alarms of two different tactics are on:",
    table(
      ["tactic", "alarms"],
      [...byTactic].flatMap(([tactic, list]) =>
        tactic === undefined
          ? []
          : [`| ${tactic} | ${list.map(({ id }) => `[${id}](${id}.md)`).join(", ")} |`],
      ),
    ),
    "## What to do",
    numbered(attackUnderWay.runbook),
    "## False positives",
    bullets(attackUnderWay.falsePositives),
    ...tryIt(attackUnderWay.id),
  );
}

function introduction({ id, title, severity, why }: AlarmSummary): readonly string[] {
  return [`# ${title}`, GENERATED, `Alarm \`${id}\`, severity ${severity}. ${why}`];
}

function tryIt(id: string): readonly string[] {
  return [
    "## Try it",
    `\`npm run attack -- ${id}\` performs the attack in a running lab and waits for the email.`,
  ];
}

function firingConditions(detection: Detection<never>): readonly string[] {
  const { period, evaluationPeriods, datapointsToAlarm } = detection;
  const anomaly = anomalyOf(detection);
  const groupBy = groupByOf(detection);
  const staysOn = datapointsToAlarm === 1 && evaluationPeriods > 1;
  return [
    `Fires at a count of ${describeThreshold(detection)}.`,
    ...(staysOn
      ? [
          `Stays on for ${formatDuration(period * evaluationPeriods)} after the last event, and sends one email${groupBy === undefined ? "" : ` for each ${groupBy.toLowerCase()}`} in that time.`,
        ]
      : []),
    ...(anomaly === undefined
      ? []
      : [
          `A second alarm, of severity ${anomaly.severity}, fires at ${describeAnomalyBand(anomaly)}. CloudWatch needs some days of data before it can.`,
        ]),
    ...(detection.notifiesBothTopics
      ? ["Notifies both topics, so that a call that silences one topic is reported by the other."]
      : []),
    ...(detection.source === "trail" && detection.changeNotification !== undefined
      ? ["For write calls, EventBridge sends an email within seconds, before the alarm can fire."]
      : []),
  ];
}

function tuning(detection: Detection<never>): readonly string[] {
  const id = nameOf(detection);
  const { source, threshold, period } = detection;
  const anomaly = anomalyOf(detection);
  return [
    `\`CIPHERWATCH_THRESHOLDS=${id}=${threshold * 2}\` makes the alarm less sensitive, \`CIPHERWATCH_PERIODS=${id}=${period * 2}\` makes it count over a longer period.`,
    ...(anomaly === undefined
      ? []
      : [
          `\`CIPHERWATCH_ANOMALY_DEVIATIONS=${id}=${anomaly.deviations + 2}\` makes the second alarm less sensitive. By default, it fires at ${anomaly.deviations} standard deviations above the expected value.`,
        ]),
    ...(source === "trail"
      ? [
          `\`CIPHERWATCH_EXCLUSIONS=${id}=backup.amazonaws.com,${id}=arn:aws:iam::111122223333:role/Restore\` excludes callers: AWS services, roles, users or sessions.`,
        ]
      : []),
  ];
}

function cloudwatchTable<Scope extends MonitoringScope>(
  detection: Detection<Scope>,
  exampleScope: Scope,
): string {
  const { period, datapointsToAlarm, evaluationPeriods, treatMissingData } = detection;
  const { namespace, metricName, dimensions = {} } = detectionMetric(detection, exampleScope);
  const groupBy = groupByOf(detection);
  const metric = [
    namespace,
    metricName,
    ...Object.entries(dimensions).map(([name, value]) => `${name}=${value}`),
    ...(groupBy === undefined ? [] : [groupBy]),
  ];
  return table(
    ["property", "value"],
    [
      `| alarms | ${alarmNamesOf(detection, exampleScope).map(inCode).join(", ")} |`,
      `| metric | ${metric.map(inCode).join(" ")} |`,
      `| evaluation | ${alarmStatistic(detection)} over ${period} seconds, ${datapointsToAlarm} of ${evaluationPeriods} periods, missing data ${treatMissingData} |`,
      `| tactic | ${detection.tactic ?? `none: ${attackUnderWay.id} ignores this alarm`} |`,
    ],
  );
}

const paragraphs = (...parts: readonly string[]): string => parts.join("\n\n");
const inCode = (text: string): string => `\`${text}\``;
const code = (text: string): string => `\`\`\`\n${text}\n\`\`\``;
const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");
const numbered = (items: readonly string[]): string =>
  items.map((item, index) => `${index + 1}. ${item}`).join("\n");

function table(columns: readonly string[], rows: readonly string[]): string {
  return [`| ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length)}`, ...rows].join("\n");
}
