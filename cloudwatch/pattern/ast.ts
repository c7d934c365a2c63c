/**
 * A parsed filter pattern. Plain data: it can be printed, compared, sent to a worker, or translated
 * into another query language by walking its unions.
 *
 * Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and
 * Live Tail" in the Amazon CloudWatch Logs User Guide.
 */
export type FilterPattern =
  | MatchAllPattern
  | TextPattern
  | RegexPattern
  | JsonPattern
  | SpacePattern;

interface PatternBase {
  /** The text as it was given. */
  readonly source: string;
}

/** A blank pattern: every message matches. */
export interface MatchAllPattern extends PatternBase {
  readonly kind: "all";
}

/** Terms that are looked for as case-sensitive substrings of the whole message. */
export interface TextPattern extends PatternBase {
  readonly kind: "text";
  /** `term`: all of these occur. */
  readonly required: readonly string[];
  /** `-term`: none of these occurs. */
  readonly excluded: readonly string[];
  /** `?term`: any of these occurs. They count only when there is no other term. */
  readonly optional: readonly string[];
}

/** A `%regex%` that is the whole pattern, searched for anywhere in the message. */
export interface RegexPattern extends PatternBase {
  readonly kind: "regex";
  readonly regex: RegexValue;
}

/** `{ … }`: the message is one JSON object for which the condition holds. */
export interface JsonPattern extends PatternBase {
  readonly kind: "json";
  readonly condition: Condition<JsonTest>;
}

/** `[ … ]`: the message is a line of fields separated by white space. Without fields, any line. */
export interface SpacePattern extends PatternBase {
  readonly kind: "space";
  readonly fields: readonly SpaceField[];
}

export type Condition<Test> = Test | AllOf<Test> | AnyOf<Test>;

/** `a && b`, two or more. */
export interface AllOf<Test> {
  readonly type: "and";
  readonly conditions: readonly Condition<Test>[];
}

/** `a || b`, two or more. */
export interface AnyOf<Test> {
  readonly type: "or";
  readonly conditions: readonly Condition<Test>[];
}

export type JsonTest = JsonComparison | JsonConstantTest | JsonMissingTest;

/** `$.a.b = value` */
export interface JsonComparison {
  readonly type: "comparison";
  readonly selector: Selector;
  readonly operator: Operator;
  readonly value: Value;
}

/** `$.a IS NULL`, `IS TRUE`, `IS FALSE` */
export interface JsonConstantTest {
  readonly type: "is";
  readonly selector: Selector;
  readonly constant: null | boolean;
}

/** `$.a NOT EXISTS` */
export interface JsonMissingTest {
  readonly type: "missing";
  readonly selector: Selector;
}

/** A path into a JSON object; it has at least one segment and at most one wildcard. */
export interface Selector {
  /** As written, `$.a[0].b`. */
  readonly text: string;
  readonly segments: readonly Segment[];
}

export type Segment =
  | { readonly type: "property"; readonly name: string }
  | { readonly type: "index"; readonly index: number }
  /** `[*]` or `.*`: each element of an array and each value of an object alike. */
  | { readonly type: "wildcard" };

export type SpaceField =
  | {
      readonly type: "field";
      /** Absent: a field that has no name. */
      readonly name?: string;
      readonly condition?: Condition<SpaceComparison>;
    }
  /** `...`: any number of fields, at most once in a pattern. */
  | { readonly type: "ellipsis" };

/** A comparison with the text of the field in which it stands. */
export interface SpaceComparison {
  readonly type: "comparison";
  readonly operator: Operator;
  readonly value: Value;
}

export type EqualityOperator = "=" | "!=";
/** These take a number and nothing else. */
export type RelationalOperator = "<" | "<=" | ">" | ">=";
export type Operator = EqualityOperator | RelationalOperator;

export type Value = StringValue | WildcardValue | NumberValue | RegexValue;

/** The exact text, quoted or not. A quoted number is a string. */
export interface StringValue {
  readonly type: "string";
  readonly text: string;
}

/** Text with `*` in it: the pieces in order, with anything between two of them. Two or more pieces. */
export interface WildcardValue {
  readonly type: "wildcard";
  readonly pieces: readonly string[];
}

/** An unquoted number, as written: `+1`, `.5`, `1e3`. */
export interface NumberValue {
  readonly type: "number";
  readonly text: string;
}

/** What stands between the percent signs. */
export interface RegexValue {
  readonly type: "regex";
  readonly source: string;
}
