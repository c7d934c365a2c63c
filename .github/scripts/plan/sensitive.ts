import { isContainer } from "./json.ts";

export const SENSITIVE = "(sensitive value)";

/**
 * Replaces sensitive values by a placeholder.
 * @param marks Terraform's sensitivity marks: true in place of each sensitive value or its container
 */
export function maskSensitive(value: unknown, marks: unknown): unknown {
  if (marks === true) return SENSITIVE;
  if (!isContainer(marks) || !isContainer(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => maskSensitive(item, marks[index]));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, maskSensitive(inner, marks[key])]),
  );
}
