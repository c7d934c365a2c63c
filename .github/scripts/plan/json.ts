/** A JSON object or array. */
export type JsonContainer = Readonly<Record<string, unknown>>;

export function isContainer(value: unknown): value is JsonContainer {
  return typeof value === "object" && value !== null;
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

/** Parses a text that contains a JSON object or array, such as a policy. @returns undefined for any other */
export function parseEmbeddedJson(text: unknown): JsonContainer | undefined {
  if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
