import { isTree } from "./tree.ts";

export const SENSITIVE = "(sensitive value)";

/**
 * A value without what is sensitive in it.
 * @param marks as plans have them: true in the place of each sensitive value, or of what holds it
 */
export function masked(value: unknown, marks: unknown): unknown {
  if (marks === true) return SENSITIVE;
  if (!isTree(marks) || !isTree(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => masked(item, marks[index]));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, masked(inner, marks[key])]),
  );
}
