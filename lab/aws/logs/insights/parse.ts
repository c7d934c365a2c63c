import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import {
  AGGREGATES,
  type Aggregate,
  type AggregateColumn,
  type Column,
  type Command,
  type ComparisonOperator,
  type Expression,
  SCALAR_FUNCTIONS,
  type ScalarFunction,
} from "./query.ts";
import { malformedQuery, type Token, tokenize } from "./tokens.ts";

const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Parses a query in the language of CloudWatch Logs Insights: the commands fields, display, filter, parse, stats,
 * sort and limit, with the functions that the saved queries use.
 * @throws AwsError `MalformedQueryException`
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
export function parseQuery(query: string): readonly Command[] {
  return new Parser(query).parseQuery();
}

class Parser {
  private readonly tokens: readonly Token[];
  private position = 0;
  private readonly query: string;

  constructor(query: string) {
    this.query = query;
    this.tokens = tokenize(query);
  }

  parseQuery(): readonly Command[] {
    const commands: Command[] = [];
    do commands.push(this.command());
    while (this.accept("|"));
    if (this.current.kind !== "end") throw this.unexpected();
    return commands;
  }

  private command(): Command {
    const token = this.next();
    switch (token.text.toLowerCase()) {
      case "fields":
        return { kind: "fields", columns: this.list(() => this.column()) };
      case "display":
        return { kind: "display", columns: this.list(() => this.column()) };
      case "filter":
        return { kind: "filter", condition: this.condition() };
      case "parse":
        return this.parseCommand();
      case "stats":
        return this.stats();
      case "sort":
      case "order":
        this.acceptWord("by");
        return { kind: "sort", keys: this.list(() => this.sortKey()) };
      case "limit":
      case "head":
        return { kind: "limit", count: this.integer() };
      default:
        throw malformedQuery(this.query, token);
    }
  }

  private column(): Column {
    const { start } = this.current;
    const expression = this.condition();
    return { name: this.alias(start), expression };
  }

  private parseCommand(): Command {
    const value: Expression =
      this.current.kind === "string" ? { kind: "field", name: "@message" } : this.value();
    const glob = this.next();
    if (glob.kind !== "string" || !this.acceptWord("as")) throw this.unexpected();
    const names = this.list(() => this.fieldName());
    const pattern = globExpression(glob.text);
    if (names.length !== glob.text.split("*").length - 1) throw malformedQuery(this.query, glob);
    return { kind: "parse", value, pattern, names };
  }

  private stats(): Command {
    const aggregates = this.list(() => this.aggregate());
    const by = this.acceptWord("by") ? this.list(() => this.column()) : [];
    return { kind: "stats", aggregates, by };
  }

  private aggregate(): AggregateColumn {
    const token = this.next();
    const name = token.text.toLowerCase();
    const aggregate = AGGREGATES.find((candidate: Aggregate) => candidate === name);
    if (aggregate === undefined) throw malformedQuery(this.query, token);
    this.expect("(");
    const isEmpty = this.accept("*") || this.current.text === ")";
    if (isEmpty && aggregate !== "count") throw this.unexpected();
    const argument = isEmpty ? undefined : this.condition();
    this.expect(")");
    return {
      name: this.alias(token.start),
      aggregate,
      ...(argument === undefined ? {} : { argument }),
    };
  }

  private sortKey() {
    const expression = this.value();
    const descending = this.acceptWord("desc");
    if (!descending) this.acceptWord("asc");
    return { expression, descending };
  }

  /** Returns the name after `as`, or the source of the expression that begins at `start`. */
  private alias(start: number): string {
    const previous = this.tokens[this.position - 1];
    const end = (previous?.start ?? start) + (previous?.source.length ?? 0);
    if (!this.acceptWord("as")) return this.query.slice(start, end).replaceAll("`", "");
    return this.fieldName();
  }

  private fieldName(): string {
    const token = this.next();
    if (token.kind !== "name") throw malformedQuery(this.query, token);
    return token.text;
  }

  private condition(): Expression {
    let left = this.conjunction();
    while (this.acceptWord("or")) left = { kind: "or", left, right: this.conjunction() };
    return left;
  }

  private conjunction(): Expression {
    let left = this.negation();
    while (this.acceptWord("and")) left = { kind: "and", left, right: this.negation() };
    return left;
  }

  private negation(): Expression {
    return this.acceptWord("not") ? { kind: "not", operand: this.negation() } : this.comparison();
  }

  private comparison(): Expression {
    const value = this.value();
    if (this.isWord("not")) {
      this.next();
      const operand = this.isWord("like") ? this.like(value) : this.membership(value);
      return { kind: "not", operand };
    }
    if (this.isWord("like") || this.current.text === "=~") return this.like(value);
    if (this.isWord("in")) return this.membership(value);
    if (this.current.kind !== "symbol" || !COMPARISONS.includes(this.current.text)) return value;
    const operator = this.next().text as ComparisonOperator;
    return { kind: "compare", operator, left: value, right: this.value() };
  }

  private like(value: Expression): Expression {
    this.next();
    const token = this.next();
    if (token.kind === "string") return { kind: "like", value, pattern: token.text };
    if (token.kind !== "regex") throw malformedQuery(this.query, token);
    try {
      const { source, flags } = splitFlags(token.text);
      return { kind: "like", value, pattern: new RegExp(source, flags) };
    } catch {
      throw malformedQuery(this.query, token);
    }
  }

  private membership(value: Expression): Expression {
    if (!this.acceptWord("in")) throw this.unexpected();
    this.expect("[");
    const items = this.list(() => this.literal());
    this.expect("]");
    return { kind: "in", value, items };
  }

  private value(): Expression {
    const { kind, text } = this.current;
    if (this.accept("(")) {
      const expression = this.condition();
      this.expect(")");
      return expression;
    }
    if (kind === "string" || kind === "number" || text === "-") {
      return { kind: "literal", value: this.literal() };
    }
    if (kind !== "name") throw this.unexpected();
    const token = this.next();
    if (!this.accept("(")) return { kind: "field", name: token.text };
    return this.call(token);
  }

  private call(token: Token): Expression {
    const name = token.text.toLowerCase();
    if (name === "bin") {
      const duration = this.next();
      const [, count = "", unit = ""] = /^(\d+)(\w+)$/.exec(duration.text) ?? [];
      const milliseconds = MILLISECONDS[unit];
      if (duration.kind !== "duration" || milliseconds === undefined) {
        throw malformedQuery(this.query, duration);
      }
      this.expect(")");
      return { kind: "bin", milliseconds: Number(count) * milliseconds };
    }
    const known = SCALAR_FUNCTIONS.find((candidate: ScalarFunction) => candidate === name);
    if (known === undefined) throw malformedQuery(this.query, token);
    const args = this.list(() => this.condition());
    this.expect(")");
    return { kind: "call", name: known, args };
  }

  private literal(): string | number {
    const sign = this.accept("-") ? -1 : 1;
    const token = this.next();
    if (token.kind === "number") return sign * Number(token.text);
    if (token.kind === "string" && sign === 1) return token.text;
    throw malformedQuery(this.query, token);
  }

  private integer(): number {
    const token = this.next();
    if (token.kind === "number" && Number.isInteger(Number(token.text))) return Number(token.text);
    throw malformedQuery(this.query, token);
  }

  private list<Item>(item: () => Item): readonly Item[] {
    const items = [item()];
    while (this.accept(",")) items.push(item());
    return items;
  }

  private get current(): Token {
    const token = this.tokens[this.position] ?? this.tokens.at(-1);
    if (token === undefined) throw new AwsError("MalformedQueryException", "The query is empty");
    return token;
  }

  private next(): Token {
    const token = this.current;
    this.position += 1;
    return token;
  }

  private accept(symbol: string): boolean {
    if (this.current.kind !== "symbol" || this.current.text !== symbol) return false;
    this.position += 1;
    return true;
  }

  private expect(symbol: string): void {
    if (!this.accept(symbol)) throw this.unexpected();
  }

  private isWord(word: string): boolean {
    return this.current.kind === "name" && this.current.source.toLowerCase() === word;
  }

  private acceptWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.position += 1;
    return true;
  }

  private unexpected(): AwsError {
    return malformedQuery(this.query, this.current);
  }
}

/** Converts a glob to a regular expression. Each `*` matches the shortest possible text; a trailing `*`, the rest. */
function globExpression(glob: string): RegExp {
  const parts = glob.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`${parts.join("(.*?)")}${glob.endsWith("*") ? "$" : ""}`, "s");
}

/** Splits the inline flag `(?i)`, which JavaScript lacks, from a regular expression. */
function splitFlags(text: string): { readonly source: string; readonly flags: string } {
  return text.startsWith("(?i)")
    ? { source: text.slice(4), flags: "i" }
    : { source: text, flags: "" };
}
