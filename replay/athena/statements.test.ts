import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAnomalyAlarm, type ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { ALARM, FILTER } from "../../cloudwatch/testing/fixtures.ts";
import { type Archive, generateArchive } from "../archive/generate.ts";
import { loadDeployed } from "../detections/deployed.ts";
import { ownDetections } from "../detections/detections.ts";
import { replay } from "../run.ts";
import { DUCKDB_MACROS, duckdb } from "./duckdb.ts";
import { athenaScript } from "./script.ts";
import { detectionStatement, TABLE } from "./statements.ts";
import { trino } from "./trino.ts";

const MINUTE = 60_000;
const ARCHIVE = { location: "s3://bucket/AWSLogs/111122223333/CloudTrail", regions: ["us-east-1"] };
const isThreshold = (alarm: object): alarm is ThresholdAlarm => "threshold" in alarm;

let folder: string;
let archive: Archive;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-athena-"));
  archive = generateArchive({ folder, events: 2000, seed: 3, days: 1 });
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("SET TimeZone = 'UTC'");
  for (const macro of DUCKDB_MACROS) await connection.run(macro);
  // As Athena's table has it: a file is one line and one column, and its path has Region and day.
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

async function query(sql: string): Promise<readonly Row[]> {
  const columns = "epoch_ms(minute) AS minute, matches, in_period, breaching";
  const found = await connection.runAndReadAll(`SELECT ${columns} FROM (${sql.replace(/;$/, "")})`);
  return found.getRows().map(([minute, matches, inPeriod, breaching]) => ({
    minute: Number(minute),
    matches: Number(matches),
    inPeriod: Number(inPeriod),
    breaching: breaching === true,
  }));
}

describe("over the same files", () => {
  it("every detection's query finds the minutes that a replay finds, and where they breach", async () => {
    const { detections } = loadDeployed({ CIPHERWATCH_CIS_PACK: "" }, archive);
    const report = await replay({ paths: [folder], detections, thresholds: new Map(), workers: 1 });
    let matched = 0;
    for (const [index, { filters, alarms }] of detections.detections.entries()) {
      const alarm = alarms.find(isThreshold);
      const fed = detections.filters.filter((_, filter) => filters.includes(filter));
      const rows = await query(detectionStatement(fed, alarm, { since: 0 }, duckdb));
      const { matches, alarms: replayed, id } = report.detections[index] ?? {};
      expect([id, rows.map(({ minute, matches: count }) => [minute / MINUTE, count])]).toEqual([
        id,
        matches?.byMinute.map((pair) => [...pair]),
      ]);
      if (rows.length > 0) matched++;
      const isOneOfOne = alarm?.evaluationPeriods === 1;
      const [first] = rows.filter(({ breaching }) => breaching);
      const [fired] = replayed?.filter(({ alarm: one }) => !isAnomalyAlarm(one))[0]?.fired ?? [];
      // The alarm looks at the end of the minute, over a period that this minute is the last of.
      expect([id, isOneOfOne ? first && first.minute + MINUTE : 0]).toEqual([
        id,
        isOneOfOne ? fired?.from : 0,
      ]);
    }
    expect(matched).toBeGreaterThanOrEqual(archive.incidents.length);
  });

  it("a period of more minutes is summed up to each of them", async () => {
    const { filters } = ownDetections(['{ $.eventSource = "ec2.amazonaws.com" }']);
    const rows = await query(
      detectionStatement(filters, { ...ALARM, period: 300, threshold: 4 }, { since: 0 }, duckdb),
    );
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      const sum = rows
        .filter(({ minute }) => minute <= row.minute && minute > row.minute - 5 * MINUTE)
        .reduce((total, { matches }) => total + matches, 0);
      expect(row).toMatchObject({ inPeriod: sum, breaching: sum >= 4 });
    }
  });

  it("what is asked for since and until is what is found", async () => {
    const [incident] = archive.incidents;
    const since = incident?.from ?? 0;
    const { filters } = ownDetections(['{ $.errorCode = "InvalidCiphertextException" }']);
    const range = { since, until: since + MINUTE };
    const rows = await query(detectionStatement(filters, ALARM, range, duckdb));
    expect(rows.map(({ matches }) => matches)).toEqual([5]);
    const later = { since: since + 10 * MINUTE, until: since + 20 * MINUTE };
    expect(await query(detectionStatement(filters, ALARM, later, duckdb))).toEqual([]);
  });

  it("an event that was delivered twice counts once", async () => {
    await connection.run(`CREATE VIEW twice AS FROM ${TABLE} UNION ALL FROM ${TABLE}`);
    const { filters } = ownDetections(["{ $.errorCode = * }"]);
    const sql = detectionStatement(filters, ALARM, { since: 0 }, duckdb);
    expect(await query(sql.replace(`FROM ${TABLE}`, "FROM twice"))).toEqual(await query(sql));
  });
});

describe("the script", () => {
  const detections = ownDetections([
    '{ $.a = "x" && $.b = 1 }',
    "ERROR -healthy",
    "{ $.c > 1e300 }",
  ]);
  const script = athenaScript(detections, ARCHIVE, {}, new Map([["pattern", 7]]));

  it("makes the table first, with its partitions found by their paths", () => {
    expect(script.indexOf("CREATE EXTERNAL TABLE")).toBeLessThan(script.indexOf("WITH records"));
    expect(script).toContain("'projection.region.values' = 'us-east-1'");
    expect(script).toContain(
      "'storage.location.template' = 's3://bucket/AWSLogs/111122223333/CloudTrail/${region}/${day}/'",
    );
  });

  it("asks with the threshold that was given, over the last month", () => {
    expect(script).toContain("total >= 7 AS breaching");
    expect(script).toContain("day >= date_format(current_date - INTERVAL '30' DAY, '%Y/%m/%d')");
  });

  it("names what SQL cannot express, with the reason", () => {
    expect(script.match(/^-- SQL cannot express it: .*$/gm)).toEqual([
      expect.stringMatching(/it is a text pattern/),
      expect.stringMatching(/1e300/),
    ]);
  });

  it("lets no line break of a pattern end a comment or a line", () => {
    const hostile = ownDetections(['{ $.a = "x\n; DROP TABLE y" }']);
    const lines = athenaScript(hostile, ARCHIVE, {}, new Map()).split("\n");
    expect(lines.filter((line) => line.includes("DROP TABLE y"))).toEqual([
      '-- { $.a = "x ; DROP TABLE y" }',
      `  WHERE json_extract_scalar(record, '$["a"]') = ('' || 'x' || chr(10) || '; DROP TABLE y')`,
    ]);
  });

  it.each([
    ["an average", { alarm: { ...ALARM, statistic: "Average" as const } }],
    [
      "a value out of the record",
      {
        filter: { ...FILTER, transformation: { ...FILTER.transformation, metricValue: "$.size" } },
      },
    ],
  ])(
    "refuses %s, which is no count of matches",
    (_, { filter = FILTER, alarm = ALARM }: { filter?: typeof FILTER; alarm?: typeof ALARM }) => {
      expect(() => detectionStatement([filter], alarm, {}, trino)).toThrow(
        /count of matches|only sums/,
      );
    },
  );
});
