import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FILTER } from "../../../cloudwatch/testing/fixtures.ts";
import { createScan } from "../../evaluate/scan.ts";
import { createRecordReader } from "./reader.ts";
import { readWhole } from "./whole.ts";

const parseAll = () => () => undefined;

function readInChunks(text: string): readonly object[] {
  const records: object[] = [];
  const reader = createRecordReader({
    onRecord: (record) => records.push(record),
    onError: (place, why) => records.push({ place, why }),
  });
  reader.write(Buffer.from(text));
  reader.end();
  return records;
}

const PATTERNS = [
  '{ $.eventSource = "kms.amazonaws.com" && $.userIdentity.arn = "*:role/vault" }',
  '{ $.errorCode = "AccessDenied*" && $.eventName != "Decrypt" }',
  '{ $.eventName = "Put*" && $.requestParameters.size > 1000 }',
];
const scan = () =>
  createScan({
    filters: PATTERNS.map((pattern, index) => ({ ...FILTER, name: String(index), pattern })),
    monitoredMetrics: [],
    countsKeyUse: false,
  });

/** Records with CloudTrail's fields, in its order. */
const record = fc
  .record({
    arn: fc.constantFrom(
      "arn:aws:iam::111122223333:role/vault",
      "a",
      "é😀",
      'with "quotes"',
      "b}{",
    ),
    second: fc.integer({ min: 10, max: 59 }),
    source: fc.constantFrom("kms", "s3", "ec2"),
    name: fc.constantFrom("Decrypt", "PutObject", "DescribeInstances"),
    errorCode: fc.constantFrom(undefined, "AccessDenied", "Throttling"),
    requestParameters: fc.oneof(
      { arbitrary: fc.constantFrom(null, { size: 2000 }, { size: 1 }), weight: 30 },
      {
        arbitrary: fc.constantFrom(
          { text: '},{"eventVersion":"1"' },
          { list: [{}, { eventVersion: "1.11", eventTime: "2026-03-02T09:14:00Z" }] },
        ),
        weight: 1,
      },
    ),
  })
  .map(({ arn, second, source, name, errorCode, requestParameters }) => ({
    eventVersion: "1.11",
    userIdentity: { type: "AssumedRole", arn },
    eventTime: `2026-03-02T09:14:${second}Z`,
    eventSource: `${source}.amazonaws.com`,
    eventName: name,
    ...(errorCode && { errorCode }),
    requestParameters,
    eventID: `${second}${source}${name}`,
  }));
const records = fc.array(record, { minLength: 1, maxLength: 8 });
/** Piece sizes: less than a record, some records, and the whole file. */
const pieceBytes = fc.constantFrom(1, 700, 64 * 1024);

describe("readWhole", () => {
  it("reads the same records as the reader of chunks, or leaves the file to it, for any damage", () => {
    const damage = fc.tuple(fc.nat(4000), fc.constantFrom("", "{", "}", '"', "]", ",", "\\"));
    fc.assert(
      fc.property(records, fc.option(damage), pieceBytes, (list, cut, bytes) => {
        const whole = JSON.stringify({ Records: list });
        const [at, insert] = cut ?? [0, ""];
        const text = cut === null ? whole : `${whole.slice(0, at)}${insert}${whole.slice(at + 1)}`;
        const read = readWhole(Buffer.from(text), parseAll, bytes);
        if (read === undefined) return;
        expect(read.map((one) => typeof one !== "string" && one.record)).toEqual(
          readInChunks(text),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("finds what a scan of each record finds, without parsing records that no filter can match", () => {
    let skimmed = 0;
    fc.assert(
      fc.property(records, pieceBytes, (list, bytes) => {
        const file = Buffer.from(JSON.stringify({ Records: list }));
        const [fast, slow] = [scan(), scan()];
        const read = readWhole(file, fast.skim, bytes);
        for (const one of list) slow.add(one, JSON.stringify(one));
        if (read === undefined) return;
        for (const one of read) {
          if (typeof one === "string") {
            skimmed++;
            fast.addSkimmed(one);
          } else fast.add(one.record, one.text);
        }
        expect(fast.findings()).toEqual(slow.findings());
      }),
      { numRuns: 500 },
    );
    expect(skimmed).toBeGreaterThan(100);
  });

  it.each([
    ["members before the list", '{"a":1,"Records":[{"eventVersion":"1"}]}'],
    ["members after the list", '{"Records":[{"eventVersion":"1"}],"a":1}'],
    ["formatted JSON", JSON.stringify({ Records: [{ eventVersion: "1" }] }, null, 2)],
    ["no records", '{"Records":[]}'],
    ["records of another form", '{"Records":[{"a":1}]}'],
  ])("leaves a file with %s to the reader of chunks", (_, text) => {
    expect(readWhole(Buffer.from(text), parseAll)).toBeUndefined();
  });
});

test("does not count a record inside a record", () => {
  const inner = {
    eventVersion: "1.11",
    userIdentity: { arn: "arn:aws:iam::111122223333:role/vault" },
    eventTime: "2026-03-02T09:14:10Z",
    eventSource: "kms.amazonaws.com",
    eventName: "Decrypt",
  };
  const outer = { ...inner, eventSource: "ec2.amazonaws.com", requestParameters: [{}, inner] };
  const text = JSON.stringify({ Records: [outer] });
  expect(readWhole(Buffer.from(text), scan().skim)).toBeUndefined();
  expect(readInChunks(text)).toEqual([outer]);
});
