import { data, Evaluator, Lexer, Parser } from "@actions/expressions";

/** GitHub's contexts (`github`, `env`, `needs`, …) as plain values. */
export type Contexts = Readonly<Record<string, unknown>>;

/** The status of the earlier steps or jobs, which `success()`, `failure()` and `cancelled()` return. */
export interface Status {
  readonly failed: boolean;
  readonly cancelled: boolean;
}

export interface Scope {
  readonly contexts: Contexts;
  /** Everything succeeded by default. */
  readonly status?: Status;
  /** Implements `hashFiles`; matches no file by default. */
  readonly hashFiles?: (patterns: readonly string[]) => string;
}

const SUCCESS: Status = { failed: false, cancelled: false };

/** Replaces each `${{ }}` in a text by the value of its expression. */
export function interpolate(text: string, scope: Scope): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    evaluateData(expression, scope).coerceString(),
  );
}

/** Evaluates a text that is one `${{ }}` expression to a plain value; returns any other text as it is. */
export function evaluate(text: string, scope: Scope): unknown {
  const [, expression] = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text) ?? [];
  if (expression === undefined) return text;
  return JSON.parse(JSON.stringify(evaluateData(expression, scope), data.replacer));
}

/** Returns whether a condition calls a status function; GitHub adds `success() &&` to any other. */
export function hasStatusFunction(condition = ""): boolean {
  return /\b(success|failure|always|cancelled)\s*\(/.test(condition);
}

/** Evaluates the `if` of a job or step. A condition without a status function requires success. */
export function isConditionMet(condition: string | undefined, scope: Scope): boolean {
  const { status = SUCCESS } = scope;
  const expression = (condition ?? "").replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").trim();
  if (!hasStatusFunction(expression) && (status.failed || status.cancelled)) return false;
  return expression === "" || isTruthy(evaluateData(expression, scope));
}

function evaluateData(
  expression: string,
  { contexts, status: { failed, cancelled } = SUCCESS, hashFiles }: Scope,
): data.ExpressionData {
  const statusFunction = (name: string, value: boolean) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  });
  const functions = [
    statusFunction("success", !failed && !cancelled),
    statusFunction("failure", failed && !cancelled),
    statusFunction("cancelled", cancelled),
    statusFunction("always", true),
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
  const functionsByName = new Map(functions.map((each) => [each.name, each]));
  return new Evaluator(tree, context, functionsByName).evaluate();
}

function isTruthy(value: data.ExpressionData): boolean {
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
