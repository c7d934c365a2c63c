import type { SpaceField, SpacePattern } from "./ast.ts";
import { compileFieldComparison } from "./compare.ts";
import { compileCondition, type Test } from "./compile-condition.ts";

/** Field text by name (`$level`) or position (`$3`). */
export type FieldValues = Readonly<Record<string, string>>;

export interface SpaceMatcher {
  readonly message: (message: string) => boolean;
  /** Returns the fields of a matching message, otherwise `undefined`. */
  readonly fields: (message: string) => FieldValues | undefined;
}

interface Field {
  readonly name: string | undefined;
  readonly test: Test<string> | undefined;
}

/** Compiles a space-delimited pattern. */
export function compileSpacePattern({ fields }: SpacePattern): SpaceMatcher {
  const ellipsis = fields.findIndex(({ type }) => type === "ellipsis");
  // A pattern without fields accepts any number of fields, like `[...]`.
  const hasAnyLength = ellipsis >= 0 || fields.length === 0;
  const leading = compileFields(ellipsis < 0 ? fields : fields.slice(0, ellipsis));
  const trailing = compileFields(ellipsis < 0 ? [] : fields.slice(ellipsis + 1));
  const count = leading.length + trailing.length;

  /** Returns the field of the pattern for field `index` of a message with `length` fields. */
  function fieldAt(index: number, length: number): Field | undefined {
    return leading[index] ?? trailing[index - (length - trailing.length)];
  }

  function split(message: string): readonly string[] | undefined {
    const texts = splitLine(message, hasAnyLength ? Number.POSITIVE_INFINITY : count);
    if (texts.length < count) return undefined;
    for (const [index, text] of texts.entries()) {
      const test = fieldAt(index, texts.length)?.test;
      if (test !== undefined && test(text) !== true) return undefined;
    }
    return texts;
  }

  return {
    message: (message) => split(message) !== undefined,
    fields: (message) => {
      const texts = split(message);
      if (texts === undefined) return undefined;
      return Object.fromEntries(
        texts.map((text, index) => [`$${fieldAt(index, texts.length)?.name ?? index + 1}`, text]),
      );
    },
  };
}

function compileFields(fields: readonly SpaceField[]): readonly Field[] {
  return fields.flatMap((field) => {
    if (field.type === "ellipsis") return [];
    const { name, condition } = field;
    const test =
      condition === undefined
        ? undefined
        : compileCondition(condition, ({ operator, value }) =>
            compileFieldComparison(operator, value),
          );
    return [{ name, test }];
  });
}

/**
 * Splits a line at white space. `"…"` and `[…]` are each one field, without their delimiters; an unclosed
 * delimiter is an ordinary character. If there are more than `limit` fields, the last one contains the
 * unmodified rest of the line.
 */
function splitLine(message: string, limit: number): string[] {
  const texts: string[] = [];
  const unclosed = new Set<string>();
  let position = skipBlanks(message, 0);
  while (position < message.length) {
    const start = position;
    const close = CLOSING.get(message[start] ?? "");
    const end = close === undefined || unclosed.has(close) ? -1 : message.indexOf(close, start + 1);
    if (close !== undefined && end < 0) unclosed.add(close);
    position = end < 0 ? wordEnd(message, start) : end + 1;
    const text = end < 0 ? message.slice(start, position) : message.slice(start + 1, end);
    position = skipBlanks(message, position);
    if (texts.length + 1 === limit && position < message.length) {
      texts.push(message.slice(start));
      break;
    }
    texts.push(text);
  }
  return texts;
}

const CLOSING: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["[", "]"],
]);

function skipBlanks(message: string, start: number): number {
  let position = start;
  while (position < message.length && isBlank(message.charCodeAt(position))) position++;
  return position;
}

function wordEnd(message: string, start: number): number {
  let position = start;
  while (position < message.length && !isBlank(message.charCodeAt(position))) position++;
  return position;
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}
