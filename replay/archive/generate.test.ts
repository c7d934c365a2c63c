import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { generateArchive } from "./generate.ts";

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-generate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const make = (name: string, seed: number) =>
  generateArchive({ folder: join(folder, name), events: 1000, seed, days: 1 });

function filesOf(name: string): ReadonlyMap<string, Buffer> {
  const root = join(folder, name);
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".gz"),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(root, path))]));
}

const archive = make("first", 1);

test("generates the same bytes for the same seed, and different ones for another", () => {
  expect(make("same", 1)).toEqual(archive);
  expect(filesOf("same")).toEqual(filesOf("first"));
  make("other", 2);
  expect(filesOf("other")).not.toEqual(filesOf("first"));
});

test("generates the requested number of events, plus those of incidents, in CloudTrail's layout", () => {
  const files = [...filesOf("first")].filter(([path]) => !path.includes("Digest"));
  const records = files.flatMap(([path, data]) => {
    expect(path).toMatch(
      /^AWSLogs\/111122223333\/CloudTrail\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/111122223333_CloudTrail_\1_\d{8}T\d{4}Z_\w{16}\.json\.gz$/,
    );
    return JSON.parse(gunzipSync(data).toString()).Records as {
      eventID: string;
      eventTime: string;
    }[];
  });
  const incidentEvents = archive.incidents.reduce((sum, { events }) => sum + events, 0);
  expect(records).toHaveLength(1000 + incidentEvents);
  expect(archive).toMatchObject({ events: records.length, files: files.length });
  expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(records.length);
});

test("the example program generates a week, and prints how to replay it", () => {
  const program = join(import.meta.dirname, "example.ts");
  const written = join(folder, "example");
  const { status, stdout } = spawnSync(process.execPath, [program, written, "2000"], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(readdirSync(written)).toEqual(["AWSLogs"]);
  expect(stdout).toMatch(/^ {2}2026-06-1\d \d\d:\d\d:\d\d {2}kms-outsider: /m);
  expect(stdout).toContain(
    `npm run replay -- ${written} --role-arn arn:aws:iam::111122223333:role/`,
  );
});

test.each([
  [[], /^FOLDER is missing\.\nUsage: npx node /],
  [["x", "many"], /^EVENTS must be an integer from 1 to 9,999,999; received "many"\.\nUsage: /],
  [["x", "5", "6"], /^Expected at most FOLDER and EVENTS; received also "6"\.\nUsage: /],
  [["--days"], /^Unknown option "--days"\.\nUsage: /],
])("the example program rejects %j with an explanation", (args, message) => {
  const program = join(import.meta.dirname, "example.ts");
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
});
