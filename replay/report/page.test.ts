import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ALARM } from "../../cloudwatch/testing/fixtures.ts";
import { renderJson } from "./json.ts";
import { renderPage } from "./page.ts";
import type { Report } from "./report.ts";
import { renderTable } from "./table.ts";

const NOON = Date.UTC(2026, 2, 2, 12);
const MINUTE = 60_000;
const HOSTILE = `"><script>alert('x')</script><img src=x onerror=y>&amp;`;

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
    problems: [
      { file: `/in/${HOSTILE}.json`, place: "record 3", why: "it is not JSON" },
      { file: "/in/cut.json.gz", why: "it is cut short: copy it again" },
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
        byMinute: [
          [NOON / MINUTE, 2],
          [NOON / MINUTE + 30, 3],
        ],
      },
      alarms: [
        {
          name: HOSTILE,
          title: `Somebody guesses ${HOSTILE}`,
          alarm: { ...ALARM, threshold: 2 },
          deployedThreshold: 3,
          transitions: [],
          fired: [
            { from: NOON + MINUTE, to: NOON + 4 * MINUTE },
            { from: NOON + 31 * MINUTE, to: null },
          ],
          sweep: [
            { threshold: 1, fired: 2, perDay: 2, inAlarm: 240_000 },
            { threshold: 2, fired: 2, perDay: 2, inAlarm: 180_000 },
          ],
        },
      ],
    },
    {
      id: "quiet",
      patterns: ["{ $.b = 1 }"],
      unbound: [],
      matches: { count: 0, byMinute: [] },
      alarms: [],
    },
  ],
  composites: [
    { name: "attack", title: "Two at once", transitions: [], fired: [], without: ["unfed"] },
  ],
  notReplayed: [{ alarm: "unfed", why: `its metric ${HOSTILE} is not there` }],
  keyUse: {
    roles: [{ arn: `arn:aws:iam::111122223333:role/${HOSTILE}`, count: 12 }],
    keys: [],
  },
};

describe("the page", () => {
  const page = renderPage(report, NOON);

  it("lets nothing of what it shows become markup", () => {
    expect(page).not.toMatch(/<script|<img|onerror=y>/);
    expect(page).toContain("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    expect(page).toContain("&amp;amp;");
  });

  it("runs no script, asks no network and allows its own style sheet alone", () => {
    expect(page).not.toMatch(/<[^>]*\s(?:src|action|style|on\w+)=/);
    expect(page).not.toMatch(/href="(?!#)|url\(|@import/);
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    const digest = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${digest}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
  });

  it("is a page for everybody: a language, a title, headings that name sections, captions", () => {
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

  it("draws each match and each time in ALARM where it was", () => {
    const bars = [...page.matchAll(/class="bar" x="([\d.]+)".*?<title>([^<]*)/g)];
    expect(bars.map(([, , title]) => title)).toEqual([
      "2026-03-02 12:00:00 UTC: 2 matches, 2 in a minute at most",
      "2026-03-02 12:30:00 UTC: 3 matches, 3 in a minute at most",
    ]);
    const [first = 0, second = 0] = bars.map(([, x]) => Number(x));
    // A bar is a minute, and 91 of them fill what is left of 960 beside the labels.
    expect(second - first).toBeCloseTo((30 * (960 - 56)) / 91, 0);
    expect(page.match(/class="alarm"/g)).toHaveLength(2);
  });

  it("names what was not read, and what cannot be replayed", () => {
    expect(page).toContain("Not read: 1 file and 1 record");
    expect(page).toContain("Without unfed, which cannot be replayed.");
    expect(page).toContain("deployed with 3");
  });

  it("is written for no events at all", () => {
    const nothing = renderPage({ ...report, span: null, keyUse: null }, NOON);
    expect(nothing).toContain("Nothing matched.");
    expect(nothing).not.toContain("NaN");
  });
});

describe("the table", () => {
  const lines = renderTable(report, { sweep: true }).split("\n");

  it("has a row for each alarm, with what it would have done", () => {
    const row = lines.find((line) => line.startsWith("kms-errors"));
    expect(row?.split(/ {2,}/)).toEqual([
      "kms-errors",
      "5",
      "≥ 2 in 1 min",
      "2",
      "to the end",
      "2026-03-02 12:31:00",
    ]);
    expect(lines.find((line) => line.startsWith("quiet"))).toMatch(/0 {2}no alarm$/);
    expect(lines.find((line) => line.startsWith("attack"))).toMatch(/on other alarms +0$/);
  });

  it("says what it left out, what it could not read, and what would bind the detections", () => {
    const text = lines.join("\n");
    expect(text).toContain(
      "2 files (2.9 KiB), 12 events from 2026-03-02 12:00:00 to 2026-03-02 13:30:00 UTC (1 h 30 min)",
    );
    expect(text).toContain("4 CloudTrail digests left out");
    expect(text).toContain("Not read: 1 file and 1 record\n");
    expect(text).toContain("/in/cut.json.gz: it is cut short: copy it again");
    expect(text).toContain(
      "Without --role-arn and --key-arn these watch the stacks' own role and key: kms-errors.",
    );
    expect(text).toContain("Keys that were used, for --key-arn: none");
    expect(text).toContain("attack is replayed without unfed");
  });

  it("tells a terminal nothing but text", () => {
    const named = {
      ...report.input,
      problems: [{ file: "\u001b]0;x\u0007\r\u009b2J.json", why: "no" }],
    };
    const text = renderTable({ ...report, input: named }, { sweep: false });
    expect(text).toContain("\ufffd]0;x\ufffd\ufffd\ufffd2J.json: no");
  });

  it("tells the thresholds with the one that is", () => {
    expect(lines.filter((line) => /^ +[12] +2 +2 /.test(line)).map((line) => line.trim())).toEqual([
      "1      2      2     4 min",
      "2      2      2     3 min  ← now",
    ]);
  });
});

describe("JSON", () => {
  it("has times in ISO 8601 and durations in seconds", () => {
    const json = JSON.parse(renderJson(report));
    expect(json.span).toEqual({
      first: "2026-03-02T12:00:00.000Z",
      last: "2026-03-02T13:30:00.000Z",
    });
    expect(json.problems).toEqual(report.input.problems);
    expect(json.detections[0]).toMatchObject({
      id: "kms-errors",
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
    expect(json.composites).toMatchObject([{ name: "attack", without: ["unfed"] }]);
  });
});
