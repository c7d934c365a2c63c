import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  ALLOWED_IMPORTS,
  arrows,
  boundaryViolations,
  importCycle,
  unusedArrows,
} from "./boundaries.ts";
import { EXCEPTIONS, limitViolations } from "./limits.ts";
import { parseSource, readSources, type SourceFile } from "./source.ts";

const sources = readSources();

/** The repository with one more import in one of its files. */
function withImport(path: string, imported: string): readonly SourceFile[] {
  if (!sources.some((file) => file.path === path)) throw new Error(`There is no file ${path}.`);
  return sources.map((file) => {
    if (file.path !== path) return file;
    const isPackage = imported.startsWith("node:");
    return {
      ...file,
      imports: isPackage ? file.imports : [...file.imports, imported],
      packages: isPackage ? [...file.packages, imported] : file.packages,
    };
  });
}

describe("the boundaries between folders", () => {
  test("are respected by every import", () => {
    expect(boundaryViolations(sources)).toEqual([]);
  });

  test("allow only imports that are used", () => {
    expect(unusedArrows(sources)).toEqual([]);
  });

  test("contain no cycle of imports", () => {
    expect(importCycle(sources)).toEqual([]);
  });

  test("are the arrows of the diagram in docs/architecture.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../docs/architecture.md"), "utf8");
    const drawn = page.match(/^ {2}[\w.]+ --> [\w.]+$/gm)?.map((line) => line.trim()) ?? [];
    expect(drawn.toSorted()).toEqual(
      arrows(ALLOWED_IMPORTS)
        .map((arrow) => arrow.replaceAll(".github", "github"))
        .toSorted(),
    );
  });

  test.each([
    ["an import upwards", "detections/index.ts", "stacks/cipherwatch.ts", /detections may import/],
    ["an import into service", "service/app.ts", "common/naming.ts", /service imports nothing/],
    [
      "a test helper in production",
      "lab/lab.ts",
      "lab/testing/spawn-lab.ts",
      /never imports tests/,
    ],
    ["I/O in cloudwatch", "cloudwatch/metric-filter.ts", "node:fs", /cloudwatch performs no I\/O/],
    ["an upward import by a test", "settings/index.test.ts", "lab/lab.ts", /lab is above settings/],
  ])("report %s with both files", (_, path, imported, reason) => {
    const [broken, ...more] = boundaryViolations(withImport(path, imported));
    expect(broken).toContain(`${path} imports ${imported}: `);
    expect(broken).toMatch(reason);
    expect(more).toEqual([]);
  });

  test("report a cycle of imports", () => {
    const file = (path: string, ...imports: string[]) =>
      ({ ...parseSource(path, ""), imports }) satisfies SourceFile;
    expect(importCycle([file("a", "b"), file("b", "c"), file("c", "b")])).toEqual(["b", "c", "b"]);
  });
});

describe("files and functions", () => {
  const found = limitViolations(sources);

  test("respect the limits, except those listed with a reason", () => {
    const unexpected = [...found].filter(([place]) => !(place in EXCEPTIONS));
    expect(unexpected.map(([, message]) => message)).toEqual([]);
  });

  test("are listed as exceptions only while they exceed a limit", () => {
    expect(Object.keys(EXCEPTIONS).filter((place) => !found.has(place))).toEqual([]);
  });

  test("are reported with name and length if they exceed a limit", () => {
    const long = `export function f() {\n${"  g();\n".repeat(80)}}\n`;
    const many = `const f = () => {\n${"  const g = () => 1;\n".repeat(20)}};\n`;
    const of = (text: string) => [...limitViolations([parseSource("a.ts", text)]).values()];
    expect(of(long)).toEqual(["a.ts:1 f has 82 lines; at most 80 are allowed"]);
    expect(of(many)).toEqual(["a.ts:1 f declares 20 functions; fewer than 20 are allowed"]);
    expect(of("\n".repeat(351))).toEqual(["a.ts has 351 lines; at most 350 are allowed"]);
    expect(of("const f = () => 1;\n")).toEqual([]);
  });
});
