import { readFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { conditionSql, NotExpressibleError } from "./condition.ts";
import { literal } from "./dialect.ts";
import { DUCKDB_MACROS, duckdb } from "./testing/duckdb.ts";
import { trino } from "./trino.ts";

interface Case {
  readonly kind: "text" | "json" | "space";
  readonly pattern: string;
  readonly message: string;
  readonly matches: boolean;
}

const fixture = new URL("../../cloudwatch/pattern/fixtures/filter-cases.json", import.meta.url);
const cases = JSON.parse(readFileSync(fixture, "utf8")) as readonly Case[];
const patternsOf = (kind: Case["kind"]) => [
  ...new Set(cases.filter((row) => row.kind === kind).map(({ pattern }) => pattern)),
];

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  for (const macro of DUCKDB_MACROS) await connection.run(macro);
});
afterAll(() => connection.closeSync());

/** Whether the SQL of each pattern selects each message, in one query. */
async function select(
  patterns: readonly string[],
  messages: readonly string[],
): Promise<readonly (readonly boolean[])[]> {
  const conditions = patterns.map(
    (pattern) => `COALESCE(${conditionSql(parsePattern(pattern), duckdb, "record")}, FALSE)`,
  );
  const rows = messages.map((message, id) => `(${id}, CAST(${literal(message)} AS JSON))`);
  const found = await connection.runAndReadAll(
    `SELECT ${conditions.map((condition) => `json_type(record) = 'OBJECT' AND (${condition})`).join(",\n")}
     FROM (VALUES ${rows.join(", ")}) AS message (id, record) ORDER BY id`,
  );
  return patterns.map((_, column) => found.getRows().map((row) => row[column] === true));
}

/** CloudTrail files, and so the rows of the table, contain only JSON. */
function isJson(message: string): boolean {
  try {
    JSON.parse(message);
    return true;
  } catch {
    return false;
  }
}

function errorOf(pattern: string): string | undefined {
  try {
    conditionSql(parsePattern(pattern), duckdb, "record");
    return undefined;
  } catch (error) {
    if (error instanceof NotExpressibleError) return error.message;
    throw error;
  }
}

describe("conditionSql", () => {
  const expressible = patternsOf("json").filter((pattern) => errorOf(pattern) === undefined);

  it.each(expressible)("selects the records that match %s", async (pattern) => {
    const rows = cases.filter((row) => row.pattern === pattern && isJson(row.message));
    expect(rows.length).toBeGreaterThan(0);
    const messages = rows.map(({ message }) => message);
    const [selected] = await select([pattern], messages);
    const wrong = rows.filter((row, index) => selected?.[index] !== row.matches);
    expect(wrong).toEqual([]);
  });

  it("translates nearly all JSON patterns of AWS's documented cases", () => {
    const rejected = patternsOf("json").filter((pattern) => errorOf(pattern) !== undefined);
    expect(rejected.toSorted()).toEqual([
      "{ $.a = 1e-999 }",
      "{ $.a = 1e308 }",
      "{ $.a = 1e309 }",
      "{ $.a = 9007199254740992 }",
      "{ $.a = 9007199254740993 }",
      "{ $.a > 1e-999 }",
      "{ $.a > 1e307 }",
    ]);
    expect(expressible.length).toBeGreaterThan(90);
  });

  it("selects the records that match random patterns", async () => {
    const name = fc.constantFrom("a", "b", "c");
    const scalar = fc.constantFrom(
      "1",
      "1.5",
      "true",
      "false",
      "null",
      '"x"',
      '"x1"',
      '"true"',
      '"1"',
      '"1.5"',
      '"X%_!"',
      '""',
      "1e7",
      "-2",
      '"a\\nb"',
    );
    const value = fc.letrec<{ readonly any: string }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        scalar,
        fc.array(tie("any"), { maxLength: 3 }).map((items) => `[${items}]`),
        fc
          .uniqueArray(fc.tuple(name, tie("any")), { maxLength: 3, selector: ([key]) => key })
          .map((members) => `{${members.map(([key, inner]) => `"${key}":${inner}`)}}`),
      ),
    })).any;
    const record = fc
      .uniqueArray(fc.tuple(name, value), { maxLength: 3, selector: ([key]) => key })
      .map((members) => `{${members.map(([key, inner]) => `"${key}":${inner}`)}}`);
    const step = fc.constantFrom(".a", ".b", "[0]", "[1]");
    const selector = fc
      .tuple(
        name,
        fc.array(step, { maxLength: 2 }),
        fc.constantFrom("", "", "[*]", ".*"),
        fc.array(step, { maxLength: 1 }),
      )
      .map(
        ([first, before, wildcard, after]) =>
          `$.${first}${before.join("")}${wildcard}${after.join("")}`,
      );
    const operand = fc.constantFrom(
      '"x"',
      '"x*"',
      "*",
      "1",
      "1.5",
      '"1"',
      '"1.5"',
      "true",
      '"t*"',
      '"X%_!"',
      '"*%_*"',
      "1e7",
      "-2",
    );
    const testOf = fc.oneof(
      fc.tuple(selector, fc.constantFrom("=", "!="), operand).map((parts) => parts.join(" ")),
      fc
        .tuple(selector, fc.constantFrom("<", "<=", ">", ">="), fc.constantFrom("1", "1.5", "-2"))
        .map((parts) => parts.join(" ")),
      fc
        .tuple(selector, fc.constantFrom("IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS"))
        .map((parts) => parts.join(" ")),
      fc
        .tuple(
          name,
          fc.constantFrom("=", "!="),
          fc.constantFrom("%^x.?$%", "%[^x]1%", "%\\d\\.5|e%", "%^$%", "%a\\sb%"),
        )
        .map(([key, operator, regex]) => `$.${key} ${operator} ${regex}`),
    );
    const condition = fc
      .tuple(testOf, fc.constantFrom("&&", "||"), testOf, fc.constantFrom("&&", "||"), testOf)
      .map(([one, first, two, second, three]) => `(${one}) ${first} ((${two}) ${second} ${three})`);
    const pattern = fc
      .oneof(testOf, condition)
      .map((text) => `{ ${text} }`)
      .filter(isAccepted);
    await fc.assert(
      fc.asyncProperty(
        fc.array(pattern, { minLength: 10, maxLength: 10 }),
        fc.array(record, { minLength: 10, maxLength: 30 }),
        async (patterns, records) => {
          const expected = patterns.map((text) => {
            const parsed = parsePattern(text);
            return records.map((message) => matches(parsed, message));
          });
          expect(await select(patterns, records)).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** AWS allows three wildcards and two regular expressions per pattern. */
function isAccepted(pattern: string): boolean {
  try {
    parsePattern(pattern);
    return true;
  } catch {
    return false;
  }
}

describe("patterns that SQL cannot express", () => {
  it.each(
    patternsOf("text")
      .slice(0, 5)
      .concat(patternsOf("space").slice(0, 5))
      .filter((pattern) => pattern.trim() !== ""),
  )("include %s", (pattern) => {
    expect(errorOf(pattern)).toMatch(/only JSON patterns can be translated/);
  });

  it("include numbers without an exact double", () => {
    expect(errorOf("{ $.a = 9007199254740993 }")).toMatch(/9007199254740993/);
    expect(errorOf("{ $.a = 0.1 }")).toBeUndefined();
  });
});

describe("Athena's dialect", () => {
  const sql = (pattern: string) => conditionSql(parsePattern(pattern), trino, "record");

  it("extracts a field once for several values", () => {
    expect(sql('{ $.eventName = "A" || $.eventName = "B" }')).toBe(
      `json_extract_scalar(record, '$["eventName"]') IN ('A', 'B')`,
    );
  });

  it("applies an index only to arrays and a name only to objects", () => {
    expect(sql('{ $.resources[0].ARN = "x" }')).toBe(
      `json_extract_scalar(element_at(TRY_CAST(json_extract(record, '$["resources"]') AS array(json)), 1), '$["ARN"]') = 'x'`,
    );
    expect(sql('{ $.a.0 = "x" }')).toContain("AS map(varchar, json)), '0')");
  });

  it("escapes quotes and wildcards", () => {
    const pattern = `{ $.['it"s\\'] = "a'b" && $.b = "50%_*" }`;
    expect(sql(pattern)).toBe(
      `json_extract_scalar(record, '$["it\\"s\\\\"]') = 'a''b'\n  AND json_extract_scalar(record, '$["b"]') LIKE '50!%!_%' ESCAPE '!'`,
    );
  });

  it("distinguishes a missing field from a null", () => {
    expect(sql("{ $.a NOT EXISTS }")).toBe(`json_extract(record, '$["a"]') IS NULL`);
    expect(sql("{ $.a IS NULL }")).toContain(
      `json_format(json_extract(record, '$["a"]')) = 'null'`,
    );
  });

  it("anchors a regular expression to the text, not to lines", () => {
    expect(sql("{ $.a = %^a.b$% }")).toBe(
      `regexp_like(json_extract_scalar(record, '$["a"]'), '\\Aa[^\\x{0a}]b\\z')`,
    );
  });
});
