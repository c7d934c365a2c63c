import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { customDetections } from "../../replay/detections/custom.ts";
import { synthesizedDetections } from "../../replay/detections/synthesized.ts";
import { replay } from "../../replay/run.ts";

const fixture = fileURLToPath(new URL("fixtures/cloudtrail-events.json", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cipherwatch-published-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("reads all 50 published CloudTrail records and raises no alarm", async () => {
  const rows = JSON.parse(readFileSync(fixture, "utf8")) as readonly { readonly event: object }[];
  const path = join(folder, "published.json");
  writeFileSync(path, JSON.stringify({ Records: rows.map(({ event }) => event) }));
  const options = { paths: [path], thresholds: new Map<string, number>(), workers: 1 };

  const { detections } = synthesizedDetections({}, {});
  const report = await replay({ ...options, detections });
  expect(report.input).toMatchObject({ events: 50, malformed: 0 });
  expect(report.detections.flatMap(({ alarms }) => alarms.flatMap(({ fired }) => fired))).toEqual(
    [],
  );

  const errors = customDetections(["{ $.errorCode = * }"]);
  const [pattern] = (await replay({ ...options, detections: errors })).detections;
  expect(pattern?.matches.count).toBe(6);
});
