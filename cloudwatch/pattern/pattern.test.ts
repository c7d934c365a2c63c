import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FilterPattern } from "./ast.ts";
import { FilterPatternError } from "./error.ts";
import { readField } from "./field.ts";
import { extractValues, matches } from "./matcher.ts";
import { parsePattern } from "./parse.ts";
import { warnings } from "./warnings.ts";

describe("arbitrary text", () => {
  const piece = fc.constantFrom(
    ..."{}[]()%\"'\\*.-?$=!<>&|, \n:".split(""),
    ..."$.a,$.a[*],$.['a'],IS NULL,NOT EXISTS,null,1,1e3,+.5,a,b.c,...,&&,||,!=,%a+%,\"x y\",é,😀".split(
      ",",
    ),
  );
  const tokens = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  const wrapped = fc
    .tuple(fc.constantFrom(["{", "}"], ["[", "]"], ["%", "%"]), tokens)
    .map(([[open, close], inside]) => `${open}${inside}${close}`);
  const anyText = fc.oneof(tokens, wrapped, fc.string({ unit: "binary" }));

  it("either parses or throws a FilterPatternError, and matching never throws", () => {
    fc.assert(
      fc.property(anyText, anyText, (text, message) => {
        let pattern: FilterPattern;
        try {
          pattern = parsePattern(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FilterPatternError);
          const { detail, range } = error as FilterPatternError;
          expect(detail).not.toBe("");
          expect(range?.start ?? 0).toBeLessThanOrEqual(text.trim().length);
          expect(range?.end ?? 1).toBeGreaterThan(range?.start ?? 0);
          return;
        }
        expect(pattern.source).toBe(text);
        for (const candidate of [message, '{"a":[1,"x",null]}', "a b c"]) {
          expect(typeof matches(pattern, candidate)).toBe("boolean");
          expect(typeof extractValues(pattern, candidate)).toBe("object");
        }
        expect(Array.isArray(warnings(pattern))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("reports an invalid term up to the invalid character", () => {
  it.each([
    ['{ $."sc-status" = 5* }', '$."'],
    ["{ $.a.[b] = 1 }", ".[b"],
    ['{ $.a["b"] = 1 }', '["'],
    ["{ $.a['b = 1 }", "['b = 1 }"],
    ["{ $.a[''] = 1 }", "[''"],
    ["{ $.a & $.b }", "& "],
    ["{ $.a ! 1 }", "! "],
    ["{ $.a = 1 } , }", ","],
    ['{ $.a = "x }', '"x }'],
    ["{ $.a = %x }", "%x }"],
    ["{ $.a = 😀 }", "😀"],
    ["{ $.a = +x }", "+x"],
    ["{ $.a >= foo }", "foo"],
    ["{ $.a IS }", "}"],
    ["{ $.a NOT NULL }", "NULL"],
    ["[a=x:y]", ":"],
    ["[a-b]", "a-b"],
    ["[..]", ".."],
    ["ERROR (reason", "("],
    ["a\\b", "\\"],
    ["`x`", "`"],
    ["%", "%"],
  ])("%s", (text, term) => {
    expect(() => parsePattern(text)).toThrow(`Invalid character(s) in term '${term}'`);
  });
});

describe("points to the invalid part", () => {
  it.each([
    ["{ $.a.[b] = 1 }", "b"],
    ["{ $.a = 1 } , }", ","],
    ["{ $.a = 1", ""],
    ["{ $.a == 1 }", "="],
    ["{ $.a >= foo }", "foo"],
    ["{ $.a IS 1 }", "1"],
    ["{ $.a = %a{% }", "%a{%"],
    ["{ $.a[*].b[*] = 1 }", "$.a[*].b[*]"],
    ["{ $.a[2147483648] = 1 }", "2147483648"],
    ["[a, b, a=1]", "a"],
    ["[a=1 || b=2]", "b"],
    ["[1a]", "1a"],
    ["ERROR (reason", "("],
    ["a -", "-"],
    ['a"b"', '"'],
    ["%a% %b%", " "],
  ])("%s", (text, part) => {
    const error = errorOf(text);
    expect(text.slice(error.range?.start, error.range?.end)).toBe(part);
  });

  it("ignores white space around the pattern", () => {
    expect(errorOf("  { $.a ! 1 }\n").range).toEqual({ start: 7, end: 8 });
  });

  function errorOf(text: string): FilterPatternError {
    try {
      parsePattern(text);
    } catch (error) {
      if (error instanceof FilterPatternError) return error;
    }
    throw new Error(`"${text}" was accepted.`);
  }
});

describe("limits", () => {
  it("allow 1,024 characters per pattern", () => {
    expect(matches(parsePattern("x".repeat(1024)), "x".repeat(2000))).toBe(true);
    expect(() => parsePattern("x".repeat(1025))).toThrow(/less than or equal to 1024$/);
  });

  it("allow two regular expressions per pattern", () => {
    expect(() => parsePattern("[a=%1% || a=%2%, b]")).not.toThrow();
    expect(() => parsePattern("[a=%1% || a=%2%, b=%3%]")).toThrow(
      "Your input has exceeded the maximum of 2 regular expressions per filter pattern.",
    );
  });

  it("allow three wildcard selectors per pattern", () => {
    const test = (count: number) =>
      `{ ${Array.from({ length: count }, (_, index) => `$.a${index}[*] = 1`).join(" && ")} }`;
    expect(() => parsePattern(test(3))).not.toThrow();
    expect(() => parsePattern(test(4))).toThrow(/maximum of 3 wildcard selectors/);
  });

  it("allow exponents and indexes that fit into 32 bits", () => {
    expect(() => parsePattern("{ $.a = 1e2147483647 }")).not.toThrow();
    expect(() => parsePattern("{ $.a = 1e-2147483648 }")).toThrow("Invalid metric filter pattern");
    expect(() => parsePattern("{ $.a[2147483648] = 1 }")).toThrow("Invalid metric filter pattern");
  });
});

describe("white space", () => {
  it("is ignored around a pattern", () => {
    expect(matches(parsePattern("\n  { $.a = 1 }\n"), '{"a":1}')).toBe(true);
    expect(matches(parsePattern("\t\n"), "anything")).toBe(true);
  });

  it("is required only between terms", () => {
    expect(matches(parsePattern("{($.a=1)&&($.b!=x||$.c IS NULL)}"), '{"a":1,"b":"y"}')).toBe(true);
    expect(matches(parsePattern("{\n$.a\n=\n1\n}"), '{"a":1}')).toBe(true);
  });
});

describe("text", () => {
  it.each([
    ['"say \\"hi\\""', 'they say "hi"', true],
    ['"a\\\\b"', "a\\b", true],
    ['"a\\b"', "a\\b", true],
    ["-a -b", "c", true],
    ["?a ?b", "c", false],
    ['a -"b c" ?d', "a b", true],
    ["日本", "日本語", true],
  ])("matches %s in %s: %s", (text, message, expected) => {
    expect(matches(parsePattern(text), message)).toBe(expected);
  });

  it.each(["-", "a -", "?", "- a", "--a", "?-a", 'a"b"', '"event": "x"'])("rejects %s", (text) => {
    expect(() => parsePattern(text)).toThrow("Invalid metric filter pattern");
  });
});

describe("keywords", () => {
  it("are case-insensitive", () => {
    expect(matches(parsePattern("{ $.a iS tRuE && $.b not exists }"), '{"a":true}')).toBe(true);
  });

  it("are text in the position of a value, except for null", () => {
    expect(matches(parsePattern("{ $.a = exists }"), '{"a":"exists"}')).toBe(true);
    expect(() => parsePattern("{ $.a = NULL }")).toThrow("Invalid metric filter pattern");
    expect(matches(parsePattern('{ $.a = "null" }'), '{"a":"null"}')).toBe(true);
  });
});

describe("warnings", () => {
  it.each(["{ $.a = x* }", "{ $.a = *x* }", "{ $.a = * }", '{ $.a = "*-*" }', "?a ?b", "a -b"])(
    "are empty for %s",
    (text) => {
      expect(warnings(parsePattern(text))).toEqual([]);
    },
  );

  it.each([
    ["{ $.a = x && $.b != y*z }", "y*z"],
    ['[a="*x*y*", b]', "*x*y*"],
  ])("for %s name the value with an inner *", (text, value) => {
    const [only, ...others] = warnings(parsePattern(text));
    expect(only).toContain(`${value}: AWS documents *`);
    expect(others).toEqual([]);
  });

  it("name ?terms that AWS ignores", () => {
    expect(warnings(parsePattern("?a ?b c"))).toEqual([
      expect.stringContaining("?a ?b: AWS ignores"),
    ]);
  });
});

describe("field references", () => {
  it.each([
    ["{ $.a = * }", '{"a":3,"b":{"c":[null,"x"]}}', "$.a", 3],
    ["{ $.a = * }", '{"a":3,"b":{"c":[null,"x"]}}', "$.b.c[1]", "x"],
    ["{ $.a = * }", '{"a":3,"b":{"c":[null,"x"]}}', "$.b.c[0]", null],
    ["{ $.a = * }", '{"a":3}', "$.b.c", undefined],
    ["{ $.a = * }", '{"a":3}', "$.toString", undefined],
    ["{ $.a = * }", '{"a":[3]}', "$.a[*]", undefined],
    ["[a, b]", "x 12 y", "$b", "12 y"],
    ["[a, ...]", "x 12 y", "$3", "y"],
    ["[a, ...]", "x 12 y", "$4", undefined],
    ["ERROR", "ERROR", "$a", undefined],
  ])("of pattern %s in %s resolve %s to %j", (text, message, reference, expected) => {
    expect(readField(parsePattern(text), message, reference)).toEqual(expected);
  });

  it.each(["a", "$a", "$.a x", "$.", "1"])("reject %s for a JSON pattern", (reference) => {
    expect(() => readField(parsePattern("{ $.a = 1 }"), '{"a":1}', reference)).toThrow(
      FilterPatternError,
    );
  });
});
