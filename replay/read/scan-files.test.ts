import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createScan } from "../evaluate/scan.ts";
import { zip } from "../testing/zip.ts";
import { scanFiles } from "./scan-files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-scan-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Scans one file, and counts its events. */
async function scan(content: string | Buffer, name = "file.json") {
  const path = join(folder, name);
  writeFileSync(path, content);
  const plan = { filters: [], monitoredMetrics: [], countsKeyUse: false };
  const { files, events, malformed, unreadable, errors } = await scanFiles(
    [path],
    createScan(plan),
  );
  return { files, events, malformed, unreadable, errors: errors.map(({ why }) => why) };
}

const read = (events: number) => ({ files: 1, events, malformed: 0, unreadable: 0, errors: [] });
const unreadable = (why: RegExp) => ({
  files: 1,
  events: 0,
  malformed: 0,
  unreadable: 1,
  errors: [expect.stringMatching(why)],
});

const event = { eventVersion: "1.11", eventTime: "2026-03-02T09:14:27Z", note: "ü 漢字 🔑" };
const json = JSON.stringify(event);
const envelope = JSON.stringify({ Records: [event, event] });
const csv = `eventID,eventJson\r\n1,"${json.replaceAll('"', '""')}"\r\n`;

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");

describe("reads UTF-16, which > writes in PowerShell:", () => {
  it.each([
    ["an envelope", utf16(envelope), 2],
    ["in big-endian order", utf16(envelope).swap16(), 2],
    ["one record per line", utf16(`${json}\r\n${json}\r\n`), 2],
    ["CSV", utf16(csv), 1],
    ["compressed", gzipSync(utf16(envelope)), 2],
    ["in a zip archive", zip({ "a.json": utf16(envelope) }), 2],
    ["longer than a chunk", utf16(`${json}\n`.repeat(3000)), 3000],
  ])("%s", async (_, content, events) => {
    expect(await scan(content)).toEqual(read(events));
  });
});

describe("reads the output of log tools:", () => {
  const row = (value: string) => [
    { field: "@timestamp", value: "2026-03-02 09:14:27.000" },
    { field: "@message", value },
    { field: "@ptr", value: "CmEKJgoiMTExMTIy" },
  ];
  it.each([
    ["aws logs get-query-results", JSON.stringify({ results: [row(json), row(json)] }, null, 4), 2],
    ["results of Logs Insights as JSON", JSON.stringify([{ "@message": event }], null, 2), 1],
    ["results of Logs Insights as CSV", csv.replace("eventID,eventJson", "@timestamp,@message"), 1],
    [
      "aws logs tail",
      `2026-03-02T09:14:27.123000+00:00 111122223333_CloudTrail_us-east-1 ${json}\n`,
      1,
    ],
    [
      "aws logs tail --format short",
      `2026-03-02T09:14:27 ${json}\n2026-03-02T09:14:28 ${json}\n`,
      2,
    ],
    ["lookup-events --query 'Events[].[CloudTrailEvent]'", JSON.stringify([[json], [json]]), 2],
  ])("%s", async (_, content, events) => {
    expect(await scan(content)).toEqual(read(events));
  });
});

describe("names the format of a file that it cannot read:", () => {
  const tar = Buffer.alloc(1024);
  tar.write("events.json");
  tar.write("ustar", 257);
  it.each([
    ["a tar archive", tar, /^a tar archive; unpack it, and pass the folder$/],
    ["a compressed tar archive", gzipSync(tar), /^a tar archive; unpack/],
    ["gzip in gzip", gzipSync(gzipSync(envelope)), /^compressed with gzip twice; /],
    [
      "a zip archive in another",
      zip({ "a.zip": zip({ "a.json": "{}" }) }),
      /^a zip archive within/,
    ],
    ["bzip2", "BZh91AY&SY\u0001\n\n\n\n", /^compressed with bzip2; decompress it first$/],
    ["Parquet", "PAR1\u0015\u0000\n{\n", /^not CloudTrail: Apache Parquet\. Replay reads/],
    [
      "another binary file",
      "\u0001\u0000{\n}\n{\n\n",
      /^not CloudTrail: binary data\. Replay reads/,
    ],
    ["zeros", Buffer.alloc(5000), /^not CloudTrail: binary data\./],
    ["no bytes", "", /^empty; repeat the command or copy that wrote it$/],
    ["no bytes, compressed", gzipSync(""), /^empty; /],
    ["blank lines", "\ufeff\n \r\n", /^empty; /],
    ["the AWS CLI's text", `EVENTS\tAKIA\t${json}\t1\tDecrypt\n`, /as text; add --output json\. /],
    [
      "the AWS CLI's YAML",
      `Events:\n- CloudTrailEvent: '${json}'\n`,
      /as YAML; add --output json\. /,
    ],
    ["the AWS CLI's table", "-----\n|  LookupEvents  |\n", /as a table; add --output json\. /],
    [
      "CSV without events",
      '"eventversion","eventtime"\n"1","2"\n',
      /CSV without the column eventJson/,
    ],
    [
      "results without eventJson",
      '{"QueryResultRows":[[{"eventTime":"2026-03-02 09:14:27.000"},{"eventName":"Decrypt"}]]}',
      /query results without the column eventJson/,
    ],
    ["a query that failed", '{"QueryStatus":"FAILED"}', /a CloudTrail Lake query without results/],
  ])("%s", async (_, content, why) => {
    expect(await scan(content)).toEqual(unreadable(why));
  });
});

it("reads a file without records, which CloudTrail writes for a Region without events", async () => {
  expect(await scan('{"Records":[]}')).toEqual(read(0));
});

// Without the limit on unclosed records, a search of the rest of the file for each line takes 50 times longer.
// Retries in case the machine was busy.
const LINEAR = { timeout: 10_000, retry: 2 };
it("reads a text of records that never end in linear time", LINEAR, async () => {
  const lines = 25_000;
  expect(await scan('{"a": \n'.repeat(lines))).toMatchObject({ events: 0, malformed: lines });
});

it("reports where the only record of a text file is invalid", async () => {
  expect(await scan('{"Records":[{"a":}]}')).toMatchObject({ malformed: 1, unreadable: 0 });
});

it("reads a zip archive whose comment contains the signature of its end", async () => {
  const archive = zip({ "a.json": envelope });
  const comment = Buffer.from(
    "PK\u0005\u0006 an archive, PK\u0005\u0006 with a comment of its own",
  );
  archive.writeUInt16LE(comment.length, archive.length - 2);
  expect(await scan(Buffer.concat([archive, comment]))).toEqual(read(2));
});

it("skips the files in which macOS keeps attributes", async () => {
  const archive = zip({ "a.json": envelope, "__MACOSX/._a.json": Buffer.from([0, 5, 22, 7, 0]) });
  expect(await scan(archive)).toEqual(read(2));
});
