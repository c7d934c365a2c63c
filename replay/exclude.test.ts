import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customDetections } from "./detections/custom.ts";
import { renderPage } from "./report/page.ts";
import { replay } from "./run.ts";
import { runReplay } from "./testing/run-replay.ts";

const KMS = '{ $.eventSource = "kms.amazonaws.com" }';
const RESTORE = "arn:aws:iam::111122223333:role/Restore";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-replay-"));
  file = join(folder, "events.json");
  const call = (minute: string, role: string, address: string) => ({
    eventVersion: "1.11",
    eventTime: `2026-03-02T${minute}:27Z`,
    eventSource: "kms.amazonaws.com",
    eventName: "Decrypt",
    eventID: `${minute} ${role}`,
    sourceIPAddress: address,
    userIdentity: {
      arn: `arn:aws:sts::111122223333:assumed-role/${role}/session`,
      sessionContext: { sessionIssuer: { arn: `arn:aws:iam::111122223333:role/${role}` } },
    },
  });
  const records = [
    call("09:00", "Restore", "10.0.0.1"),
    call("10:00", "Restore", "198.51.100.7"),
    call("11:00", "Eve", "198.51.100.7"),
    call("12:00", "Restore", "10.0.0.1"),
    call("12:00", "Eve", "198.51.100.7"),
  ];
  // Repeats the first event, as a second trail would.
  await writeFile(file, JSON.stringify({ Records: [...records, records[0]] }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) => runReplay([...args, file]);

const report = (caller: string) =>
  replay({
    paths: [file],
    detections: customDetections([KMS]),
    thresholds: new Map(),
    exclusions: new Map([["pattern", [caller]]]),
    workers: 1,
  });

describe("--exclude", () => {
  it("reports which alarms would still fire or no longer fire, and whose calls would not be detected", async () => {
    const { detections, exclusions, input } = await report(RESTORE);
    expect(detections[0]).toMatchObject({
      matches: { count: 5 },
      alarms: [{ fired: { length: 4 } }],
    });
    expect(input.copies).toBe(1);
    const [trial] = exclusions?.detections ?? [];
    expect(trial).toMatchObject({
      id: "pattern",
      exclusions: [RESTORE],
      remaining: { matches: { count: 2 } },
      hidden: {
        matches: { count: 3 },
        who: {
          roles: { top: [{ value: RESTORE, count: 3 }] },
          addresses: {
            top: [
              { value: "10.0.0.1", count: 2 },
              { value: "198.51.100.7", count: 1 },
            ],
          },
        },
      },
    });
    const at = (hour: number) => Date.UTC(2026, 2, 2, hour, 1);
    const [alarm] = trial?.alarms ?? [];
    expect(alarm?.fired.map(({ from }) => from)).toEqual([at(11), at(12)]);
    expect(alarm?.lost.map(({ from }) => from)).toEqual([at(9), at(10)]);
  });

  it("reports that an exclusion without matches would change nothing", async () => {
    const trial = (await report("backup.amazonaws.com")).exclusions?.detections[0];
    expect(trial).toMatchObject({ remaining: { matches: { count: 5 } }, alarms: [{ lost: [] }] });
    const { out } = await run("--pattern", KMS, "--exclude", "pattern=backup.amazonaws.com");
    expect(out).toContain(
      "None of the matches is by these callers, so the exclusion would change nothing",
    );
  });

  it("reports why an exclusion cannot be tested without matches", async () => {
    const never = await run(
      "--pattern",
      "{ $.eventName = Never }",
      "--exclude",
      "pattern=rds.amazonaws.com",
    );
    expect(never.out).toContain("\n  There are no matches, so the exclusion cannot be tested.\n");
    const options = ["--exclude", `kms-outsider=${RESTORE}`];
    const { out } = await run(...options);
    expect(out).toContain(
      "\n  The detection is not bound, so the exclusion cannot be tested. Pass --role-arn and --key-arn.\n",
    );
  });

  it("is in the text, JSON and HTML", async () => {
    const args = ["--pattern", KMS, "--exclude", `pattern=${RESTORE}`];
    const { out } = await run(...args);
    expect(out).toMatch(
      /pattern with --exclude \S+Restore: 2 of 5 matches would remain\n {2}pattern would still fire 2 times:\n {4}2026-03-02 11:01:00 UTC for 3 min\n.*\n {2}pattern would no longer fire at:\n {4}2026-03-02 09:01:00 UTC for 3 min\n/,
    );
    expect(out).toMatch(/It would no longer detect 3 matches[\s\S]*198\.51\.100\.7/);
    const { exclusions } = JSON.parse((await run("--json", ...args)).out);
    expect(exclusions.detections).toMatchObject([
      {
        id: "pattern",
        matches: 2,
        hidden: { matches: 3, callers: { roles: { distinct: 1 } } },
        alarms: [{ noLongerFires: [{ from: "2026-03-02T09:01:00.000Z", seconds: 180 }, {}] }],
      },
    ]);
    const page = renderPage(await report(RESTORE), 0);
    expect(page).toMatch(/With --exclude<\/h2>[\s\S]*would no longer fire 2 times/);
  });

  it("makes --fail-on alarm depend on what would still fire", async () => {
    const args = ["--fail-on", "alarm", "--pattern", KMS, "--exclude", `pattern=${RESTORE}`];
    expect((await run(...args)).code).toBe(1);
    const both = [...args, "--exclude", "pattern=arn:aws:iam::111122223333:role/Ev*"];
    expect((await run(...both)).code).toBe(0);
  });

  it("shows which composite alarm would no longer fire", async () => {
    const key = "arn:aws:kms:us-east-1:111122223333:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63";
    const { code, out, err } = await run(
      "--key-arn",
      key,
      "--exclude",
      `kms-outsider=${RESTORE}`,
      "--json",
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { exclusions } = JSON.parse(out);
    expect(exclusions.detections[0].patterns[0]).toContain(`!= "${RESTORE}"`);
    expect(exclusions.composites).toMatchObject([
      { name: "cipherwatch-dev-attack-under-way", noLongerFires: [] },
    ]);
  });

  it.each([
    [`patern=${RESTORE}`, KMS, /unknown detection "patern"\. Did you mean pattern\?/],
    [`pattern=${RESTORE}`, "error", /--exclude needs a JSON filter pattern; pattern has/],
    [
      `pattern=${RESTORE}`,
      `{ $.a = "${"x".repeat(900)}" }`,
      /pattern has 1\d\d\d characters; AWS allows at most 1024\. Exclude fewer callers/,
    ],
  ])("rejects %s for %.20s", async (exclusion, pattern, message) => {
    const { code, err } = await run("--pattern", pattern, "--exclude", exclusion);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
