/** An SQL expression or statement. */
export type Sql = string;

/** A step of a path to a single value. */
export type Step =
  | { readonly type: "property"; readonly name: string }
  | { readonly type: "index"; readonly index: number };

/**
 * The SQL of one engine for the operations of filter patterns. As in filter patterns, a missing value (NULL
 * in SQL) differs from a JSON null.
 */
export interface Dialect {
  /** The JSON value at a path. */
  readonly at: (value: Sql, path: readonly Step[]) => Sql;
  /** The text of a string, number or boolean; NULL for other values. */
  readonly text: (value: Sql, path: readonly Step[]) => Sql;
  /** Whether the value is a string or a number; NULL if it is missing. */
  readonly isTextual: (value: Sql, path: readonly Step[]) => Sql;
  readonly isString: (value: Sql, path: readonly Step[]) => Sql;
  /** A number as a double; NULL for other values and for numbers out of range. */
  readonly number: (value: Sql, path: readonly Step[]) => Sql;
  readonly isConstant: (value: Sql, path: readonly Step[], constant: null | boolean) => Sql;
  /** The elements of an array or, if requested, the values of an object; NULL for other values. */
  readonly elements: (value: Sql, path: readonly Step[], of: "array" | "arrayOrObject") => Sql;
  /** Whether a test is true for any element; NULL if `elements` is NULL. */
  readonly any: (elements: Sql, element: string, test: Sql) => Sql;
  /** A query for the records in the column `file` of a table, as `record`. */
  readonly recordsIn: (table: string, where: Sql) => Sql;
  /** Converts text in ISO 8601 to a timestamp. */
  readonly timestamp: (text: Sql) => Sql;
  /** The date a number of days ago, as `2026/03/02`. */
  readonly daysAgo: (days: number) => Sql;
  /** Whether text contains a match of a `portableRegex`. */
  readonly matches: (text: Sql, expression: string) => Sql;
}

/** A string literal on one line, so that a line break in it cannot end an SQL comment. */
export function literal(text: string): Sql {
  const parts = text
    .split(/([\n\r])/)
    .filter((part) => part !== "")
    .map((part) =>
      part === "\n" || part === "\r"
        ? `chr(${part.charCodeAt(0)})`
        : `'${part.replaceAll("'", "''")}'`,
    );
  return parts.length === 1 ? String(parts[0]) : `(${["''", ...parts].join(" || ")})`;
}
