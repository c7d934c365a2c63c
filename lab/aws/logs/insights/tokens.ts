import { AwsError } from "../../../../cloudwatch/aws-error.ts";

export interface Token {
  readonly kind: "name" | "number" | "duration" | "string" | "regex" | "symbol" | "end";
  /** A name without backticks, a string without quotes, a regular expression without slashes. */
  readonly text: string;
  /** The token as written in the query, for error messages. */
  readonly source: string;
  /** Offset in the query. */
  readonly start: number;
}

/** Returns the error of CloudWatch Logs for a query, with the position of its first unexpected symbol. */
export function malformedQuery(query: string, { source, start }: Token): AwsError {
  const before = query.slice(0, start).split("\n");
  const position = before.at(-1)?.length ?? 0;
  return new AwsError(
    "MalformedQueryException",
    `unexpected symbol found ${source} at line ${before.length} and position ${position}`,
  );
}

const SPACE = /(?:\s|#[^\n]*)*/y;
const PATTERNS: readonly (readonly [Token["kind"], RegExp])[] = [
  ["duration", /\d+(?:ms|s|m|h|d|w|mo|q|y)\b/y],
  ["number", /\d+(?:\.\d+)?/y],
  ["name", /`[^`]+`|[@A-Za-z_][\w@-]*(?:\.[\w@-]+)*/y],
  ["string", /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy],
  ["symbol", /!=|<=|>=|=~|[=<>|,()[\]+*%-]/y],
];
/** Matched only after `like` or `=~`, because a slash elsewhere is the division operator. */
const REGEX = /\/(?:[^/\\\n]|\\.)+\//y;

/** Splits a query into tokens. @throws AwsError `MalformedQueryException` for text that is not a token */
export function tokenize(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = offset;
    return pattern.exec(query)?.[0];
  };
  for (;;) {
    offset += match(SPACE)?.length ?? 0;
    if (offset >= query.length) break;
    const last = tokens.at(-1)?.text.toLowerCase();
    const regex = last === "like" || last === "=~" ? match(REGEX) : undefined;
    const found =
      regex === undefined
        ? PATTERNS.map(([kind, pattern]) => ({ kind, source: match(pattern) })).find(
            ({ source }) => source !== undefined,
          )
        : { kind: "regex" as const, source: regex };
    const source = found?.source ?? query.charAt(offset);
    if (found === undefined) {
      throw malformedQuery(query, { kind: "symbol", text: source, source, start: offset });
    }
    tokens.push({ kind: found.kind, text: textOf(found.kind, source), source, start: offset });
    offset += source.length;
  }
  return [...tokens, { kind: "end", text: "", source: "<EOF>", start: query.length }];
}

function textOf(kind: Token["kind"], source: string): string {
  switch (kind) {
    case "string":
      return source.slice(1, -1).replaceAll(/\\(["'\\])/g, "$1");
    case "regex":
      return source.slice(1, -1);
    case "name":
      return source.replaceAll("`", "");
    default:
      return source;
  }
}
