import { expect, test } from "vitest";
import { stripped } from "./stripped.ts";

test("a module comes with all that it imports, as JavaScript", () => {
  const sources = stripped(new URL("worker.ts", import.meta.url));
  const names = [...sources.keys()].map((url) =>
    url.replace(/^.*\/(?=replay\/read|replay\/evaluate|cloudwatch)/, ""),
  );
  expect(names).toEqual(
    expect.arrayContaining([
      "replay/read/worker.ts",
      "replay/evaluate/scan.ts",
      "cloudwatch/pattern/json-match.ts",
      "cloudwatch/metric-filter.ts",
    ]),
  );
  for (const [url, source] of sources) {
    for (const [, specifier = ""] of source.matchAll(/from "(\.[^"]+)"/g)) {
      expect(sources.has(new URL(specifier, url).href)).toBe(true);
    }
    expect(source).not.toMatch(/^(import|export) type\b|^(export )?interface\b/m);
  }
});

test("nobody is told that it is an experiment", () => {
  const before = process.emitWarning;
  stripped(new URL("../evaluate/metric-id.ts", import.meta.url));
  expect(process.emitWarning).toBe(before);
});
