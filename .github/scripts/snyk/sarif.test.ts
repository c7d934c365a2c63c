import { expect, test } from "vitest";
import { findings, normalizeSarif, parseSarif } from "./sarif.ts";

const rule = (id: string, severity: unknown, level = "error") => ({
  id,
  defaultConfiguration: { level },
  properties: { "security-severity": severity, tags: ["security"] },
});
const document = (rules: readonly unknown[], results: readonly unknown[] = []) =>
  JSON.stringify({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "Snyk", rules } }, results }],
  });

const severities = (text: string) =>
  normalizeSarif(parseSarif(text, "file"), "snyk-image").runs.flatMap(({ tool }) =>
    tool.driver.rules.map(({ properties }) => properties?.["security-severity"]),
  );

test.each([
  ["9.8", "9.8"],
  [7, "7.0"],
  ["0", "0.0"],
  [null, "8.0"],
  ["undefined", "8.0"],
  ["null", "8.0"],
  ["", "8.0"],
  ["NaN", "8.0"],
  [-1, "8.0"],
  [11, "8.0"],
  [undefined, "8.0"],
])("the severity %j becomes %s", (given, expected) => {
  expect(severities(document([rule("A", given)]))).toEqual([expected]);
});

test.each([
  ["warning", "5.0"],
  ["note", "2.0"],
  ["none", "0.0"],
  ["whatever", "8.0"],
])("without a number, the level %s stands for %s", (level, expected) => {
  expect(severities(document([rule("A", null, level)]))).toEqual([expected]);
});

test("adds a severity to a rule without one", () => {
  const [run] = normalizeSarif(
    parseSarif(document([{ id: "A", help: { text: "x" } }]), "f"),
    "c",
  ).runs;
  expect(run?.tool.driver.rules).toEqual([
    { id: "A", help: { text: "x" }, properties: { "security-severity": "8.0" } },
  ]);
});

test("gives each run its own category", () => {
  const { runs, version } = JSON.parse(document([]));
  const text = JSON.stringify({ version, runs: [...runs, ...runs] });
  const normalized = normalizeSarif(parseSarif(text, "file"), "snyk-image");
  expect(normalized.runs.map(({ automationDetails }) => automationDetails?.id)).toEqual([
    "snyk-image/0/",
    "snyk-image/1/",
  ]);
});

test("counts findings by rule, without ignored ones", () => {
  const results = [
    { ruleId: "A" },
    { ruleId: "A" },
    { ruleId: "B", suppressions: [{ kind: "external" }] },
    { level: "error" },
  ];
  expect(findings(parseSarif(document([], results), "file"))).toEqual(["A: 2", "without an id: 1"]);
});

test.each([
  ["", /is not JSON/],
  ["null", /is not SARIF 2\.1\.0/],
  ['{"version":"2.1.0","runs":[]}', /is not SARIF 2\.1\.0/],
  ['{"version":"2.0.0","runs":[]}', /is not SARIF 2\.1\.0/],
  ['{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Snyk"}}}]}', /results/],
])("rejects %j", (text, message) => {
  expect(() => parseSarif(text, "x.sarif")).toThrow(message);
});
