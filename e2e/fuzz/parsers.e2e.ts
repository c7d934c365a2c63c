import fc from "fast-check";
import { expect, test } from "vitest";
import { FilterPatternError } from "../../cloudwatch/pattern/error.ts";
import { extractValues, matches, matchesJson } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { createRecordReader } from "../../replay/read/records/reader.ts";
import { SettingsError } from "../../settings/error.ts";
import { loadSettings, settingsTable } from "../../settings/index.ts";
import { variableName } from "../../settings/load.ts";
import { cases, MAX_EXPONENT, measureGrowth, mutated, sometimesMutated } from "./cases.ts";

const selector = fc.constantFrom(
  "$.eventName",
  "$.userIdentity.arn",
  "$.resources[0].ARN",
  "$.resources[*].ARN",
  "$.a['b.c']",
);
const value = fc.oneof(
  fc.constantFrom("Decrypt", "*key/*", '"a b"', "%^De.*t$%", "%[a-z]+\\d?%", "*"),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const comparison = fc
  .tuple(selector, fc.constantFrom("=", "!=", "<", ">="), value)
  .map((parts) => parts.join(" "));
const condition = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    comparison,
    selector.map((field) => `${field} NOT EXISTS`),
    selector.map((field) => `${field} IS NULL`),
    fc
      .tuple(tie("node"), fc.constantFrom("&&", "||"), tie("node"))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
})).node;
const field = fc.oneof(
  fc.constantFrom("ip", "...", "status = 4*", "bytes > 1000", "user != root", "%x+%"),
  fc.string({ maxLength: 5 }),
);
const pattern = fc.oneof(
  { weight: 4, arbitrary: condition.map((text) => `{ ${text} }`) },
  { weight: 2, arbitrary: fc.array(field, { maxLength: 6 }).map((list) => `[${list.join(", ")}]`) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom("ERROR", "-DEBUG", "?WARN", '"two words"', "%re[xX]%"), {
        maxLength: 5,
      })
      .map((terms) => terms.join(" ")),
  },
);
const record = fc.record({
  eventName: fc.constantFrom("Decrypt", "GenerateDataKey"),
  userIdentity: fc.oneof(fc.record({ arn: fc.string() }), fc.jsonValue()),
  resources: fc.oneof(fc.array(fc.record({ ARN: fc.string() })), fc.jsonValue()),
  a: fc.jsonValue(),
});
const message = sometimesMutated(
  fc.oneof(
    record.map((event) => JSON.stringify(event)),
    fc.string({ unit: "binary" }),
    fc.constantFrom('127.0.0.1 - root [now] "GET /" 404 1534', "ERROR two words"),
  ),
  4,
);

test("the pattern parser rejects with CloudWatch's error, and the matcher takes every message", () => {
  const results = { parsed: 0, rejected: 0 };
  fc.assert(
    fc.property(sometimesMutated(pattern, 3), message, record, (source, text, event) => {
      let parsed: ReturnType<typeof parsePattern>;
      try {
        parsed = parsePattern(source);
      } catch (error) {
        expect(error).toBeInstanceOf(FilterPatternError);
        results.rejected += 1;
        return;
      }
      results.parsed += 1;
      expect(typeof matches(parsed, text)).toBe("boolean");
      extractValues(parsed, text);
      if (parsed.kind === "json") {
        expect(matchesJson(parsed, event)).toBe(matches(parsed, JSON.stringify(event)));
      }
    }),
    cases(30_000),
  );
  console.log(results);
  expect(results.parsed / (results.parsed + results.rejected)).toBeGreaterThan(0.3);
});

test("replay's reader returns every record or reports an error, for every mutation and chunk size", () => {
  const event = fc.record({
    eventVersion: fc.constant("1.11"),
    eventName: fc.string(),
    more: fc.jsonValue(),
  });
  const file = fc
    .tuple(fc.array(event, { minLength: 1, maxLength: 5 }), fc.integer({ min: 0, max: 3 }))
    .map(([events, layout]) => {
      if (layout === 0) return JSON.stringify({ Records: events });
      if (layout === 1) return JSON.stringify(events, null, 2);
      return events.map((each) => JSON.stringify(each)).join(layout === 2 ? "\n" : "\r\n");
    });
  const read = (text: string, size: number) => {
    const seen: string[] = [];
    const reader = createRecordReader({
      onRecord: (value, source, place) => {
        expect(JSON.parse(source)).toEqual(value);
        seen.push(`${place()}: ${source.trim()}`);
      },
      onError: (place, why) => seen.push(`${place}: ${why}`),
    });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
    reader.end();
    return seen;
  };
  fc.assert(
    fc.property(sometimesMutated(file, 2), fc.integer({ min: 1, max: 64 }), (text, size) => {
      const whole = read(text, Number.POSITIVE_INFINITY);
      if (text.trim() !== "") expect(whole.length).toBeGreaterThan(0);
      expect(read(text, size)).toEqual(whole);
    }),
    cases(18_000),
  );
});

test("settings are accepted or rejected with every reason, and secrets are never repeated", () => {
  const names = Object.keys(settingsTable).map(variableName);
  const known: Readonly<Record<string, string>> = {
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  };
  const text = fc.oneof(
    fc.constantFrom(
      "true",
      "false",
      "1",
      "0",
      "-1",
      "1e9",
      "dev",
      "prod",
      "db.t4g.micro",
      "a=1,b=2",
    ),
    fc.string({ unit: "binary" }),
    mutated(
      fc.constantFrom("10.0.0.0/16", "ap-southeast-2", "kms-errors=5", `sha256:${"a".repeat(64)}`),
    ),
  );
  const variables = fc.dictionary(sometimesMutated(fc.constantFrom(...names), 12), text, {
    maxKeys: 4,
  });
  const results = { accepted: 0, rejected: 0 };
  fc.assert(
    fc.property(variables, (given) => {
      try {
        loadSettings({ ...known, ...given });
        results.accepted += 1;
      } catch (error) {
        results.rejected += 1;
        expect(error).toBeInstanceOf(SettingsError);
        for (const { message, allowed, next } of (error as SettingsError).issues) {
          for (const part of [message, allowed, next]) expect(part).toMatch(/\S/);
        }
      }
    }),
    cases(10_000),
  );
  console.log(results);
});

/** Adversarial for backtracking: every prefix matches, the end does not. */
const HARD: readonly (readonly [string, string, (size: number) => string])[] = [
  ["wildcards", "{ $.a = *x*x*x*x*y }", (size) => JSON.stringify({ a: "x".repeat(size) })],
  ["a regex", "%x*x*x*x*y%", (size) => "x".repeat(size)],
  ["terms", '"xxxxxxxxy"', (size) => "x".repeat(size)],
  ["fields", "[a, b, ..., c = *x*x*y]", (size) => "x ".repeat(size / 2)],
  ["nesting", "{ $.a.b = 1 }", (size) => `{"a":${"[".repeat(size / 2)}${"]".repeat(size / 2)}}`],
];

test.each(HARD)("matching %s takes linear time", (name, source, text) => {
  const parsed = parsePattern(source);
  const sizes = [65_536, 262_144, 1_048_576];
  const messages = new Map(sizes.map((size) => [size, text(size)]));
  const run = (size: number) => void matches(parsed, messages.get(size) ?? "");
  expectLinear(name, sizes, run);
});

test("reading records takes linear time, also in small chunks and without an end", () => {
  const open = (size: number) => {
    const reader = createRecordReader({ onRecord: () => {}, onError: () => {} });
    reader.write(Buffer.from('{"Records":['));
    const part = Buffer.from('{"eventVersion":"1.11","a":"');
    for (let sent = 0; sent < size; sent += part.length) reader.write(part);
    reader.end();
  };
  expectLinear("an endless record", [65_536, 262_144, 1_048_576], open);
});

function expectLinear(name: string, sizes: readonly number[], run: (size: number) => void): void {
  const { timings, exponent } = measureGrowth(sizes, run);
  console.log(name, timings, `exponent ${exponent.toFixed(2)}`);
  expect(exponent).toBeLessThan(MAX_EXPONENT);
}
