/** A piece of SQL that stands for one value or one truth; safe to put into brackets. */
export type Sql = string;

/** A step of a path that leads to one value. */
export type Step =
  | { readonly type: "property"; readonly name: string }
  | { readonly type: "index"; readonly index: number };

/**
 * What the conditions of filter patterns are made of, in one engine's SQL. A JSON value is SQL's NULL where
 * a path leads nowhere, and a JSON null where it leads to one: AWS tells these two apart.
 */
export interface Dialect {
  /** What the path leads to: a property of an object, an element of an array. */
  readonly at: (value: Sql, path: readonly Step[]) => Sql;
  /** What the path leads to as text, if it is a string, a number or a boolean; else NULL. */
  readonly text: (value: Sql, path: readonly Step[]) => Sql;
  /** Whether what the path leads to is a string or a number; NULL where it leads nowhere. */
  readonly isTextual: (value: Sql, path: readonly Step[]) => Sql;
  readonly isString: (value: Sql, path: readonly Step[]) => Sql;
  /** A number as a double; NULL for all else and for what a double cannot hold. */
  readonly number: (value: Sql, path: readonly Step[]) => Sql;
  readonly isConstant: (value: Sql, path: readonly Step[], constant: null | boolean) => Sql;
  /** The elements of an array, and the values of an object too if asked for; NULL for all else. */
  readonly elements: (value: Sql, path: readonly Step[], of: "array" | "arrayOrObject") => Sql;
  /** Whether the test holds for any element; NULL for elements that are NULL. */
  readonly any: (elements: Sql, element: string, test: Sql) => Sql;
  /** A query of each record of the files in a table's column `file`, as `record`. */
  readonly recordsIn: (table: string, where: Sql) => Sql;
  /** A time in ISO 8601 as a timestamp. */
  readonly timestamp: (text: Sql) => Sql;
  /** The day so many days ago, as `2026/03/02`. */
  readonly daysAgo: (days: number) => Sql;
  /** Whether a regular expression, of what engines agree on, is found anywhere in the text. */
  readonly matches: (text: Sql, expression: string) => Sql;
}

/** Text as SQL writes it, on one line: a break in it could end a comment or be taken for layout. */
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
