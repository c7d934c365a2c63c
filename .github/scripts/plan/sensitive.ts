import { isContainer } from "./json.ts";

export const SENSITIVE = "(sensitive value)";

/**
 * A value without what is sensitive in it.
 * @param marks as plans have them: true in the place of each sensitive value, or of what holds it
 */
export function maskSensitive(value: unknown, marks: unknown): unknown {
  if (marks === true) return SENSITIVE;
  if (!isContainer(marks) || !isContainer(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => maskSensitive(item, marks[index]));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, maskSensitive(inner, marks[key])]),
  );
}
