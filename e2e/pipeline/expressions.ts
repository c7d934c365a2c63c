import { data, Evaluator, Lexer, Parser } from "@actions/expressions";

/** `github`, `env`, `needs` and so on, as plain values. */
export type Contexts = Readonly<Record<string, unknown>>;

/** How the steps or jobs before came to an end; of what is being judged, never itself. */
export interface Status {
  readonly failed: boolean;
  readonly cancelled: boolean;
}

/** How many files match a pattern in the workspace, for `hashFiles`. */
export type HashFiles = (patterns: readonly string[]) => string;

export interface Scope {
  readonly contexts: Contexts;
  readonly status?: Status;
  readonly hashFiles?: HashFiles;
}

const STATUS_FUNCTIONS = /\b(success|failure|always|cancelled)\s*\(/;

/** Text with each `${{ }}` in it replaced by what it evaluates to. */
export function interpolate(text: string, scope: Scope): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    evaluate(expression, scope).coerceString(),
  );
}

/** What one expression is, as a plain value: `fromJSON` makes more than text. */
export function evaluated(text: string, scope: Scope): unknown {
  const [, expression] = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text) ?? [];
  if (expression === undefined) return text;
  return JSON.parse(JSON.stringify(evaluate(expression, scope), data.replacer));
}

/** Whether a condition holds. One that asks for no status holds only after success. */
export function holds(condition: string | undefined, scope: Scope): boolean {
  const { status = { failed: false, cancelled: false } } = scope;
  const text = (condition ?? "").replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").trim();
  const asksForStatus = STATUS_FUNCTIONS.test(text);
  if (!asksForStatus && (status.failed || status.cancelled)) return false;
  return text === "" || truthy(evaluate(text, scope));
}

function evaluate(expression: string, { contexts, status, hashFiles }: Scope): data.ExpressionData {
  const { failed, cancelled } = status ?? { failed: false, cancelled: false };
  const bool = (name: string, value: boolean) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  });
  const functions = [
    bool("success", !failed && !cancelled),
    bool("failure", failed && !cancelled),
    bool("cancelled", cancelled),
    bool("always", true),
    {
      name: "hashfiles",
      minArgs: 1,
      maxArgs: 255,
      call: (...patterns: data.ExpressionData[]) =>
        new data.StringData(hashFiles?.(patterns.map((each) => each.coerceString())) ?? ""),
    },
  ];
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(contexts), functions).parse();
  const context = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  const known = new Map(functions.map((each) => [each.name, each]));
  return new Evaluator(tree, context, known).evaluate();
}

function truthy(value: data.ExpressionData): boolean {
  switch (value.kind) {
    case data.Kind.Null:
      return false;
    case data.Kind.Boolean:
      return (value as data.BooleanData).value;
    case data.Kind.Number:
      return value.number() !== 0;
    case data.Kind.String:
      return value.coerceString() !== "";
    default:
      return true;
  }
}
