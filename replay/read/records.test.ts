import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { createRecordReader } from "./records.ts";

const event = (name: string, more: object = {}) => ({
  eventVersion: "1.11",
  eventName: name,
  ...more,
});
const one = event("A");
const two = event("B", { requestParameters: { text: 'a "quoted" {brace', list: [{ c: "]" }] } });
const three = event("C", { note: "ü, 漢字 and \\" });

interface Outcome {
  readonly records: readonly unknown[];
  readonly places: readonly string[];
  readonly broken: readonly string[];
}

/** @param size bytes of each piece */
function read(text: string, size = Number.POSITIVE_INFINITY): Outcome {
  const outcome = { records: [] as unknown[], places: [] as string[], broken: [] as string[] };
  const reader = createRecordReader({
    record: (record, source, place) => {
      expect(JSON.parse(source)).toEqual(record);
      outcome.records.push(record);
      outcome.places.push(place());
    },
    broken: (place, why) => outcome.broken.push(`${place}: ${why}`),
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.end();
  return outcome;
}

const pretty = (value: unknown) => JSON.stringify(value, null, 2);
const envelope = JSON.stringify({ Records: [one, two, three] });

describe("every layout that records come in", () => {
  it.each([
    ["an envelope as CloudTrail writes it", envelope],
    ["an envelope that was laid out", pretty({ Records: [one, two, three] })],
    [
      "an envelope with more behind its records",
      `{"Records":${JSON.stringify([one, two, three])},"more":{"a":"}"}}`,
    ],
    [
      "two envelopes, one after the other",
      `${JSON.stringify({ Records: [one] })}\n${JSON.stringify({ Records: [two, three] })}`,
    ],
    ["an array", JSON.stringify([one, two, three])],
    ["an array that was laid out", pretty([one, two, three])],
    ["one record a line", [one, two, three].map((record) => JSON.stringify(record)).join("\n")],
    [
      "lines of another system",
      `${[one, two, three].map((record) => JSON.stringify(record)).join("\r\n")}\r\n\r\n`,
    ],
    ["records laid out, one after the other", [one, two, three].map(pretty).join("\n")],
    [
      "records without anything between them",
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
      expect(read(text, size)).toMatchObject({ records: [one, two, three], broken: [] });
    }
  });

  it("records that begin otherwise than CloudTrail's, too", () => {
    const records = [{ b: 1 }, { a: [{ eventVersion: "1" }, { eventVersion: "2" }] }, {}];
    expect(read(JSON.stringify({ Records: records })).records).toEqual(records);
  });

  it("an object inside of a record that looks like the beginning of one", () => {
    const nested = event("A", { list: [{ x: 1 }, event("inner"), event("inner")] });
    const records = [nested, one, nested];
    expect(read(JSON.stringify({ Records: records }))).toMatchObject({ records, broken: [] });
  });

  it.each(["", "\n", '{"Records":[]}', "[]"])("nothing: %j", (text) => {
    expect(read(text)).toEqual({ records: [], places: [], broken: [] });
  });
});

test("the same records come out wherever the file is cut into pieces", () => {
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
        expect(read(layout(records), size)).toMatchObject({ records, broken: [] });
      },
    ),
    { numRuns: 300 },
  );
});

describe("what is no record is named, and the others are read", () => {
  const good = JSON.stringify(one);
  const cases: readonly (readonly [string, string, readonly string[], number])[] = [
    [
      "a record with an error in it",
      `{"Records":[${good},{"a":,"b":1},${good}]}`,
      ["record 2: it is not JSON"],
      2,
    ],
    [
      "a record that is not closed",
      `{"Records":[${good},{"eventVersion":{"a":1},${good}]}`,
      ["record 2: it is not JSON"],
      2,
    ],
    [
      "a quote that is not closed",
      `{"Records":[${good},{"eventVersion":"1,"b":2},${good}]}`,
      ["record 2: it is not JSON"],
      2,
    ],
    [
      "numbers and text among records",
      `{"Records":[1,${good},"x",null,${good}]}`,
      [
        "record 1: it is not a JSON object",
        "record 3: it is not a JSON object",
        "record 4: it is not a JSON object",
      ],
      2,
    ],
    ["a list among records", `{"Records":[[1],${good}]}`, ["record 1: it is not a JSON object"], 1],
    [
      "a file that ends inside of a record",
      `{"Records":[${good},{"eventVersion":"1.1`,
      ["record 2: the file ends inside of it"],
      1,
    ],
    [
      "a file that ends between records",
      `{"Records":[${good},`,
      ["record 2: the file ends before its list of records does"],
      1,
    ],
    [
      "a file that ends before its envelope",
      `{"Records":[${good}]`,
      ["record 2: the file ends before its envelope does"],
      1,
    ],
    ["a broken line among good ones", `${good}\n{"a":\n${good}\n`, ["line 2: it is not JSON"], 2],
    ["a broken first line", `{"a":\n${good}\n${good}\n`, ["line 1: it is not JSON"], 2],
    [
      "a line that is no JSON at all",
      `${good}\nhello\n${good}`,
      ["line 2: it is not a JSON object"],
      2,
    ],
    [
      "a last line that was cut short",
      `${good}\n${good}\n${good.slice(0, 10)}`,
      ["line 3: it is not JSON"],
      2,
    ],
    [
      "a blank line counts as a line",
      `${good}\n\n\nhello\n`,
      ["line 4: it is not a JSON object"],
      1,
    ],
  ];
  it.each(cases)("%s", (_, text, broken, records) => {
    for (const size of [5, Number.POSITIVE_INFINITY]) {
      const outcome = read(text, size);
      expect(outcome.broken).toEqual(broken);
      expect(outcome.records).toEqual(Array(records).fill(one));
    }
  });

  it("a record is told by its number in a list and by its line outside of any", () => {
    expect(read(envelope).places).toEqual(["record 1", "record 2", "record 3"]);
    expect(read(`${good}\n\n${good}`).places).toEqual(["line 1", "line 3"]);
  });
});

test("a record without end does not fill the memory, and what follows it is read", () => {
  const endless = `{"Records":[{"eventVersion":"1","a":"${"x".repeat(17 * 1024 * 1024)},${JSON.stringify(one)},${JSON.stringify(two)}]}`;
  const { records, broken } = read(endless, 1024 * 1024);
  expect(broken).toHaveLength(1);
  expect(broken[0]).toMatch(/^record 1: /);
  expect(records).toEqual([one, two]);
});
