import { type Dialect, literal, type Sql, type Step } from "../dialect.ts";

/** The SQL of DuckDB, in which tests run the queries that `--athena` prints for Athena. */
export const duckdb: Dialect = {
  at,
  text: (value, path) => `json_scalar(${at(value, path)})`,
  isTextual: (value, path) => `json_kind(${at(value, path)}) IN ('string', 'number')`,
  isString: (value, path) => `json_kind(${at(value, path)}) = 'string'`,
  number: (value, path) => `json_number(${at(value, path)})`,
  isConstant: (value, path, constant) => `CAST(${at(value, path)} AS VARCHAR) = '${constant}'`,
  elements: (value, path, of) =>
    of === "array" ? `json_elements(${at(value, path)})` : `json_members(${at(value, path)})`,
  any: (elements, element, test) =>
    `list_bool_or(list_transform(${elements}, lambda ${element}: ${test}))`,
  matches: (text, expression) => `regexp_matches(${text}, ${literal(expression)})`,
  // A join would copy the whole file into the row of each record.
  recordsIn: (table, where) =>
    `SELECT unnest(json_extract(file, '$.Records[*]')) AS record
  FROM ${table}
  WHERE ${where}`,
  timestamp: (text) => `CAST(${text} AS TIMESTAMPTZ)`,
  daysAgo: (days) => `strftime(current_date - INTERVAL '${days}' DAY, '%Y/%m/%d')`,
};

/**
 * Creates the functions that the dialect uses and DuckDB lacks. `java_double` formats a double as Java does: with
 * the fewest digits, and with an exponent below 0.001 and from 10,000,000 on. `json_scalar` evaluates its argument
 * once, because DuckDB keeps the parsed records of each evaluation, which took 5 GB for the longest query.
 */
export const DUCKDB_MACROS: readonly Sql[] = [
  `json_kind(value) AS CASE json_type(value)
     WHEN 'VARCHAR' THEN 'string' WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array'
     WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null'
     ELSE CASE WHEN value IS NOT NULL THEN 'number' END END`,
  `json_double(value) AS TRY_CAST(CAST(value AS VARCHAR) AS DOUBLE)`,
  `mantissa(number) AS regexp_extract(number, '[0-9.]+')`,
  `digits(number) AS rtrim(ltrim(replace(mantissa(number), '.', ''), '0'), '0')`,
  `exponent(number) AS COALESCE(TRY_CAST(regexp_extract(number, 'e(.+)$', 1) AS INTEGER), 0) +
     CASE WHEN mantissa(number) LIKE '0.%' THEN -1 - length(regexp_extract(mantissa(number), '^0\\.(0*)', 1))
     ELSE length(split_part(mantissa(number), '.', 1)) - 1 END`,
  `scientific(number) AS concat(CASE WHEN number LIKE '-%' THEN '-' END, digits(number)[1], '.',
     CASE WHEN length(digits(number)) > 1 THEN digits(number)[2:] ELSE '0' END, 'E', exponent(number))`,
  `java_double(number) AS CASE
     WHEN NOT isfinite(number) THEN CASE WHEN number > 0 THEN 'Infinity' ELSE '-Infinity' END
     WHEN number = 0 OR (abs(number) >= 1e-3 AND abs(number) < 1e7) THEN CAST(number AS VARCHAR)
     ELSE scientific(CAST(number AS VARCHAR)) END`,
  `json_scalar(value) AS list_transform([value], lambda one: CASE json_kind(one)
     WHEN 'string' THEN json_extract_string(one, '$')
     WHEN 'boolean' THEN CAST(one AS VARCHAR)
     WHEN 'number' THEN CASE WHEN regexp_matches(CAST(one AS VARCHAR), '^-?[0-9]+$')
       THEN CAST(one AS VARCHAR) ELSE java_double(json_double(one)) END END)[1]`,
  `json_number(value) AS CASE WHEN json_kind(value) = 'number' AND isfinite(json_double(value))
     THEN json_double(value) END`,
  `json_elements(value) AS CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') END`,
  `json_members(value) AS CASE json_type(value) WHEN 'ARRAY' THEN json_extract(value, '$[*]')
     WHEN 'OBJECT' THEN json_extract(value, '$.*') END`,
].map((macro) => `CREATE MACRO ${macro}`);

function at(value: Sql, path: readonly Step[]): Sql {
  if (path.length === 0) return value;
  const steps = path.map((step) =>
    step.type === "index" ? `[${step.index}]` : `."${step.name.replace(/["\\]/g, "\\$&")}"`,
  );
  return `json_extract(${value}, ${literal(`$${steps.join("")}`)})`;
}
