import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAnomalyAlarm, type ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { ALARM, FILTER } from "../../cloudwatch/testing/fixtures.ts";
import { type GeneratedArchive, generateArchive } from "../archive/generate.ts";
import { customDetections } from "../detections/custom.ts";
import type { ReplayedDetections } from "../detections/detections.ts";
import { synthesizedDetections } from "../detections/synthesized.ts";
import { importedDetections } from "../imported/detections.ts";
import { replay } from "../run.ts";
import { planFile } from "../testing/plan-fixtures.ts";
import { athenaScript } from "./script.ts";
import { checkAlarm, detectionStatement, TABLE } from "./statements.ts";
import { DUCKDB_MACROS, duckdb } from "./testing/duckdb.ts";

const MINUTE = 60_000;
const ARCHIVE = { location: "s3://bucket/AWSLogs/111122223333/CloudTrail", regions: ["us-east-1"] };
const isThreshold = (alarm: object): alarm is ThresholdAlarm => "threshold" in alarm;

let folder: string;
let archive: GeneratedArchive;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-athena-"));
  archive = generateArchive({ folder, events: 2000, seed: 3, days: 1 });
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET threads = 1");
  for (const macro of DUCKDB_MACROS) await connection.run(macro);
  // Like the table in Athena: a row per file, with the Region and day from its path.
  await connection.run(`CREATE TABLE ${TABLE} AS
    SELECT CAST(line AS JSON) AS file, regexp_extract(filename, 'CloudTrail/([^/]+)/', 1) AS region,
      regexp_extract(filename, '(\\d{4}/\\d\\d/\\d\\d)/[^/]+$', 1) AS day
    FROM read_csv('${folder}/AWSLogs/*/CloudTrail/**/*.json.gz', columns = {'line': 'VARCHAR'}, header = false,
      delim = '\\x01', quote = '', escape = '', max_line_size = 100000000, filename = true)`);
});
afterAll(async () => {
  connection.closeSync();
  await rm(folder, { recursive: true, force: true });
});

interface Row {
  readonly minute: number;
  readonly matches: number;
  readonly inPeriod: number;
  readonly breaching: boolean;
}

/** Runs queries as one statement and returns the rows of each. */
async function queryAll(statements: readonly string[]): Promise<readonly (readonly Row[])[]> {
  const selects = statements.map(
    (sql, index) =>
      `SELECT ${index}, epoch_ms(minute), matches, in_period, breaching FROM (${sql.replace(/;$/, "")})`,
  );
  const found = (await connection.runAndReadAll(selects.join("\nUNION ALL\n"))).getRows();
  return statements.map((_, index) =>
    found
      .filter(([statement]) => statement === index)
      .map(([, minute, matches, inPeriod, breaching]) => ({
        minute: Number(minute),
        matches: Number(matches),
        inPeriod: Number(inPeriod),
        breaching: breaching === true,
      })),
  );
}

async function query(sql: string): Promise<readonly Row[]> {
  const [rows = []] = await queryAll([sql]);
  return rows;
}

describe("queries over the same files", () => {
  /** Compares each query with the replayed detection. @returns the number of detections that match */
  async function compareWithReplay(own: ReplayedDetections, maxWithoutMatches: number) {
    const report = await replay({
      paths: [folder],
      detections: own,
      thresholds: new Map(),
      workers: 1,
    });
    const replayed = own.detections.map((detection, index) => ({
      ...detection,
      alarms: detection.alarms.filter(isThreshold),
      result: report.detections[index],
    }));
    const statementOf = ({ filters, alarms }: (typeof replayed)[number]) => {
      const ownFilters = own.filters.filter((_, filter) => filters.includes(filter));
      return detectionStatement(ownFilters, alarms.slice(0, 1), { since: 0 }, duckdb);
    };
    // A long query takes seconds, so run those that match and only the shortest of the others.
    const isMatched = ({ result }: (typeof replayed)[number]) => (result?.matches.count ?? 0) > 0;
    const others = replayed
      .filter((one) => !isMatched(one))
      .toSorted((a, b) => statementOf(a).length - statementOf(b).length);
    const compared = [...replayed.filter(isMatched), ...others.slice(0, maxWithoutMatches)];
    const results = await queryAll(compared.map(statementOf));
    for (const [index, { id, alarms, result }] of compared.entries()) {
      const rows = results[index] ?? [];
      expect([id, rows.map(({ minute, matches: count }) => [minute / MINUTE, count])]).toEqual([
        id,
        [...(result?.matches.minutes ?? [])].map((at, index) => [
          at,
          result?.matches.counts[index],
        ]),
      ]);
      const isOneOfOne = alarms[0]?.evaluationPeriods === 1;
      const [first] = rows.filter(({ breaching }) => breaching);
      const [fired] =
        result?.alarms.filter(({ alarm: one }) => !isAnomalyAlarm(one))[0]?.fired ?? [];
      // The alarm is evaluated at the end of the minute, over the period that ends with it.
      expect([id, isOneOfOne ? first && first.minute + MINUTE : 0]).toEqual([
        id,
        isOneOfOne ? fired?.from : 0,
      ]);
    }
    return results.filter((rows) => rows.length > 0).length;
  }

  it("find the minutes and breaches that a replay finds", async () => {
    const { detections } = synthesizedDetections({ CIPHERWATCH_CIS_PACK: "" }, archive);
    const matched = await compareWithReplay(detections, 3);
    expect(matched).toBeGreaterThanOrEqual(archive.incidents.length);
  });

  it("find what a replay of the alarms in a Terraform plan finds", async () => {
    expect(await compareWithReplay(importedDetections([planFile("for-each")]), 1)).toBe(2);
  });

  it("sum periods of several minutes up to each minute", async () => {
    const { filters } = customDetections(['{ $.eventSource = "ec2.amazonaws.com" }']);
    const rows = await query(
      detectionStatement(filters, [{ ...ALARM, period: 300, threshold: 4 }], { since: 0 }, duckdb),
    );
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      const sum = rows
        .filter(({ minute }) => minute <= row.minute && minute > row.minute - 5 * MINUTE)
        .reduce((total, { matches }) => total + matches, 0);
      expect(row).toMatchObject({ inPeriod: sum, breaching: sum >= 4 });
    }
  });

  it("include only events between since and until", async () => {
    const [incident] = archive.incidents;
    const since = incident?.from ?? 0;
    const { filters } = customDetections(['{ $.errorCode = "InvalidCiphertextException" }']);
    const range = { since, until: since + MINUTE };
    const rows = await query(detectionStatement(filters, [ALARM], range, duckdb));
    expect(rows.map(({ matches }) => matches)).toEqual([5]);
    const later = { since: since + 10 * MINUTE, until: since + 20 * MINUTE };
    expect(await query(detectionStatement(filters, [ALARM], later, duckdb))).toEqual([]);
  });

  it("count an event delivered twice once", async () => {
    await connection.run(`CREATE VIEW twice AS FROM ${TABLE} UNION ALL FROM ${TABLE}`);
    const { filters } = customDetections(["{ $.errorCode = * }"]);
    const sql = detectionStatement(filters, [ALARM], { since: 0 }, duckdb);
    expect(await query(sql.replace(`FROM ${TABLE}`, "FROM twice"))).toEqual(await query(sql));
  });
});

describe("athenaScript", () => {
  const detections = customDetections([
    '{ $.a = "x" && $.b = 1 }',
    "ERROR -healthy",
    "{ $.c > 1e300 }",
  ]);
  const script = athenaScript(detections, ARCHIVE, {}, new Map([["pattern", 7]]));

  it("creates the table first, with projected partitions", () => {
    expect(script.indexOf("CREATE EXTERNAL TABLE")).toBeLessThan(script.indexOf("WITH records"));
    expect(script).toContain("'projection.region.values' = 'us-east-1'");
    expect(script).toContain(
      "'storage.location.template' = 's3://bucket/AWSLogs/111122223333/CloudTrail/${region}/${day}/'",
    );
  });

  it("uses the overridden threshold and the last 30 days", () => {
    expect(script).toContain("total >= 7 AS breaching");
    expect(script).toContain("day >= date_format(current_date - INTERVAL '30' DAY, '%Y/%m/%d')");
  });

  it("explains which patterns SQL cannot express", () => {
    expect(script.match(/^-- Not expressible in SQL: .*$/gm)).toEqual([
      expect.stringMatching(/text patterns match the text/),
      expect.stringMatching(/1e300/),
    ]);
  });

  it("keeps line breaks of a pattern out of comments and literals", () => {
    const hostile = customDetections(['{ $.a = "x\n; DROP TABLE y" }']);
    const lines = athenaScript(hostile, ARCHIVE, {}, new Map()).split("\n");
    expect(lines.filter((line) => line.includes("DROP TABLE y"))).toEqual([
      '-- { $.a = "x ; DROP TABLE y" }',
      `  WHERE json_extract_scalar(record, '$["a"]') = ('' || 'x' || chr(10) || '; DROP TABLE y')`,
    ]);
  });

  it("queries several alarms at once, and says which ones SQL cannot express", () => {
    const imported = importedDetections([planFile("mistakes"), planFile("metric-math")]);
    const lines = athenaScript(imported, ARCHIVE, {}, new Map()).split("\n");
    expect(lines).toContain("-- counted: < 0 in 5 min, 1 of 4");
    expect(lines).toContain("-- in_period_2 and breaching_2: good, ≥ 1 in 5 min, 1 of 4");
    expect(lines.filter((line) => line.endsWith(" >= 1 AS breaching_2,"))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("-- Counts matches only: "))).toEqual([
      expect.stringMatching(/the alarm average, because "Average ≥ 5 in 5 min.*" is not a sum/),
      expect.stringMatching(/the alarm keys-lost, because it has a metric math expression\.$/),
    ]);
  });

  const transformation = FILTER.transformation;
  it("accepts the maximum where one match reaches the threshold", () => {
    const alarm = { ...ALARM, statistic: "Maximum" as const, threshold: 1 };
    expect(() => checkAlarm([FILTER], alarm)).not.toThrow();
  });

  it.each([
    [/"Average .*" is not a sum/, { statistic: "Average" as const }, {}],
    [/"Maximum .*" is not a sum/, { statistic: "Maximum" as const, threshold: 2 }, {}],
    [/does not count matches/, {}, { metricValue: "$.size" }],
    [/does not count matches/, {}, { defaultValue: 1 }],
    [/breached without matches/, { comparisonOperator: "LessThanThreshold" as const }, {}],
  ])("rejects an alarm: %s", (message, alarm, more) => {
    const filter = { ...FILTER, transformation: { ...transformation, ...more } };
    expect(() => checkAlarm([filter], { ...ALARM, ...alarm })).toThrow(message);
  });
});
