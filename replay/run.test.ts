import { globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type GeneratedArchive, generateArchive } from "./archive/generate.ts";
import { customDetections } from "./detections/custom.ts";
import type { ReplayedDetections } from "./detections/detections.ts";
import { synthesizedDetections } from "./detections/synthesized.ts";
import type { DetectionReport, Report } from "./report/report.ts";
import { replay } from "./run.ts";

const MINUTE = 60_000;
const KMS = '{ $.eventSource = "kms.amazonaws.com" }';

let folder: string;
let archive: GeneratedArchive;
let detections: ReplayedDetections;
/** The report for the archive, bound to its role and key. */
let fullReport: Report;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-replay-"));
  archive = generateArchive({ folder: join(folder, "archive"), events: 4000, seed: 7, days: 1 });
  detections = synthesizedDetections({}, archive).detections;
  fullReport = await run([inArchive()]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (paths: readonly string[], more: Partial<Parameters<typeof replay>[0]> = {}) =>
  replay({ paths, detections, thresholds: new Map(), workers: 1, ...more });
const custom = (...patterns: readonly string[]) => ({ detections: customDetections(patterns) });
const inArchive = () => join(folder, "archive/AWSLogs");

async function write(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

function detection({ detections: list }: Report, id: string): DetectionReport {
  const found = list.find((one) => one.id === id);
  if (found === undefined) throw new Error(`No detection ${id} in ${list.map((one) => one.id)}.`);
  return found;
}

const event = (more: object = {}) => ({
  eventVersion: "1.11",
  eventTime: "2026-03-02T09:14:27Z",
  eventSource: "kms.amazonaws.com",
  eventName: "Decrypt",
  ...more,
});

describe("an archive with incidents", () => {
  it("gives the same report decompressed, when each record is parsed", async () => {
    const files = globSync("**/*_CloudTrail_*.gz", { cwd: inArchive() });
    const text = files.map((file) => gunzipSync(readFileSync(join(inArchive(), file))).toString());
    const { detections: parsed, span } = await run([await write("all.json", text.join("\n"))]);
    expect({ parsed, span }).toEqual({ parsed: fullReport.detections, span: fullReport.span });
  });

  it("is read completely, except for its digests", () => {
    const { input, span } = fullReport;
    expect(input).toMatchObject({
      files: archive.files,
      bytes: archive.compressedBytes,
      events: archive.events,
      digests: 24 * 3,
      others: 0,
      malformed: 0,
      unreadable: 0,
      errors: [],
    });
    expect((span?.last ?? 0) - (span?.first ?? 0)).toBeGreaterThan(23 * 60 * MINUTE);
  });

  it("raises each incident's alarm at its time, and no other alarm", () => {
    for (const incident of archive.incidents) {
      const { matches, alarms } = detection(fullReport, incident.detection);
      expect([incident.detection, matches.count >= incident.events]).toEqual([
        incident.detection,
        true,
      ]);
      expect(alarms.length).toBeGreaterThan(0);
      for (const { name, fired } of alarms) {
        expect([name, fired.length]).toEqual([name, 1]);
        expect(fired[0]?.from).toBeGreaterThan(incident.from);
        expect(fired[0]?.from).toBeLessThanOrEqual(incident.to + 5 * MINUTE);
      }
    }
    const quiet = fullReport.detections.filter(({ id }) =>
      archive.incidents.every((incident) => incident.detection !== id),
    );
    expect(quiet.flatMap(({ alarms }) => alarms.flatMap(({ fired }) => fired))).toEqual([]);
  });

  it("raises no alarm for another role and key, and reports those in use", async () => {
    const report = await run([inArchive()], {
      detections: synthesizedDetections({}, {}).detections,
    });
    expect(detection(report, "kms-outsider").matches.count).toBe(0);
    expect(detection(report, "kms-volume").unbound).toEqual(["key"]);
    expect(detection(report, "kms-errors").unbound).toEqual(["role"]);
    expect(report.keyUse?.roles[0]?.arn).toBe(archive.roleArn);
    expect(report.keyUse?.keys[0]?.arn).toBe(archive.keyArn);
    expect(fullReport.keyUse).toBeNull();
  });

  it("gives the same report for any number of workers", async () => {
    expect(await run([inArchive()], { workers: 2 })).toEqual(fullReport);
    expect(await run([inArchive()], { workers: 5 })).toEqual(fullReport);
  });

  it("applies an overridden threshold, and reports the results of others", async () => {
    const report = await run([inArchive()], { thresholds: new Map([["kms-errors", 100]]) });
    const [alarm] = detection(report, "kms-errors").alarms;
    expect(alarm).toMatchObject({ fired: [], deployedThreshold: 1, alarm: { threshold: 100 } });
    expect(alarm?.title).toMatch(/1 or more in a minute\. Replayed with the threshold 100\.$/);
    const { sweep = [] } = alarm ?? {};
    // The settings give a threshold above 1 a period of 15 minutes.
    expect(sweep.map(({ threshold, period, fired }) => [threshold, period, fired])).toEqual([
      [1, 60, 1],
      [2, 900, 1],
      [3, 900, 1],
      [5, 900, 1],
      [10, 900, 2],
      [20, 900, 0],
      [100, 900, 0],
    ]);
    expect(sweep[0]?.perDay).toBe(1);
  });

  it("includes only the events between since and until", async () => {
    const [incident] = archive.incidents;
    const since = incident?.from ?? 0;
    const until = since + 60_000;
    const report = await run([inArchive()], { since, until });
    expect(report.span?.first).toBeGreaterThanOrEqual(since);
    expect(report.span?.last).toBeLessThan(until);
    expect(report.input.events + report.input.outside).toBe(archive.events);
    expect(detection(report, "kms-errors").matches.count).toBe(5);
  });
});

test("gives the same report for any division of records between files and workers", async () => {
  let round = 0;
  const record = fc.record({
    minute: fc.integer({ min: 0, max: 30 }),
    name: fc.constantFrom("Decrypt", "Encrypt"),
    id: fc.integer({ min: 0, max: 1000 }),
  });
  const layouts = [
    (records: readonly object[]) => JSON.stringify({ Records: records }),
    (records: readonly object[]) => gzipSync(JSON.stringify({ Records: records })),
    (records: readonly object[]) => records.map((one) => JSON.stringify(one)).join("\n"),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 30 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...layouts)), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.integer({ min: 1, max: 3 }),
      async (drawn, files, workers) => {
        const records = drawn.map(({ minute, name, id }) =>
          event({
            eventTime: `2026-03-02T09:${String(minute).padStart(2, "0")}:00Z`,
            eventName: name,
            eventID: `${minute}-${name}-${id}`,
          }),
        );
        round++;
        await write(`all-${round}/all.json`, JSON.stringify({ Records: records }));
        let rest = records;
        for (const [index, [size, layout]] of files.entries()) {
          const part = index === files.length - 1 ? rest : rest.slice(0, size);
          rest = rest.slice(part.length);
          await write(`parts-${round}/${index % 2}/part-${index}.json`, layout(part));
        }
        const patterns = custom(KMS, '{ $.eventName = "Decrypt" }');
        const all = await run([join(folder, `all-${round}`)], { ...patterns, workers: 1 });
        const parts = await run([join(folder, `parts-${round}`)], { ...patterns, workers });
        const { input: _, ...expected } = all;
        expect(parts).toMatchObject(expected);
        expect(parts.input.events).toBe(records.length);
      },
    ),
    { numRuns: 8 },
  );
});

describe("who made the matching calls", () => {
  const role = "arn:aws:iam::111122223333:role/app";
  const session = "arn:aws:sts::111122223333:assumed-role/app/one";
  const call = (id: number, more: object = {}) =>
    event({
      eventID: `id-${String(id).padStart(2, "0")}`,
      eventTime: `2026-03-02T09:${String(id).padStart(2, "0")}:00Z`,
      userIdentity: { arn: session, sessionContext: { sessionIssuer: { arn: role } } },
      sourceIPAddress: "10.0.0.1",
      userAgent: "aws-sdk-js",
      ...more,
    });

  it("is reported with totals by caller, role and address, and the first 20 events", async () => {
    const outsider = {
      userIdentity: { type: "AWSAccount", accountId: "444455556666", principalId: "AROA1:eve" },
      sourceIPAddress: "198.51.100.7",
    };
    const calls = Array.from({ length: 30 }, (_, index) => call(index));
    calls[3] = call(3, outsider);
    calls[4] = call(4, { userIdentity: { type: "AWSService", invokedBy: "rds.amazonaws.com" } });
    calls[5] = call(5, { userIdentity: null, sourceIPAddress: undefined });
    // Newest first, as in Event history. A second trail repeats the first events.
    await write("who/a.json", JSON.stringify({ Records: calls.toReversed() }));
    await write("who/b.json", JSON.stringify({ Records: calls.slice(0, 10) }));
    const { who } = detection(await run([join(folder, "who")], custom(KMS)), "pattern");
    expect(who.principals).toEqual({
      top: [
        { value: session, count: 27 },
        { value: "account 444455556666, principal AROA1:eve", count: 1 },
        { value: "rds.amazonaws.com", count: 1 },
        { value: "unknown", count: 1 },
      ],
      distinct: 4,
    });
    expect(who.roles).toEqual({ top: [{ value: role, count: 27 }], distinct: 1 });
    expect(who.addresses.top).toEqual([
      { value: "10.0.0.1", count: 28 },
      { value: "198.51.100.7", count: 1 },
    ]);
    expect(who.events.map(({ eventId }) => eventId)).toEqual(
      Array.from({ length: 20 }, (_, index) => `id-${String(index).padStart(2, "0")}`),
    );
    expect(who.events[0]).toEqual({
      at: Date.UTC(2026, 2, 2, 9),
      principal: session,
      role,
      address: "10.0.0.1",
      userAgent: "aws-sdk-js",
      eventName: "Decrypt",
      eventId: "id-00",
    });
  });

  it("names the attackers of the generated incidents", () => {
    for (const incident of archive.incidents) {
      const { matches, who } = detection(fullReport, incident.detection);
      const total = who.principals.top.reduce((sum, { count }) => sum + count, 0);
      expect([incident.detection, total]).toEqual([incident.detection, matches.count]);
      expect(who.events.length).toBe(Math.min(matches.count, 20));
    }
  });
});

test("counts an event recorded by two trails once", async () => {
  const records = Array.from({ length: 5 }, (_, index) => event({ eventID: `id-${index}` }));
  await write("trails/one.json", JSON.stringify({ Records: records }));
  await write("trails/two.json.gz", gzipSync(JSON.stringify({ Records: records.slice(1) })));
  const report = await run([join(folder, "trails")], custom(KMS));
  expect(detection(report, "pattern").matches.count).toBe(5);
  expect(report.input).toMatchObject({ events: 9, copies: 4 });
});
