import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FilterPatternError } from "./error.ts";
import { extractValues, matches } from "./matcher.ts";
import { parsePattern } from "./parse.ts";

interface Case {
  readonly kind: "text" | "json" | "space";
  readonly pattern: string;
  readonly message: string;
  readonly matches: boolean;
  readonly source: string;
}

interface InvalidCase {
  readonly pattern: string;
  readonly error: { readonly code: string; readonly message: string | null };
}

interface ExtractionCase {
  readonly pattern: string;
  readonly message: string;
  readonly extractedValues: Readonly<Record<string, string>>;
}

function fixture<Row>(name: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8")) as Row[];
}

function errorOf(pattern: string): unknown {
  try {
    parsePattern(pattern);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("messages", () => {
  const cases = fixture<Case>("filter-cases.json");

  it.each(["text", "json", "space"] as const)("match %s patterns as in AWS", (kind) => {
    const ofKind = cases.filter((row) => row.kind === kind);
    const failures = ofKind
      .filter((row) => matches(parsePattern(row.pattern), row.message) !== row.matches)
      .map((row) => `${row.pattern} · ${row.message} → ${row.matches} (${row.source})`);
    expect(ofKind.length).toBeGreaterThan(300);
    expect(failures).toEqual([]);
  });
});

describe("rejects invalid patterns with the error of AWS", () => {
  it.each(fixture<InvalidCase>("filter-invalid-patterns.json"))(
    "$pattern",
    ({ pattern, error }) => {
      const thrown = errorOf(pattern);
      expect(thrown).toBeInstanceOf(FilterPatternError);
      expect(thrown).toMatchObject({ code: error.code, status: 400 });
      if (error.message !== null) {
        expect(thrown).toMatchObject({ message: error.message.replace("<pattern>", pattern) });
      }
    },
  );
});

describe("extracts the same values as AWS", () => {
  it.each(fixture<ExtractionCase>("extracted-values.json"))(
    "$pattern from $message",
    ({ pattern, message, extractedValues }) => {
      expect(extractValues(parsePattern(pattern), message)).toEqual(extractedValues);
    },
  );
});
