/** A parsed metric math expression. Its values are numbers; NaN is a missing data point. */
export interface MathExpression {
  /** Ids of the metrics and expressions that it refers to. */
  readonly ids: readonly string[];
  /** Evaluates one data point. */
  readonly evaluate: (read: Read) => number;
}

type Read = (id: string) => number;
type Evaluate = (read: Read) => number;

const TOKEN =
  /\s*(?:(\d+(?:\.\d*)?|\.\d+)|([A-Za-z_]\w*)|("[^"]*")|(&&|\|\||[<>=!]=|[-+*/^(),[\]<>]))/y;

/** Binary operators from the lowest precedence to the highest. Comparisons return 1 or 0. */
const OPERATORS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { OR: (a, b) => Number(a !== 0 || b !== 0), "||": (a, b) => Number(a !== 0 || b !== 0) },
  { AND: (a, b) => Number(a !== 0 && b !== 0), "&&": (a, b) => Number(a !== 0 && b !== 0) },
  {
    "==": (a, b) => Number(a === b),
    "!=": (a, b) => Number(a !== b),
    "<=": (a, b) => Number(a <= b),
    ">=": (a, b) => Number(a >= b),
    "<": (a, b) => Number(a < b),
    ">": (a, b) => Number(a > b),
  },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => a / b },
  { "^": (a, b) => a ** b },
];

/**
 * Parses the part of metric math that computes a data point from those of the same period: arithmetic,
 * comparisons, AND, OR, IF, FILL with a number, ABS, CEIL, FLOOR, and SUM, AVG, MIN and MAX of lists and of
 * METRICS(). An operation with a missing data point has none.
 * @param metricIds ids of all metrics, for METRICS()
 * @throws Error giving the position, the text found there and what is supported
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function parseMetricMath(text: string, metricIds: readonly string[]): MathExpression {
  const cursor = createCursor(text, metricIds);
  const evaluate = parseBinary(cursor, 0);
  if (cursor.word() !== "") throw cursor.unexpected("an operator or the end of the expression");
  return { ids: [...cursor.ids], evaluate };
}

/** A position in the tokens of an expression. */
interface Cursor {
  /** The next token; empty at the end. */
  readonly word: () => string;
  readonly advance: () => void;
  /** Consumes the next token. @throws Error if it is another one */
  readonly expect: (word: string) => void;
  readonly unexpected: (expected: string) => Error;
  readonly metricIds: readonly string[];
  /** Receives the ids that the expression refers to. */
  readonly ids: Set<string>;
}

function createCursor(text: string, metricIds: readonly string[]): Cursor {
  const tokens = tokenize(text);
  let next = 0;
  const word = () => tokens[next]?.text ?? "";
  const unexpected = (expected: string) => {
    const found = word() === "" ? "the end of the expression" : `"${word()}"`;
    const offset = tokens[next]?.offset ?? text.length;
    return new Error(`At character ${offset + 1}, found ${found}; expected ${expected}.`);
  };
  const advance = () => {
    next += 1;
  };
  const expect = (expected: string) => {
    if (word() !== expected) throw unexpected(expected);
    advance();
  };
  return { word, advance, expect, unexpected, metricIds, ids: new Set() };
}

function parseBinary(cursor: Cursor, level: number): Evaluate {
  const operators = OPERATORS[level];
  if (operators === undefined) return parseUnary(cursor);
  let left = parseBinary(cursor, level + 1);
  for (;;) {
    const apply = own(operators, cursor.word());
    if (apply === undefined) return left;
    cursor.advance();
    left = binary(apply, left, parseBinary(cursor, level + 1));
  }
}

function own<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function parseUnary(cursor: Cursor): Evaluate {
  const word = cursor.word();
  if (!/^[-(\d.a-z]/.test(word)) return parseCall(cursor, word);
  cursor.advance();
  if (word === "-") {
    const operand = parseUnary(cursor);
    return (read) => -operand(read);
  }
  if (word === "(") {
    const inner = parseBinary(cursor, 0);
    cursor.expect(")");
    return inner;
  }
  if (/^[\d.]/.test(word)) return () => Number(word);
  cursor.ids.add(word);
  return (read) => read(word);
}

function parseCall(cursor: Cursor, name: string): Evaluate {
  const parseArguments = own(CALLS, name);
  if (parseArguments === undefined) {
    throw cursor.unexpected(`a number, an id, ${Object.keys(CALLS).join(", ")} or (`);
  }
  cursor.advance();
  cursor.expect("(");
  const result = parseArguments(cursor);
  cursor.expect(")");
  return result;
}

/** Functions, with what parses their arguments. */
const CALLS: Readonly<Record<string, (cursor: Cursor) => Evaluate>> = {
  IF: (cursor) => {
    const test = parseBinary(cursor, 0);
    cursor.expect(",");
    const then = parseBinary(cursor, 0);
    if (cursor.word() !== ",") return condition(test, then, () => Number.NaN);
    cursor.advance();
    return condition(test, then, parseBinary(cursor, 0));
  },
  FILL: (cursor) => {
    const metric = parseBinary(cursor, 0);
    cursor.expect(",");
    return fill(metric, parseBinary(cursor, 0));
  },
  ABS: (cursor) => ofNumber(Math.abs, parseBinary(cursor, 0)),
  CEIL: (cursor) => ofNumber(Math.ceil, parseBinary(cursor, 0)),
  FLOOR: (cursor) => ofNumber(Math.floor, parseBinary(cursor, 0)),
  SUM: (cursor) => ofList(sum, parseList(cursor)),
  AVG: (cursor) => ofList((values) => sum(values) / values.length, parseList(cursor)),
  MIN: (cursor) => ofList((values) => Math.min(...values), parseList(cursor)),
  MAX: (cursor) => ofList((values) => Math.max(...values), parseList(cursor)),
};

/** Parses `[a, b]`, `METRICS()` or `METRICS("part of the ids")`. */
function parseList(cursor: Cursor): readonly Evaluate[] {
  if (cursor.word() === "METRICS") {
    cursor.advance();
    cursor.expect("(");
    const part = /^"(.*)"$/.exec(cursor.word())?.[1];
    if (part !== undefined) cursor.advance();
    cursor.expect(")");
    const members = cursor.metricIds.filter((id) => id.includes(part ?? ""));
    for (const id of members) cursor.ids.add(id);
    return members.map(
      (id): Evaluate =>
        (read) =>
          read(id),
    );
  }
  cursor.expect("[");
  const items = [parseBinary(cursor, 0)];
  while (cursor.word() === ",") {
    cursor.advance();
    items.push(parseBinary(cursor, 0));
  }
  cursor.expect("]");
  return items;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function ofNumber(apply: (value: number) => number, operand: Evaluate): Evaluate {
  return (read) => apply(operand(read));
}

/** Missing data points do not count. */
function ofList(
  apply: (values: readonly number[]) => number,
  items: readonly Evaluate[],
): Evaluate {
  return (read) => {
    const values = items.map((item) => item(read)).filter((value) => !Number.isNaN(value));
    return values.length === 0 ? Number.NaN : apply(values);
  };
}

function binary(
  apply: (a: number, b: number) => number,
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  return (read) => {
    const [a, b] = [left(read), right(read)];
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
    const result = apply(a, b);
    // A division by zero has no data point.
    return Number.isFinite(result) ? result : Number.NaN;
  };
}

function fill(metric: Evaluate, missing: Evaluate): Evaluate {
  return (read) => {
    const value = metric(read);
    return Number.isNaN(value) ? missing(read) : value;
  };
}

function condition(test: Evaluate, then: Evaluate, otherwise: Evaluate): Evaluate {
  return (read) => {
    const value = test(read);
    if (Number.isNaN(value)) return Number.NaN;
    return value === 0 ? otherwise(read) : then(read);
  };
}

function tokenize(text: string): readonly { readonly offset: number; readonly text: string }[] {
  const tokens: { offset: number; text: string }[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const begin = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      const offset = begin + text.slice(begin).search(/\S/);
      throw new Error(
        `At character ${offset + 1}, found "${text[offset]}", which is not supported.`,
      );
    }
    const token = match[0].trimStart();
    tokens.push({ offset: begin + match[0].length - token.length, text: token });
  }
  return tokens;
}
