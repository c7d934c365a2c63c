import type { StoredEvent } from "../store.ts";

export interface QueriedEvent extends StoredEvent {
  /** `<account id>:<log group>` */
  readonly log: string;
}

/** The value of a field; undefined for a field that the event lacks. */
export type Value = string | number | boolean | undefined;

export type Expression =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "call"; readonly name: ScalarFunction; readonly args: readonly Expression[] }
  | { readonly kind: "bin"; readonly milliseconds: number }
  | {
      readonly kind: "compare";
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "like";
      readonly value: Expression;
      /** A regular expression, or text that the value contains. */
      readonly pattern: RegExp | string;
    }
  | {
      readonly kind: "in";
      readonly value: Expression;
      readonly items: readonly (string | number)[];
    }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression };

export type ComparisonOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";

export const SCALAR_FUNCTIONS = [
  "coalesce",
  "ispresent",
  "isempty",
  "isblank",
  "tolower",
  "toupper",
  "strlen",
] as const;
export type ScalarFunction = (typeof SCALAR_FUNCTIONS)[number];

export const AGGREGATES = [
  "count",
  "count_distinct",
  "sum",
  "avg",
  "min",
  "max",
  "earliest",
  "latest",
] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** An expression and the name of its column. */
export interface Column {
  readonly name: string;
  readonly expression: Expression;
}

export interface AggregateColumn {
  readonly name: string;
  readonly aggregate: Aggregate;
  /** Absent for `count()`. */
  readonly argument?: Expression;
}

export type Command =
  | { readonly kind: "fields" | "display"; readonly columns: readonly Column[] }
  | { readonly kind: "filter"; readonly condition: Expression }
  | {
      readonly kind: "parse";
      readonly value: Expression;
      readonly pattern: RegExp;
      /** The names of the pattern's groups, in order. */
      readonly names: readonly string[];
    }
  | {
      readonly kind: "stats";
      readonly aggregates: readonly AggregateColumn[];
      readonly by: readonly Column[];
    }
  | {
      readonly kind: "sort";
      readonly keys: readonly { readonly expression: Expression; readonly descending: boolean }[];
    }
  | { readonly kind: "limit"; readonly count: number };
