import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition, JsonTest } from "./ast.ts";
import { matches, matchesJson } from "./matcher.ts";
import { parsePattern } from "./parse.ts";

function match(pattern: string, message: string): boolean {
  return matches(parsePattern(`{ ${pattern} }`), message);
}

describe("each test, for each type of value", () => {
  const tests = ["= x", "!= x", "IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS", "= *", '= "*"'];
  it.each([
    ["{}", [false, false, false, false, false, true, false, false]],
    ['{"a":null}', [false, false, true, false, false, false, false, false]],
    ['{"a":true}', [false, false, false, true, false, false, false, false]],
    ['{"a":false}', [false, false, false, false, true, false, false, false]],
    ['{"a":{}}', [false, false, false, false, false, false, false, false]],
    ['{"a":{"x":null}}', [false, false, false, false, false, false, false, false]],
    ['{"a":[]}', [false, false, false, false, false, false, false, false]],
    ['{"a":["x"]}', [false, false, false, false, false, false, false, false]],
    ['{"a":[1,null]}', [false, false, true, false, false, false, false, false]],
    ['{"a":[[null]]}', [false, false, false, false, false, false, false, false]],
    ['{"a":""}', [false, true, false, false, false, false, true, true]],
    ['{"a":"x"}', [true, false, false, false, false, false, true, true]],
    ['{"a":"X"}', [false, true, false, false, false, false, true, true]],
    ['{"a":0}', [false, true, false, false, false, false, true, true]],
  ])("evaluates %s", (message, expected) => {
    expect(tests.map((test) => match(`$.a ${test}`, message))).toEqual(expected);
  });

  it("matches relational operators only with JSON numbers", () => {
    expect(match("$.a > 1", '{"a":2}')).toBe(true);
    for (const value of ['"2"', "true", "null", "[2]", "{}", "1e309", "1"]) {
      expect([value, match("$.a > 1", `{"a":${value}}`)]).toEqual([value, false]);
    }
    expect(match("$.a >= 1", '{"a":1.0}')).toBe(true);
    expect(match("$.a <= -1", '{"a":-1}')).toBe(true);
    expect(match("$.a < -1", '{"a":-1}')).toBe(false);
  });

  it("compares a number with a string as text", () => {
    expect(match("$.a = 1", '{"a":"1"}')).toBe(true);
    expect(match("$.a = 1", '{"a":"1.0"}')).toBe(false);
    expect(match("$.a != 1", '{"a":"01"}')).toBe(true);
  });
});

describe("numbers", () => {
  it.each([
    ['$.a = "1"', "1", true],
    ['$.a = "1"', "1.0", false],
    ['$.a = "1.0"', "1.0", true],
    ['$.a = "1.0"', "1", false],
    ['$.a = "1000.0"', "1e3", true],
    ['$.a != "1"', "1.0", true],
    ['$.a = "0"', "-0", true],
    ['$.a = "*.0"', "12", false],
    ["$.a = %0$%", "12.0", true],
    ["$.a = 1 || $.a = x", "1.0", true],
    ['$.a = "1" || $.a = "2"', "2.0", false],
    ['$.a = "1" || $.a = "2"', "2", true],
    ["$.a = 9007199254740993", "9007199254740993", true],
    ["$.a = 9007199254740993", "9007199254740992", false],
    ["$.a > 9007199254740992", "9007199254740993", true],
    ["$.a != 9007199254740993", "9007199254740993", false],
    ["$.a = 18446744073709551616", "18446744073709551615", false],
    ["$.a >= 18446744073709551615", "18446744073709551615", true],
    ['$.a = "18446744073709551615"', "18446744073709551615", true],
    ["$.a = 0.1", "0.1", true],
    ["$.a = 0.10000000000000000001", "0.1", false],
    ["$.a > 1e-999", "0", false],
    ["$.a != 5", "1e400", false],
    ['$.a != "5"', "1e400", true],
    ["$.a = Infinity", "1e400", true],
  ])("compare %s with %s: %s", (pattern, number, expected) => {
    expect(match(pattern, `{"a":${number}}`)).toBe(expected);
    expect(match(pattern.replaceAll("$.a", "$.a[0]"), `{"a":[${number}]}`)).toBe(expected);
  });

  it("are exact after a wildcard too", () => {
    expect(match('$.a[*] = "1"', '{"a":[1.0,true]}')).toBe(false);
    expect(match('$.a[*] != "1"', '{"a":[1.0,true]}')).toBe(true);
    expect(match('$.a[*] = "1"', '{"a":[1.0,1]}')).toBe(true);
  });

  it("compare exactly as integers of any size", () => {
    const integer = fc.oneof(
      fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
      fc.bigInt({ min: -5n, max: 5n }),
      fc.bigInt({ min: 2n ** 64n - 2n, max: 2n ** 64n + 2n }),
    );
    fc.assert(
      fc.property(integer, integer, (actual, literal) => {
        const message = JSON.stringify({ a: 0 }).replace("0", String(actual));
        expect(match(`$.a = ${literal}`, message)).toBe(actual === literal);
        expect(match(`$.a != ${literal}`, message)).toBe(actual !== literal);
        expect(match(`$.a < ${literal}`, message)).toBe(actual < literal);
        expect(match(`$.a >= ${literal}`, message)).toBe(actual >= literal);
        expect(match(`$.a = "${literal}"`, message)).toBe(actual === literal);
      }),
    );
  });
});

describe("a message", () => {
  it.each(["", "x", "1", '"{}"', "null", "[]", "[{}]", "{} x", "{}{}", "{", "{'a':1}", "\ufeff{}"])(
    "%j does not match, because it is not one JSON object",
    (message) => {
      expect(match("$.a NOT EXISTS", message)).toBe(false);
    },
  );

  it("can have surrounding white space", () => {
    expect(match("$.a NOT EXISTS", " \r\n\t{} \n")).toBe(true);
  });

  it("uses the last of duplicate properties", () => {
    expect(match("$.a = 2", '{"a":1,"a":2}')).toBe(true);
    expect(match("$.a = 1", '{"a":1,"a":2}')).toBe(false);
    expect(match('$.a = "1"', '{"a":1.0,"a":1}')).toBe(true);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "resolves %s only as an own property",
    (key) => {
      expect(match(`$.${key} NOT EXISTS`, "{}")).toBe(true);
      expect(match(`$.a.${key} NOT EXISTS`, '{"a":{}}')).toBe(true);
      expect(match(`$.${key} = x`, `{"${key}":"x"}`)).toBe(true);
      expect(match(`$.${key}.b = "1"`, `{"${key}":{"b":1}}`)).toBe(true);
    },
  );

  it("has no properties in arrays and strings", () => {
    expect(match("$.a.length NOT EXISTS", '{"a":[1]}')).toBe(true);
    expect(match("$.a.0 NOT EXISTS", '{"a":[1]}')).toBe(true);
    expect(match("$.a.length NOT EXISTS", '{"a":"x"}')).toBe(true);
    expect(match("$.a[0] NOT EXISTS", '{"a":"x"}')).toBe(true);
    expect(match("$.a[0] NOT EXISTS", '{"a":{"0":1}}')).toBe(true);
  });

  it("does not throw when nested too deep for the parser", () => {
    const depth = 200_000;
    const message = `{"a":1,"b":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(() => match('$.a = "1"', message)).not.toThrow();
  });
});

describe("a wildcard selector", () => {
  it.each([
    ["$.a[*].b = 2", '{"a":[{"b":1},{"b":2}]}', true],
    ["$.a.*.b = 2", '{"a":{"x":{"b":2}}}', true],
    ["$.* = x", '{"a":1,"b":"x"}', true],
    ["$.a[*] > 1", '{"a":[0,2]}', true],
    ["$.a[*] IS TRUE", '{"a":[false,true]}', true],
    ["$.a[*].b NOT EXISTS", '{"a":[{"b":1},{}]}', false],
    ["$.a[*].b NOT EXISTS", '{"a":[{},{}]}', true],
    ["$.a[*].b != 2", '{"a":[{"b":1},{"b":2}]}', false],
    ["$.a[*].b != 2", '{"a":[{"b":1},{}]}', true],
    ["$.a[*].b != 2", "{}", false],
    ["$.b = y || $.a[*] = x || $.a[*] = z", '{"a":["z"]}', true],
    ["$.b = y || $.a[*] = x || $.a[*] = z", '{"a":"z"}', false],
    ["$.a.['b.c'][*] = x", '{"a":{"b.c":["x"]}}', true],
  ])("evaluates %s on %s: %s", (pattern, message, expected) => {
    expect(match(pattern, message)).toBe(expected);
  });
});

describe("a parsed message", () => {
  const pattern = parsePattern('{ $.a = "1" || $.b = 9007199254740993 }');

  it("matches like its text if the text is passed", () => {
    for (const message of [
      '{"a":1}',
      '{"a":1.0}',
      '{"b":9007199254740993}',
      '{"b":9007199254740992}',
    ]) {
      expect([message, matchesJson(pattern, JSON.parse(message), message)]).toEqual([
        message,
        matches(pattern, message),
      ]);
    }
  });

  it("matches as serialized by JavaScript if the text is not passed", () => {
    expect(matchesJson(pattern, { a: 1 })).toBe(true);
    expect(matchesJson(pattern, { a: "1" })).toBe(true);
    expect(matchesJson(pattern, { a: 1.5 })).toBe(false);
  });

  it.each([[null], [undefined], ["x"], [1], [[]], [[{ a: "1" }]]])(
    "rejects %j, which is not an object",
    (value) => {
      expect(matchesJson(pattern, value)).toBe(false);
    },
  );

  it("cannot be matched with a text pattern", () => {
    expect(() => matchesJson(parsePattern("ERROR"), {})).toThrow(/text pattern.*use matches\(\)/);
    expect(matchesJson(parsePattern(""), {})).toBe(true);
  });
});

describe("conditions", () => {
  const leaf = fc.integer({ min: 0, max: 4 }).map(
    (index): Condition<JsonTest> => ({
      type: "is",
      selector: { text: `$.f${index}`, segments: [{ type: "property", name: `f${index}` }] },
      constant: true,
    }),
  );
  const { condition } = fc.letrec<{ condition: Condition<JsonTest> }>((tie) => ({
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc
        .tuple(
          fc.constantFrom("and" as const, "or" as const),
          fc.array(tie("condition"), { minLength: 2, maxLength: 3 }),
        )
        .map(([type, conditions]): Condition<JsonTest> => ({ type, conditions })),
    ),
  }));

  /** Writes a condition with as few parentheses as precedence allows. */
  function write(node: Condition<JsonTest>, inside?: "and"): string {
    if (node.type === "and")
      return node.conditions.map((inner) => write(inner, "and")).join(" && ");
    if (node.type === "or") {
      const text = node.conditions.map((inner) => write(inner)).join(" || ");
      return inside === "and" ? `(${text})` : text;
    }
    return `${node.selector.text} IS TRUE`;
  }

  function evaluate(node: Condition<JsonTest>, fields: readonly boolean[]): boolean {
    if (node.type === "and") return node.conditions.every((inner) => evaluate(inner, fields));
    if (node.type === "or") return node.conditions.some((inner) => evaluate(inner, fields));
    return fields[Number(node.selector.text.slice("$.f".length))] === true;
  }

  it("give parentheses precedence over &&, and && over ||", () => {
    const fields = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(condition, fields, (node, values) => {
        const text = write(node);
        fc.pre(text.length < 1000);
        const message = JSON.stringify(Object.fromEntries(values.map((v, i) => [`f${i}`, v])));
        expect([text, message, match(text, message)]).toEqual([
          text,
          message,
          evaluate(node, values),
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it("match a list of values in any order and nesting", () => {
    for (const name of ["A", "B", "C", "D"]) {
      const message = JSON.stringify({ eventName: name, eventSource: "kms" });
      const expected = name !== "D";
      expect(match("$.eventName=A || $.eventName=B || $.eventName=C", message)).toBe(expected);
      expect(match("$.eventName=A || ($.eventName=B || $.eventName=C)", message)).toBe(expected);
      expect(
        match("$.eventSource=x || $.eventName=C || $.eventName=B || $.eventName=A", message),
      ).toBe(expected);
    }
  });
});
