import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { rule } from "../report/format.ts";
import { conditionSql, NotExpressibleError } from "./condition.ts";
import { type Dialect, literal, type Sql } from "./dialect.ts";

/** Where a trail's files are. */
export interface Archive {
  /** `s3://bucket/prefix/AWSLogs/111122223333/CloudTrail`, without a slash at its end. */
  readonly location: string;
  /** The Regions that are asked about. */
  readonly regions: readonly string[];
}

/** The time that is asked about, milliseconds since the epoch. */
export interface Range {
  /** Inclusive. Absent: the last 30 days. */
  readonly since?: number | undefined;
  /** Exclusive. */
  readonly until?: number | undefined;
}

export const TABLE = "cloudtrail_files";

/** History that is queried unless asked for otherwise: Athena charges for what it reads. */
const DAYS = 30;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/**
 * The table that the queries read: a row a file. A CloudTrail file is one line of text, which
 * LazySimpleSerDe takes as one column, for JSON holds no control character that could divide it. So the
 * records stay as CloudTrail wrote them. In the columns of the CloudTrail SerDe a null is not told from a
 * missing field, nor a number from text, and filter patterns tell these apart.
 *
 * Athena finds the partitions by itself. It takes lines up to 200 MB and columns up to 32 MB; a larger file
 * fails the query and is not passed over.
 * @see https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html
 * @see https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html
 */
export function tableStatement({ location, regions }: Archive): Sql {
  return `CREATE EXTERNAL TABLE IF NOT EXISTS ${TABLE} (
  file string
)
PARTITIONED BY (region string, day string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
STORED AS TEXTFILE
LOCATION ${literal(`${location}/`)}
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.region.type' = 'enum',
  'projection.region.values' = ${literal(regions.join(","))},
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy/MM/dd',
  'projection.day.range' = '2020/01/01,NOW',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = ${literal(`${location}/\${region}/\${day}/`)}
);`;
}

/**
 * Asks in which minutes a detection matched, how much its metric was in the period that ends with each of
 * them, and whether that breaches the threshold. An event counts once, however often it was delivered.
 * @param filters all that feed the metric of the alarm
 * @throws NotExpressibleError
 */
export function detectionStatement(
  filters: readonly MetricFilter[],
  alarm: ThresholdAlarm | undefined,
  range: Range,
  dialect: Dialect,
): Sql {
  const time = dialect.timestamp(dialect.text("record", property("eventTime")));
  const counted = filters.map((filter) => {
    const value = publishedValue(filter, alarm);
    const condition = conditionSql(parsePattern(filter.pattern), dialect, "record");
    return `  SELECT DISTINCT
    ${dialect.text("record", property("eventID"))} AS event_id,
    ${time} AS event_time,
    ${value} AS value
  FROM records
  WHERE ${condition.replaceAll("\n", "\n  ")}`;
  });
  return `WITH records AS (
  ${dialect.recordsIn(TABLE, daysOf(range, dialect).join("\n    AND "))}
),
matches AS (
${counted.join("\n  UNION ALL\n")}
),
minutes AS (
  SELECT date_trunc('minute', event_time) AS minute, count(*) AS matches, sum(value) AS total
  FROM matches${timesOf(range, dialect)}
  GROUP BY 1
)
SELECT minute, matches${alarm === undefined ? "" : breaching(alarm)}
FROM minutes
ORDER BY minute;`;
}

/** The alarm's side: what its metric's period held when it ended with this minute. */
function breaching({ period, comparisonOperator, threshold }: ThresholdAlarm): Sql {
  const before = period / 60 - 1;
  const inPeriod =
    before === 0
      ? "total"
      : `sum(total) OVER (ORDER BY minute RANGE BETWEEN INTERVAL '${before}' MINUTE PRECEDING AND CURRENT ROW)`;
  return `,
  ${inPeriod} AS in_period,
  ${inPeriod} ${COMPARED[comparisonOperator]} ${threshold} AS breaching`;
}

const COMPARED: Readonly<Record<ThresholdAlarm["comparisonOperator"], string>> = {
  GreaterThanOrEqualToThreshold: ">=",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "<=",
};

function publishedValue(filter: MetricFilter, alarm: ThresholdAlarm | undefined): number {
  const { metricValue, defaultValue = 0, dimensions } = filter.transformation;
  const value = Number(metricValue);
  if (Number.isNaN(value) || defaultValue !== 0 || dimensions !== undefined) {
    throw new NotExpressibleError("its metric is no count of matches");
  }
  if (alarm !== undefined && (alarm.statistic !== "Sum" || alarm.period % 60 !== 0)) {
    throw new NotExpressibleError(
      `its alarm is on ${rule(alarm)}: only sums over whole minutes can be asked for`,
    );
  }
  return value;
}

/** Files lie under the day of their delivery, which may be the one after that of the event. */
function daysOf({ since, until }: Range, dialect: Dialect): readonly Sql[] {
  const from = since === undefined ? dialect.daysAgo(DAYS) : literal(dayOf(since));
  return [
    `day >= ${from}`,
    ...(until === undefined ? [] : [`day <= ${literal(dayOf(until - 1 + DAY))}`]),
  ];
}

function timesOf({ since, until }: Range, dialect: Dialect): Sql {
  const at = (time: number) => dialect.timestamp(literal(new Date(time).toISOString()));
  const bounds = [
    ...(since === undefined ? [] : [`event_time >= ${at(since)}`]),
    ...(until === undefined ? [] : [`event_time < ${at(until)}`]),
  ];
  return bounds.length === 0 ? "" : `\n  WHERE ${bounds.join(" AND ")}`;
}

function property(name: string) {
  return [{ type: "property", name }] as const;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll("-", "/");
}
