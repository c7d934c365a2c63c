import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type { TrailArchive } from "../detections/detections.ts";
import { isMathAlarm } from "../detections/math-alarm.ts";
import { rule } from "../report/format.ts";
import { conditionSql, NotExpressibleError } from "./condition.ts";
import { type Dialect, literal, type Sql } from "./dialect.ts";

/** The time range to query, in milliseconds since the epoch. */
export interface Range {
  /** Inclusive. Absent: the last 30 days. */
  readonly since?: number | undefined;
  /** Exclusive. */
  readonly until?: number | undefined;
}

export const TABLE = "cloudtrail_files";

/** Days to query by default. Athena charges by the amount of data read. */
const DEFAULT_DAYS = 30;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/**
 * Creates the table that the queries read, with a row per file. A CloudTrail file is one line of text
 * without control characters, which LazySimpleSerDe reads as one column, so records keep their original
 * JSON. The columns of AWS's CloudTrail SerDe would lose the differences between null and missing fields
 * and between numbers and text, which matter to filter patterns.
 *
 * Partition projection finds the partitions. Athena's limits are 200 MB per line and 32 MB per column; a
 * larger file fails the query.
 * @see https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html
 * @see https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html
 */
export function tableStatement({ location, regions }: TrailArchive): Sql {
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
 * Queries the minutes in which a detection matched and, for each alarm, the sum of its metric over the period
 * ending with each of them and whether the sum breaches the threshold. Counts an event once, however often it
 * was delivered.
 * @param filters all filters that publish to the metric of the alarms
 * @param alarms that `checkAlarm` accepts
 * @throws NotExpressibleError for a pattern
 */
export function detectionStatement(
  filters: readonly MetricFilter[],
  alarms: readonly ThresholdAlarm[],
  range: Range,
  dialect: Dialect,
): Sql {
  const time = dialect.timestamp(dialect.text("record", property("eventTime")));
  const counted = filters.map((filter) => {
    const value = alarms.length === 0 ? 1 : Number(filter.transformation.metricValue);
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
SELECT minute, matches${alarms.map(breaching).join("")}
FROM minutes
ORDER BY minute;`;
}

/** Columns for the period of an alarm that ends with the minute. */
function breaching({ period, comparisonOperator, threshold }: ThresholdAlarm, index: number): Sql {
  const suffix = index === 0 ? "" : `_${index + 1}`;
  const before = period / 60 - 1;
  const inPeriod =
    before === 0
      ? "total"
      : `sum(total) OVER (ORDER BY minute RANGE BETWEEN INTERVAL '${before}' MINUTE PRECEDING AND CURRENT ROW)`;
  return `,
  ${inPeriod} AS in_period${suffix},
  ${inPeriod} ${OPERATORS[comparisonOperator]} ${threshold} AS breaching${suffix}`;
}

const OPERATORS: Readonly<Record<ThresholdAlarm["comparisonOperator"], string>> = {
  GreaterThanOrEqualToThreshold: ">=",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "<=",
};

/**
 * Checks that a query can compare the alarm's metric with its threshold.
 * @param filters all filters that publish to the metric
 * @throws NotExpressibleError with a reason that follows "because"
 */
export function checkAlarm(filters: readonly MetricFilter[], alarm: ThresholdAlarm): void {
  if (isMathAlarm(alarm)) throw new NotExpressibleError("it has a metric math expression");
  for (const { transformation } of filters) {
    const { metricValue, defaultValue = 0, dimensions } = transformation;
    if (Number.isNaN(Number(metricValue)) || defaultValue !== 0 || dimensions !== undefined) {
      throw new NotExpressibleError("its metric does not count matches");
    }
  }
  const { statistic, period, comparisonOperator, threshold } = alarm;
  // If one match reaches the threshold, so does the sum of several.
  const isReachedByOne =
    statistic === "Maximum" &&
    comparisonOperator === "GreaterThanOrEqualToThreshold" &&
    filters.every(({ transformation }) => Number(transformation.metricValue) >= threshold);
  if ((statistic !== "Sum" && !isReachedByOne) || period % 60 !== 0) {
    throw new NotExpressibleError(`"${rule(alarm)}" is not a sum over whole minutes`);
  }
  if (BREACHES_WITHOUT_MATCHES[comparisonOperator](threshold)) {
    throw new NotExpressibleError("its threshold is breached without matches too");
  }
}

const BREACHES_WITHOUT_MATCHES: Readonly<
  Record<ThresholdAlarm["comparisonOperator"], (threshold: number) => boolean>
> = {
  GreaterThanOrEqualToThreshold: (threshold) => 0 >= threshold,
  GreaterThanThreshold: (threshold) => 0 > threshold,
  LessThanThreshold: (threshold) => 0 < threshold,
  LessThanOrEqualToThreshold: (threshold) => 0 <= threshold,
};

/** Conditions on the partitions: the day of delivery, which may be the day after the event. */
function daysOf({ since, until }: Range, dialect: Dialect): readonly Sql[] {
  const from = since === undefined ? dialect.daysAgo(DEFAULT_DAYS) : literal(dayOf(since));
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
