import { canonical, isContainer, isEmpty, parseEmbeddedJson } from "./json.ts";
import type { ChangeOfValue } from "./plan-json.ts";

export const SENSITIVE = "(sensitive value)";

/** Names of values that are secret even if the provider does not mark them as sensitive. */
const SECRET_NAME =
  /^(.*_)?(password|passphrase|secret_(string|binary|key)|private_key(_pem)?|auth_token|client_secret|access_token)$/i;

/** Shorter sensitive texts, such as `a`, are not searched for elsewhere. */
const SEARCHED_CHARACTERS = 6;

/**
 * Replaces the sensitive values of a change by numbered placeholders, with the same number for equal values, so
 * that a change of a sensitive value is still visible. Sensitive are values
 * - that Terraform marks, before or after the change,
 * - with the name of a secret, also in embedded JSON and in lists of names and values,
 * - equal to a marked text.
 *
 * Show the values with `withoutNumbers`.
 */
export function maskChange({ before, after, before_sensitive, after_sensitive }: ChangeOfValue): {
  readonly before: unknown;
  readonly after: unknown;
} {
  const marks = union(before_sensitive, after_sensitive);
  const numbers = new Map<string, number>();
  const placeholder = (value: unknown): string => {
    const content = canonical(value);
    const number = numbers.get(content) ?? numbers.size + 1;
    numbers.set(content, number);
    return `(sensitive value ${number})`;
  };
  const known = new Set([before, after].flatMap((value) => [...markedTexts(value, marks)]));
  const mask = (value: unknown, mark: unknown, name: string): unknown => {
    if (isEmpty(value)) return value;
    if (mark === true || (SECRET_NAME.test(name) && typeof value !== "boolean")) {
      return placeholder(value);
    }
    if (typeof value === "string") {
      if (known.has(value)) return placeholder(value);
      const embedded = parseEmbeddedJson(value);
      if (embedded === undefined) return value;
      const masked = mask(embedded, undefined, "");
      return canonical(masked) === canonical(embedded) ? value : masked;
    }
    if (!isContainer(value)) return value;
    if (Array.isArray(value)) return value.map((item, i) => mask(item, part(mark, i), name));
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const { name: sibling } = value;
        const named = key === "value" && typeof sibling === "string" ? sibling : key;
        return [key, mask(inner, part(mark, key), named)];
      }),
    );
  };
  return { before: mask(before, marks, ""), after: mask(after, marks, "") };
}

/** Removes the numbers of the placeholders from JSON. */
export function withoutNumbers(json: string): string {
  return json.replace(/"\(sensitive value \d+\)"/g, SENSITIVE);
}

function union(a: unknown, b: unknown): unknown {
  if (a === true || b === true) return true;
  if (!isContainer(a)) return b;
  if (!isContainer(b)) return a;
  const keys = new Set([a, b].flatMap(Object.keys));
  return Object.fromEntries([...keys].map((key) => [key, union(a[key], b[key])]));
}

/** Yields the marked texts that are long enough to be searched for. */
function* markedTexts(value: unknown, marks: unknown): Generator<string> {
  if (typeof value === "string") {
    if (marks === true && value.length >= SEARCHED_CHARACTERS) yield value;
  } else if (isContainer(value)) {
    for (const [key, inner] of Object.entries(value)) yield* markedTexts(inner, part(marks, key));
  }
}

/** Returns the marks of a member; all members of a marked container are marked. */
function part(marks: unknown, key: string | number): unknown {
  if (marks === true) return true;
  return isContainer(marks) ? marks[key] : undefined;
}
