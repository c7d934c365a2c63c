import { type Dialect, literal, type Sql, type Step } from "./dialect.ts";

/**
 * The SQL of Amazon Athena, whose engine version 3 is based on Trino.
 *
 * Tests do not run this dialect; they run the same conditions in DuckDB's. It relies on documented behavior
 * of Trino: `json_extract` returns a JSON null for a null and NULL for a missing value;
 * `json_extract_scalar` returns NULL for nulls, objects and arrays; a JSON array cast to `array(json)` keeps
 * its nulls as JSON nulls; and numbers with a fraction or an exponent are formatted as Java doubles, which
 * is also how AWS's filters compare them.
 * @see https://trino.io/docs/current/functions/json.html
 * @see https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html
 */
export const trino: Dialect = {
  at,
  text: (value, path) => extractAt("json_extract_scalar", value, path),
  isTextual: (value, path) => `regexp_like(${json(value, path)}, '^["0-9-]')`,
  isString: (value, path) => `${json(value, path)} LIKE '"%'`,
  number: (value, path) => {
    const found = at(value, path);
    // The cast alone also accepts strings of digits, and converts an overflow to infinity.
    const double = `TRY_CAST(${found} AS double)`;
    return `IF(regexp_like(json_format(${found}), '^[0-9-]') AND is_finite(${double}), ${double})`;
  },
  isConstant: (value, path, constant) => `${json(value, path)} = '${constant}'`,
  elements: (value, path, of) => {
    const found = at(value, path);
    const array = `TRY_CAST(${found} AS array(json))`;
    return of === "array"
      ? array
      : `COALESCE(${array}, map_values(TRY_CAST(${found} AS map(varchar, json))))`;
  },
  any: (elements, element, test) => `any_match(${elements}, ${element} -> ${test})`,
  matches: (text, expression) => `regexp_like(${text}, ${literal(expression)})`,
  recordsIn: (table, where) =>
    `SELECT record
  FROM ${table}
  CROSS JOIN UNNEST(CAST(json_extract(file, '$["Records"]') AS array(json))) AS t (record)
  WHERE ${where}`,
  timestamp: (text) => `from_iso8601_timestamp(${text})`,
  daysAgo: (days) => `date_format(current_date - INTERVAL '${days}' DAY, '%Y/%m/%d')`,
};

function at(value: Sql, path: readonly Step[]): Sql {
  return extractAt("json_extract", value, path);
}

function json(value: Sql, path: readonly Step[]): Sql {
  return `json_format(${at(value, path)})`;
}

/**
 * Extracts the value at a path. In Trino's JSON paths, `[0]` also selects a property named 0, and a property
 * named 0 also selects the first element, so casts check the type of the parent for these steps.
 */
function extractAt(
  extract: "json_extract" | "json_extract_scalar",
  value: Sql,
  path: readonly Step[],
): Sql {
  let found = value;
  let names = "";
  const follow = (by: typeof extract) => {
    if (names !== "" || by === "json_extract_scalar")
      found = `${by}(${found}, ${literal(`$${names}`)})`;
    names = "";
  };
  for (const step of path) {
    if (step.type === "property" && !/^\d+$/.test(step.name)) {
      names += `["${step.name.replace(/["\\]/g, "\\$&")}"]`;
      continue;
    }
    follow("json_extract");
    found =
      step.type === "index"
        ? `element_at(TRY_CAST(${found} AS array(json)), ${step.index + 1})`
        : `element_at(TRY_CAST(${found} AS map(varchar, json)), ${literal(step.name)})`;
  }
  follow(extract);
  return found;
}
