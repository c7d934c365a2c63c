import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { createRecordReader } from "./reader.ts";

const event = (name: string, more: object = {}) => ({
  eventVersion: "1.11",
  eventTime: "2026-03-02T09:14:27Z",
  eventName: name,
  ...more,
});
const one = event("A");
const two = event("B", { requestParameters: { text: 'a "quoted" {brace', list: [{ c: "]" }] } });
const three = event("C", { note: "ü, 漢字 and \\" });

interface ReadResult {
  readonly records: readonly unknown[];
  readonly places: readonly string[];
  readonly errors: readonly string[];
}

/** @param size bytes of each chunk */
function read(text: string, size = Number.POSITIVE_INFINITY): ReadResult {
  const result = { records: [] as unknown[], places: [] as string[], errors: [] as string[] };
  const reader = createRecordReader({
    onRecord: (record, source, place) => {
      expect(JSON.parse(source)).toEqual(record);
      result.records.push(record);
      result.places.push(place());
    },
    onError: (place, why) => result.errors.push(`${place}: ${why}`),
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
  reader.end();
  return result;
}

const pretty = (value: unknown) => JSON.stringify(value, null, 2);
const LOOKUP = {
  Events: [one, two, three].map((record) => ({
    EventId: "1",
    EventName: record.eventName,
    Resources: [{ ResourceType: "AWS::KMS::Key", ResourceName: "a" }],
    CloudTrailEvent: JSON.stringify(record),
  })),
  NextToken: "more",
};
const envelope = JSON.stringify({ Records: [one, two, three] });

describe("reads every layout of records", () => {
  it.each([
    ["an envelope as CloudTrail writes it", envelope],
    ["a formatted envelope", pretty({ Records: [one, two, three] })],
    [
      "an envelope with members after its records",
      `{"Records":${JSON.stringify([one, two, three])},"more":{"a":"}"}}`,
    ],
    [
      "two consecutive envelopes",
      `${JSON.stringify({ Records: [one] })}\n${JSON.stringify({ Records: [two, three] })}`,
    ],
    [
      "an envelope with members before its records",
      `{"meta":{"a":"}","Records":[1]},"n":1.5,"Records": ${JSON.stringify([one, two, three])},"b":{}}`,
    ],
    ["the output of lookup-events", pretty(LOOKUP)],
    ["the output of lookup-events in text", JSON.stringify(LOOKUP)],
    [
      "the records of lookup-events (--query 'Events[].CloudTrailEvent')",
      pretty(LOOKUP.Events.map(({ CloudTrailEvent }) => CloudTrailEvent)),
    ],
    [
      "the output of get-query-results with the column eventJson",
      pretty({
        QueryStatus: "FINISHED",
        QueryStatistics: { ResultsCount: 3 },
        QueryResultRows: [one, two, three].map((record) => [
          { eventID: "1" },
          { eventJson: JSON.stringify(record) },
        ]),
      }),
    ],
    [
      "the output of filter-log-events",
      pretty({
        events: [one, two, three].map((record) => ({
          logStreamName: "1",
          message: JSON.stringify(record),
        })),
        searchedLogStreams: [],
      }),
    ],
    [
      "events of EventBridge",
      [one, two, three]
        .map((detail) =>
          JSON.stringify({ version: "0", "detail-type": "AWS API Call via CloudTrail", detail }),
        )
        .join("\n"),
    ],
    ["an array", JSON.stringify([one, two, three])],
    ["a formatted array", pretty([one, two, three])],
    ["one record per line", [one, two, three].map((record) => JSON.stringify(record)).join("\n")],
    [
      "lines that end in CRLF",
      `${[one, two, three].map((record) => JSON.stringify(record)).join("\r\n")}\r\n\r\n`,
    ],
    ["consecutive formatted records", [one, two, three].map(pretty).join("\n")],
    [
      "consecutive records without whitespace",
      [one, two, three].map((record) => JSON.stringify(record)).join(""),
    ],
    [
      "the export of a log group",
      [one, two, three]
        .map((record) => `2026-03-02T09:14:27.123Z ${JSON.stringify(record)}`)
        .join("\n"),
    ],
    ["a file with a byte order mark", `\ufeff${envelope}`],
  ])("%s", (_, text) => {
    const sizes = [1, 2, 3, 7, 64, Number.POSITIVE_INFINITY];
    for (const size of sizes) {
      expect(read(text, size)).toMatchObject({ records: [one, two, three], errors: [] });
    }
  });

  it("reads records that do not begin with eventVersion", () => {
    const records = [{ b: 1 }, { a: [{ eventVersion: "1" }, { eventVersion: "2" }] }, {}];
    expect(read(JSON.stringify({ Records: records })).records).toEqual(records);
  });

  it("returns a row of query results without a record, with its JSON", () => {
    expect(read(JSON.stringify([[{ eventID: "1" }]]))).toMatchObject({
      records: [[{ eventID: "1" }]],
      errors: [],
    });
  });

  it("reads a record that contains what looks like a record separator", () => {
    const nested = event("A", { list: [{ x: 1 }, event("inner"), event("inner")] });
    const records = [nested, one, nested];
    expect(read(JSON.stringify({ Records: records }))).toMatchObject({ records, errors: [] });
  });

  it.each(["", "\n", '{"Records":[]}', "[]"])("finds no record in %j", (text) => {
    expect(read(text)).toEqual({ records: [], places: [], errors: [] });
  });
});

test("reads the same records for any division of the file into chunks", () => {
  const record = fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
    .map((more) => ({ eventVersion: "1.11", ...JSON.parse(JSON.stringify(more)) }));
  const layouts = [
    (records: readonly object[]) => JSON.stringify({ Records: records }),
    (records: readonly object[]) => pretty({ Records: records }),
    (records: readonly object[]) => records.map((one) => JSON.stringify(one)).join("\n"),
    (records: readonly object[]) => records.map(pretty).join("\n"),
  ];
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 5 }),
      fc.constantFrom(...layouts),
      fc.integer({ min: 1, max: 200 }),
      (records, layout, size) => {
        expect(read(layout(records), size)).toMatchObject({ records, errors: [] });
      },
    ),
    { numRuns: 300 },
  );
});

describe("reports unreadable records and reads the others", () => {
  const good = JSON.stringify(one);
  const cases: readonly (readonly [string, string, readonly string[], number])[] = [
    [
      "a syntax error in a record",
      `{"Records":[${good},{"a":,"b":1},${good}]}`,
      ["record 2: invalid JSON"],
      2,
    ],
    [
      "an unclosed record",
      `{"Records":[${good},{"eventVersion":{"a":1},${good}]}`,
      ["record 2: invalid JSON"],
      2,
    ],
    [
      "an unclosed string",
      `{"Records":[${good},{"eventVersion":"1,"b":2},${good}]}`,
      ["record 2: invalid JSON"],
      2,
    ],
    [
      "numbers and text among records",
      `{"Records":[1,${good},"x",null,${good}]}`,
      ["record 1: not a JSON object", "record 3: not a JSON object", "record 4: not a JSON object"],
      2,
    ],
    [
      "brackets that do not match",
      `{"Records":[${good},{]}`,
      ["record 2: invalid JSON", "record 3: not a JSON object"],
      1,
    ],
    ["an array among records", `{"Records":[[1],${good}]}`, ["record 1: not a JSON object"], 1],
    [
      "a file that ends in the middle of a record",
      `{"Records":[${good},{"eventVersion":"1.1`,
      ["record 2: the file ends in the middle of this record"],
      1,
    ],
    [
      "a file that ends between records",
      `{"Records":[${good},`,
      ["record 2: the file ends in the middle of its list of records"],
      1,
    ],
    [
      "a file that ends in the middle of its envelope",
      `{"Records":[${good}]`,
      ["record 2: the file ends in the middle of its envelope"],
      1,
    ],
    [
      "an invalid line between valid ones",
      `${good}\n{"a":\n${good}\n`,
      ["line 2: invalid JSON"],
      2,
    ],
    ["an invalid first line", `{"a":\n${good}\n${good}\n`, ["line 1: invalid JSON"], 2],
    ["a line of text", `${good}\nhello\n${good}`, ["line 2: not a JSON object"], 2],
    [
      "a truncated last line",
      `${good}\n${good}\n${good.slice(0, 10)}`,
      ["line 3: invalid JSON"],
      2,
    ],
    ["an invalid line after blank lines", `${good}\n\n\nhello\n`, ["line 4: not a JSON object"], 1],
  ];
  it.each(cases)("%s", (_, text, errors, records) => {
    for (const size of [5, Number.POSITIVE_INFINITY]) {
      const result = read(text, size);
      expect(result.errors).toEqual(errors);
      expect(result.records).toEqual(Array(records).fill(one));
    }
  });

  it("identifies a record by its number in a list, and by its line otherwise", () => {
    expect(read(envelope).places).toEqual(["record 1", "record 2", "record 3"]);
    expect(read(`${good}\n\n${good}`).places).toEqual(["line 1", "line 3"]);
  });
});

test("reports an endless record without holding it in memory, and reads the next ones", () => {
  const endless = `{"Records":[{"eventVersion":"1","a":"${"x".repeat(17 * 1024 * 1024)},${JSON.stringify(one)},${JSON.stringify(two)}]}`;
  const { records, errors } = read(endless, 1024 * 1024);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/^record 1: /);
  expect(records).toEqual([one, two]);
});
