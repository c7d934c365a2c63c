import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ALARM } from "../../cloudwatch/testing/fixtures.ts";
import { evaluateGate } from "../gate.ts";
import { renderJson } from "./json.ts";
import { renderPage } from "./page.ts";
import type { Report } from "./report.ts";
import { renderTable } from "./table.ts";

const NOON = Date.UTC(2026, 2, 2, 12);
const MINUTE = 60_000;
const HOSTILE = `"><script>alert('x')</script><img src=x onerror=y>&amp;`;

const BY_HOSTILE = { top: [{ value: HOSTILE, count: 5 }], distinct: 1 };
const NO_MATCHES = { count: 0, minutes: Float64Array.of(), counts: Float64Array.of() };
const NO_CALLERS = { top: [], distinct: 0 };

const report: Report = {
  input: {
    files: 2,
    bytes: 3000,
    events: 12,
    outside: 1,
    oversized: 1,
    copies: 1,
    countsCopies: false,
    digests: 4,
    others: 1,
    malformed: 1,
    unreadable: 1,
    errors: [
      { file: `/in/${HOSTILE}.json`, place: "record 3", why: "invalid JSON" },
      { file: "/in/cut.json.gz", why: "truncated gzip data; copy the file again" },
    ],
  },
  span: { first: NOON, last: NOON + 90 * MINUTE },
  detections: [
    {
      id: "kms-errors",
      patterns: [`{ $.a = "${HOSTILE}" }`],
      unbound: ["role"],
      matches: {
        count: 5,
        minutes: Float64Array.of(NOON / MINUTE, NOON / MINUTE + 30),
        counts: Float64Array.of(2, 3),
      },
      who: {
        principals: BY_HOSTILE,
        roles: NO_CALLERS,
        addresses: { top: [{ value: "203.0.113.7", count: 5 }], distinct: 120 },
        events: [
          {
            at: NOON,
            principal: HOSTILE,
            role: HOSTILE,
            address: "203.0.113.7",
            userAgent: HOSTILE,
            eventName: "Decrypt",
            eventId: "id-1",
          },
        ],
      },
      alarms: [
        {
          name: HOSTILE,
          title: `Someone guesses ${HOSTILE}`,
          alarm: { ...ALARM, threshold: 2 },
          deployedThreshold: 3,
          transitions: [],
          fired: [
            { from: NOON + MINUTE, to: NOON + 4 * MINUTE },
            { from: NOON + 31 * MINUTE, to: null },
          ],
          sweep: [
            { threshold: 1, period: 60, fired: 2, perDay: 2, inAlarm: 240_000 },
            { threshold: 2, period: 900, fired: 2, perDay: 2, inAlarm: 180_000 },
          ],
        },
      ],
    },
    {
      id: "quiet",
      patterns: ["{ $.b = 1 }"],
      unbound: [],
      matches: NO_MATCHES,
      who: { principals: NO_CALLERS, roles: NO_CALLERS, addresses: NO_CALLERS, events: [] },
      alarms: [],
    },
  ],
  composites: [
    { name: "attack", title: "Two at once", transitions: [], fired: [], missingAlarms: ["other"] },
  ],
  exclusions: null,
  problems: [],
  notReplayed: [{ alarm: "other", why: `its metric ${HOSTILE} is not there`, unread: false }],
  unseenKeys: [{ name: "crm", arn: HOSTILE, detectionIds: [] }],
  keyUse: {
    roles: [{ arn: `arn:aws:iam::111122223333:role/${HOSTILE}`, count: 12 }],
    keys: [],
  },
};

describe("renderPage", () => {
  const page = renderPage(report, NOON);

  it("escapes all values", () => {
    expect(page).not.toMatch(/<script|<img|onerror=y>/);
    expect(page).toContain("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    expect(page).toContain("&amp;amp;");
  });

  it("runs no script, loads nothing and allows only its own style sheet", () => {
    expect(page).not.toMatch(/<[^>]*\s(?:src|action|style|on\w+)=/);
    expect(page).not.toMatch(/href="(?!#)|url\(|@import/);
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    const digest = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${digest}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
  });

  it("is accessible: it has a language, a title, section headings and chart labels", () => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toMatch(/<title>\S/);
    for (const [, id] of page.matchAll(/aria-labelledby="([^"]*)"/g)) {
      expect(page.split(`<h2 id="${id}">`)).toHaveLength(2);
    }
    expect(page.match(/<th scope=/g)?.length).toBeGreaterThan(10);
    const charts = page.match(/<svg[^>]*>/g) ?? [];
    expect(charts).toHaveLength(1);
    expect(charts[0]).toMatch(
      /role="img" aria-label="kms-errors: 5 matches over time; its alarms fired 2 times"/,
    );
  });

  it("draws matches and times in ALARM at their positions", () => {
    const bars = [...page.matchAll(/class="bar" x="([\d.]+)".*?<title>([^<]*)/g)];
    expect(bars.map(([, , title]) => title)).toEqual([
      "2026-03-02 12:00:00 UTC: 2 matches, at most 2 in a minute",
      "2026-03-02 12:30:00 UTC: 3 matches, at most 3 in a minute",
    ]);
    const [first = 0, second = 0] = bars.map(([, x]) => Number(x));
    // 91 bars of a minute fill the width of 960 beside the labels.
    expect(second - first).toBeCloseTo((30 * (960 - 56)) / 91, 0);
    expect(page.match(/class="alarm"/g)).toHaveLength(2);
  });

  it("shows what fired first and sections without matches last", () => {
    const [quiet, fired] = report.detections.toReversed();
    if (quiet === undefined || fired === undefined)
      throw new Error("The report has two detections.");
    const sections = renderPage({ ...report, detections: [quiet, fired] }, NOON);
    const ids = [...sections.matchAll(/<h2 id="([^"]*)">/g)].map(([, id]) => id);
    expect(ids).toEqual(["errors", "detection-kms-errors", "detection-quiet", "alarm-attack"]);
  });

  it("lists who made the matching calls", () => {
    expect(page).toMatch(/<h3>Who<\/h3>[\s\S]*203\.0\.113\.7[\s\S]*id-1/);
    expect(page).toContain("And 119 more.");
  });

  it("lists what could not be read or replayed", () => {
    expect(page).toContain("Could not read 1 file and 1 record");
    expect(page).toContain("Evaluated without other, which cannot be replayed.");
    expect(page).toContain("(deployed: 3)");
  });

  it("renders a report without events", () => {
    const nothing = renderPage({ ...report, span: null, keyUse: null }, NOON);
    expect(nothing).toContain("No matches.");
    expect(nothing).not.toContain("NaN");
  });
});

describe("renderTable", () => {
  const lines = renderTable(report, { sweep: true }).split("\n");

  it("has a row for each alarm with its results", () => {
    const row = lines.find((line) => line.startsWith("kms-errors"));
    expect(row?.split(/ {2,}/)).toEqual([
      "kms-errors",
      "5",
      "≥ 2 in 1 min",
      "2",
      "until the end",
      "2026-03-02 12:31:00",
    ]);
    expect(lines.find((line) => line.startsWith("quiet"))).toMatch(/0 {2}no alarm$/);
    expect(lines.find((line) => line.startsWith("attack"))).toMatch(/composite +0$/);
  });

  it("lists what was skipped and unreadable, and how to bind the detections", () => {
    const text = lines.join("\n");
    expect(text).toContain(
      "2 files (2.9 KiB), 12 events from 2026-03-02 12:00:00 to 2026-03-02 13:30:00 UTC (1 h 30 min)",
    );
    expect(text).toContain("4 CloudTrail digests skipped");
    expect(text).toContain("Could not read 1 file and 1 record:\n");
    expect(text).toContain("/in/cut.json.gz: truncated gzip data; copy the file again");
    expect(text).toContain(
      "Without --role-arn and --key-arn, these detections monitor the role and key of the stacks: kms-errors.",
    );
    expect(text).toContain("KMS keys in use, for --key-arn: none");
    expect(text).toContain("attack is replayed without other");
  });

  it("lists who made the matching calls, with totals and the first events", () => {
    const block = lines.slice(lines.indexOf("kms-errors: who made the 5 matches"));
    expect(block.slice(1, 6).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["callers", "5", HOSTILE],
      ["addresses", "5", "203.0.113.7"],
      ["and 119 more (--json and --html list up to 100)"],
      ["TIME (UTC)", "EVENT", "CALLER", "ADDRESS", "EVENT ID", "USER AGENT"],
      ["2026-03-02 12:00:00", "Decrypt", HOSTILE, "203.0.113.7", "id-1", HOSTILE],
    ]);
  });

  it("marks detections that are not bound instead of showing 0, and no gate passes with them", () => {
    const detections = report.detections.map((one) =>
      one.id === "quiet" ? one : { ...one, matches: NO_MATCHES },
    );
    const unbound = { ...report, detections };
    const row = renderTable(unbound, { sweep: false })
      .split("\n")
      .find((line) => line.startsWith("kms-errors"));
    expect(row?.split(/ {2,}/)).toEqual([
      "kms-errors",
      "not bound",
      "≥ 2 in 1 min",
      "needs --role-arn",
    ]);
    expect(renderPage(unbound, NOON)).toMatch(/<td class="number">not bound<\/td>/);
    const input = { ...report.input, malformed: 0, unreadable: 0 };
    const silent = detections.flatMap((one) => [
      { ...one, alarms: [] },
      { ...one, id: "key", unbound: ["key" as const], matches: NO_MATCHES, alarms: [] },
    ]);
    expect(
      evaluateGate(
        { ...report, input, detections: silent, composites: [], exclusions: null },
        { failOn: ["alarm"], allowUnread: [] },
      ),
    ).toEqual({
      code: 2,
      error: expect.stringMatching(
        /could not fire, .+: kms-errors, .+\. Pass --role-arn and --key-arn, or replay --keys/,
      ),
    });
  });

  it("prints what could not be read first, and no tables if nothing could be read", () => {
    expect(lines[0]).toBe("Could not read 1 file and 1 record:");
    const unread = { ...report, input: { ...report.input, events: 0 }, span: null };
    const text = renderTable(unread, { sweep: true });
    expect(text).toMatch(/^Could not read 1 file and 1 record:\n/);
    expect(text).not.toMatch(/DETECTION|FIRED|kms-errors/);
  });

  it.each([
    [{ unreadable: 2, malformed: 0 }, "Could not read 2 files"],
    [{ unreadable: 0, malformed: 1 }, "Could not read 1 record"],
  ])("names only what could not be read of %j", (counts, message) => {
    const unread = { ...report, input: { ...report.input, ...counts } };
    expect(renderTable(unread, { sweep: false })).toMatch(new RegExp(`^${message}:\n`));
    expect(renderPage(unread, NOON)).toContain(`${message}</h2>`);
  });

  it("replaces control characters", () => {
    const input = {
      ...report.input,
      errors: [{ file: "\u001b]0;x\u0007\r\u009b2J.json", why: "no" }],
    };
    const text = renderTable({ ...report, input }, { sweep: false });
    expect(text).toContain("\ufffd]0;x\ufffd\ufffd\ufffd2J.json: no");
  });

  it("marks the current threshold in the sweep", () => {
    expect(
      lines.filter((line) => /^ +[12] +\d+ min +2 +2 /.test(line)).map((line) => line.trim()),
    ).toEqual([
      "1   1 min      2        2     4 min",
      "2  15 min      2        2     3 min  ← current",
    ]);
  });
});

describe("renderJson", () => {
  it("formats times in ISO 8601 and durations in seconds", () => {
    const json = JSON.parse(renderJson(report));
    expect(json.span).toEqual({
      first: "2026-03-02T12:00:00.000Z",
      last: "2026-03-02T13:30:00.000Z",
    });
    expect(json.problems).toEqual(report.input.errors);
    expect(json.detections[0]).toMatchObject({
      id: "kms-errors",
      callers: {
        principals: BY_HOSTILE,
        roles: { top: [], distinct: 0 },
        addresses: { top: [{ value: "203.0.113.7", count: 5 }], distinct: 120 },
      },
      events: [
        {
          time: "2026-03-02T12:00:00.000Z",
          principal: HOSTILE,
          role: HOSTILE,
          address: "203.0.113.7",
          userAgent: HOSTILE,
          eventName: "Decrypt",
          eventId: "id-1",
        },
      ],
      matches: 5,
      minutes: [{ minute: "2026-03-02T12:00:00.000Z", matches: 2 }, { matches: 3 }],
      alarms: [
        {
          threshold: 2,
          deployedThreshold: 3,
          fired: [
            { from: "2026-03-02T12:01:00.000Z", to: "2026-03-02T12:04:00.000Z", seconds: 180 },
            { from: "2026-03-02T12:31:00.000Z", to: null, seconds: null },
          ],
          sweep: [{ threshold: 1, secondsInAlarm: 240 }, { threshold: 2 }],
        },
      ],
    });
    expect(json.composites).toMatchObject([{ name: "attack", without: ["other"] }]);
  });
});
