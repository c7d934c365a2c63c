import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { compileMetricFilter } from "../../cloudwatch/compile-metric-filter.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { FILTER } from "../../cloudwatch/testing/fixtures.ts";
import { createCandidates } from "./candidates.ts";
import { metricId } from "./metric-id.ts";
import { createScan, MATCH_FIELDS, MINUTE, type ScanPlan } from "./scan.ts";

const AT = "2026-03-02T09:14:27Z";
const KMS = metricId({ namespace: "Example", name: "kms-errors", dimensions: {} });

const scanWith = (plan: Partial<ScanPlan> = {}) =>
  createScan({ filters: [FILTER], monitoredMetrics: [KMS], countsKeyUse: false, ...plan });

const record = (more: object = {}) => ({
  eventTime: AT,
  eventSource: "kms.amazonaws.com",
  eventName: "Decrypt",
  eventID: "6f1d",
  errorCode: "AccessDenied",
  ...more,
});

/** Scans records and returns a row of numbers per match. */
function rowsOf(records: readonly object[], plan: Partial<ScanPlan> = {}): readonly number[][] {
  const scan = scanWith(plan);
  for (const one of records) expect(scan.add(one, JSON.stringify(one))).toBeUndefined();
  const { matches: list } = scan.findings();
  return Array.from({ length: list.length / MATCH_FIELDS }, (_, row) => [
    ...list.subarray(row * MATCH_FIELDS, (row + 1) * MATCH_FIELDS),
  ]);
}

describe("eventTime", () => {
  it.each([
    [AT, AT],
    ["2026-03-02T09:14:59Z", "2026-03-02T09:14:59Z"],
    ["2026-03-02T09:14:27.456Z", "2026-03-02T09:14:27.456Z"],
    ["2026-03-02T19:14:27+10:00", AT],
  ])("parses %s", (text, expected) => {
    const scan = scanWith();
    // Twice, since the second time in a minute is parsed differently.
    for (let time = 0; time < 2; time++) {
      expect(scan.add(record({ eventTime: text }), "")).toBeUndefined();
    }
    const { first, last, minutes } = scan.findings();
    expect([first, last]).toEqual([Date.parse(expected), Date.parse(expected)]);
    expect(minutes).toEqual({
      minutes: Float64Array.of(Math.floor(Date.parse(expected) / MINUTE)),
      counts: Float64Array.of(2),
    });
  });

  it.each([
    undefined,
    null,
    1772442867,
    "",
    "yesterday",
    "2026-03-02",
    "2026-13-02T09:14:27Z",
    "2026-03-02T09:14:77Z",
    "2026-03-02T09:14:xxZ",
    "2026-03-02X09:14:27Z",
  ])("rejects %j", (eventTime) => {
    const scan = scanWith();
    scan.add(record(), "");
    expect(scan.add(record({ eventTime }), "")).toMatch(/eventTime/);
    expect(scan.findings().events).toBe(1);
  });

  it("selects events from since (inclusive) to until (exclusive)", () => {
    const since = Date.parse(AT);
    const scan = scanWith({ since, until: since + 1000 });
    for (const second of ["26", "27", "28"]) {
      scan.add(record({ eventTime: `2026-03-02T09:14:${second}Z` }), "");
    }
    expect(scan.findings()).toMatchObject({ events: 1, outside: 2, first: since, last: since });
  });
});

describe("a match", () => {
  it("contains the filter, metric, minute and value", () => {
    const other = { ...FILTER, name: "other", pattern: '{ $.eventName = "Decrypt" }' };
    const rows = rowsOf([record(), record({ errorCode: null })], { filters: [FILTER, other] });
    const minute = Math.floor(Date.parse(AT) / MINUTE);
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      [0, 0, minute, 1],
      [1, 0, minute, 1],
      [1, 0, minute, 1],
    ]);
  });

  it("identifies the event by its eventID, if it has one", () => {
    const [one, same, other, none] = rowsOf([
      record(),
      record({ eventName: "Encrypt" }),
      record({ eventID: "6f1e" }),
      record({ eventID: undefined }),
    ]).map((row) => row.slice(4, 6));
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    expect(none).toEqual([Number.NaN, Number.NaN]);
  });

  it("publishes the same value as the metric filter", () => {
    const transformation = { ...FILTER.transformation, metricValue: "$.size" };
    const filter: MetricFilter = { ...FILTER, transformation };
    const { publish } = compileMetricFilter(filter);
    for (const size of [3, "2.5", "x", null, undefined, { a: 1 }, -1]) {
      const one = record({ size });
      const datum = publish({ timestamp: Date.parse(AT), message: JSON.stringify(one) });
      const [row = []] = rowsOf([one], { filters: [filter] });
      expect([row[1], row[3]]).toEqual(datum === undefined ? [-1, Number.NaN] : [0, datum.sum]);
    }
  });

  it("publishes to the metric with its dimensions, if that metric is monitored", () => {
    const { defaultValue: _, ...transformation } = FILTER.transformation;
    const filter = {
      ...FILTER,
      transformation: { ...transformation, dimensions: { Who: "$.who" } },
    };
    const monitoredMetrics = [
      KMS,
      metricId({ namespace: "Example", name: "kms-errors", dimensions: { Who: "a" } }),
    ];
    const rows = rowsOf([record({ who: "a" }), record({ who: "b" }), record()], {
      filters: [filter],
      monitoredMetrics,
    });
    expect(rows.map((row) => row[1])).toEqual([1, -1, 0]);
  });

  it("excludes events too large for CloudTrail to send to CloudWatch Logs", () => {
    const big = record({ requestParameters: { text: "x".repeat(256 * 1024) } });
    expect(rowsOf([big])).toEqual([]);
    expect(rowsOf([record({ requestParameters: { text: "x".repeat(250 * 1024) } })])).toHaveLength(
      1,
    );
  });
});

test("counts KMS calls by role and key if requested", () => {
  const scan = scanWith({ countsKeyUse: true });
  const arn = "arn:aws:iam::111122223333:role/service";
  const key = "arn:aws:kms:ap-southeast-2:111122223333:key/1f6c";
  const use = record({
    userIdentity: { sessionContext: { sessionIssuer: { arn } } },
    resources: [{ ARN: key }, { ARN: "arn:aws:s3:::bucket" }, null],
  });
  for (const one of [
    use,
    use,
    record({ userIdentity: null }),
    { ...use, eventSource: "s3.amazonaws.com" },
  ]) {
    scan.add(one, JSON.stringify(one));
  }
  expect(scan.findings()).toMatchObject({ roles: [[arn, 2]], keys: [[key, 2]] });
});

test("never excludes a pattern that matches the record, which contains one of the literals", () => {
  const names = fc.constantFrom("Decrypt", "Encrypt", "PutKeyPolicy", "", "*");
  const sources = fc.constantFrom("kms.amazonaws.com", "s3.amazonaws.com");
  const test = fc.oneof(
    fc
      .tuple(
        fc.constantFrom("$.eventName", "$.eventSource"),
        fc.constantFrom("=", "!="),
        fc.oneof(names, sources, fc.constantFrom("Put*", "*.amazonaws.com", "*")),
      )
      .map(([field, operator, value]) => `${field} ${operator} "${value}"`),
    fc.constantFrom(
      "$.eventName NOT EXISTS",
      "$.eventName IS NULL",
      "$.eventName = %crypt$%",
      "$.errorCode = *",
      "$.eventName = 1",
      '$.userIdentity.arn = "*:role/a*"',
      "$.size >= 1000",
      '$.size = "1e3"',
      '$.userIdentity.arn != "arn:aws:iam::1:role/ab"',
    ),
  );
  const pattern = fc
    .tuple(test, fc.constantFrom("&&", "||"), test, fc.constantFrom("&&", "||"), test)
    .map(([a, one, b, two, c]) => `{ ${a} ${one} (${b} ${two} ${c}) }`)
    // AWS allows two regular expressions per pattern.
    .filter((text) => text.split("%").length <= 5);
  const record = fc.record(
    {
      eventName: fc.oneof(names, fc.constantFrom(null, 1, true)),
      eventSource: sources,
      errorCode: fc.constant("AccessDenied"),
      size: fc.constantFrom(1000, "1e3", 1),
      userIdentity: fc.record({ arn: fc.constantFrom("arn:aws:iam::1:role/ab", 'x"y', 5, null) }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 4 }),
      fc.array(record, { maxLength: 8 }),
      (patterns, records) => {
        const items = patterns.map((source) => ({ pattern: parsePattern(source) }));
        const candidates = createCandidates(items);
        for (const one of [...records, ...records]) {
          const selected = candidates(one);
          const text = JSON.stringify(one);
          for (const item of items) {
            if (!matches(item.pattern, text)) continue;
            expect(selected.items).toContain(item);
            if (selected.literals === undefined || text.includes("\\")) continue;
            expect(selected.literals.some((literal) => text.includes(literal))).toBe(true);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("excludes patterns that cannot match the call", () => {
  const candidates = createCandidates([
    { pattern: parsePattern('{ $.eventSource = "kms.amazonaws.com" && $.errorCode = * }') },
    { pattern: parsePattern('{ $.eventName = "Put*" || $.eventName = "Set*" }') },
  ]);
  const call = (eventSource: string, eventName: string) =>
    candidates({ eventSource, eventName }).items.length;
  expect(call("kms.amazonaws.com", "Decrypt")).toBe(1);
  expect(call("s3.amazonaws.com", "PutObject")).toBe(1);
  expect(call("s3.amazonaws.com", "GetObject")).toBe(0);
});
