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

/** The same text for the same value, whatever the order of its keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    isContainer(inner) && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The object or array that a text holds as JSON, such as a policy or container definitions. */
export function parseEmbeddedJson(text: unknown): JsonContainer | undefined {
  if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
