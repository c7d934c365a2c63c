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

test("the same seed gives the same bytes, another seed others", () => {
  expect(make("one", 1)).toEqual(make("same", 1));
  expect(filesOf("one")).toEqual(filesOf("same"));
  make("other", 2);
  expect(filesOf("one")).not.toEqual(filesOf("other"));
});

test("an archive has as many events as asked for, the incidents' on top, laid out as CloudTrail does", () => {
  const archive = make("laid-out", 3);
  const files = [...filesOf("laid-out")].filter(([path]) => !path.includes("Digest"));
  const records = files.flatMap(([path, data]) => {
    expect(path).toMatch(
      /^AWSLogs\/111122223333\/CloudTrail\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/111122223333_CloudTrail_\1_\d{8}T\d{4}Z_\w{16}\.json\.gz$/,
    );
    return JSON.parse(gunzipSync(data).toString()).Records as {
      eventID: string;
      eventTime: string;
    }[];
  });
  const planted = archive.incidents.reduce((sum, { events }) => sum + events, 0);
  expect(records).toHaveLength(1000 + planted);
  expect(archive).toMatchObject({ events: records.length, files: files.length });
  expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(records.length);
});
