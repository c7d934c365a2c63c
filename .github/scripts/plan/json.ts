/** A JSON object or array. */
export type JsonContainer = Readonly<Record<string, unknown>>;

/** Node's `JSON` with the source text of numbers, which TypeScript does not declare yet. */
const json = JSON as Omit<typeof JSON, "parse"> & {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/**
 * Parses JSON and keeps numbers as written. A number that JavaScript would write differently, such as 1.0 or an
 * integer beyond 2^53, becomes a `JSON.rawJSON` object, which `JSON.stringify` writes as it was.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return json.parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && source !== String(value)
      ? json.rawJSON(source)
      : value,
  );
}

export function isContainer(value: unknown): value is JsonContainer {
  return typeof value === "object" && value !== null && !json.isRawJSON(value);
}

export function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === "" ||
    (isContainer(value) && Object.keys(value).length === 0)
  );
}

/** Serializes JSON with sorted keys, so equal values have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    isContainer(inner) && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * Parses a text that contains a JSON object or array, such as a policy.
 * @returns undefined for any other text, and for JSON that repeats a key: its readers disagree on the value
 */
export function parseEmbeddedJson(text: unknown): JsonContainer | undefined {
  if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const parsed = parseJson(text) as JsonContainer;
    return countKeys(parsed) === writtenKeys(text) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function countKeys(value: unknown): number {
  if (!isContainer(value)) return 0;
  const members = Object.values(value);
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce<number>((count, member) => count + countKeys(member), own);
}

/** Counts the strings of a JSON text that a colon follows. */
function writtenKeys(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined)
    .length;
}
