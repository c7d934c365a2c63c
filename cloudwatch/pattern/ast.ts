/**
 * A parsed filter pattern: plain data that can be printed, compared, sent to a worker, or translated into
 * another query language.
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
  /** The pattern text before parsing. */
  readonly source: string;
}

/** A blank pattern, which matches every message. */
export interface MatchAllPattern extends PatternBase {
  readonly kind: "all";
}

/** Terms to find as case-sensitive substrings of the message. */
export interface TextPattern extends PatternBase {
  readonly kind: "text";
  /** `term`: all of these must occur. */
  readonly required: readonly string[];
  /** `-term`: none of these may occur. */
  readonly excluded: readonly string[];
  /** `?term`: at least one of these must occur. Ignored if there are other terms. */
  readonly optional: readonly string[];
}

/** A pattern that consists of one `%regex%`, which may match anywhere in the message. */
export interface RegexPattern extends PatternBase {
  readonly kind: "regex";
  readonly regex: RegexValue;
}

/** `{ … }`: the message must be one JSON object that meets the condition. */
export interface JsonPattern extends PatternBase {
  readonly kind: "json";
  readonly condition: Condition<JsonTest>;
}

/** `[ … ]`: the message is split at white space into fields. Without fields, every line matches. */
export interface SpacePattern extends PatternBase {
  readonly kind: "space";
  readonly fields: readonly SpaceField[];
}

export type Condition<Test> = Test | AllOf<Test> | AnyOf<Test>;

/** `a && b`, with two or more operands. */
export interface AllOf<Test> {
  readonly type: "and";
  readonly conditions: readonly Condition<Test>[];
}

/** `a || b`, with two or more operands. */
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

/** A path into a JSON object, with at least one segment and at most one wildcard. */
export interface Selector {
  /** Source text, such as `$.a[0].b`. */
  readonly text: string;
  readonly segments: readonly Segment[];
}

export type Segment =
  | { readonly type: "property"; readonly name: string }
  | { readonly type: "index"; readonly index: number }
  /** `[*]` or `.*`: every element of an array or every value of an object. */
  | { readonly type: "wildcard" };

export type SpaceField =
  | {
      readonly type: "field";
      /** `undefined` for an unnamed field. */
      readonly name?: string;
      readonly condition?: Condition<SpaceComparison>;
    }
  /** `...`: any number of fields. Allowed once in a pattern. */
  | { readonly type: "ellipsis" };

/** A comparison with the text of the enclosing field. */
export interface SpaceComparison {
  readonly type: "comparison";
  readonly operator: Operator;
  readonly value: Value;
}

export type EqualityOperator = "=" | "!=";
/** Operators that accept only a number. */
export type RelationalOperator = "<" | "<=" | ">" | ">=";
export type Operator = EqualityOperator | RelationalOperator;

export type Value = StringValue | WildcardValue | NumberValue | RegexValue;

/** Exact text, quoted or unquoted. A quoted number is a string. */
export interface StringValue {
  readonly type: "string";
  readonly text: string;
}

/** Text with `*`: two or more pieces in order, with any text between them. */
export interface WildcardValue {
  readonly type: "wildcard";
  readonly pieces: readonly string[];
}

/** An unquoted number in its source form: `+1`, `.5`, `1e3`. */
export interface NumberValue {
  readonly type: "number";
  readonly text: string;
}

/** The expression between the percent signs. */
export interface RegexValue {
  readonly type: "regex";
  readonly source: string;
}
