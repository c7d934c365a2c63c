import type { FilterPattern } from "./ast.ts";
import { patternValues } from "./traversal.ts";

/**
 * Returns a warning for each part of a pattern that is easily misread or whose meaning AWS does not document.
 * Patterns of detections should have none.
 */
export function warnings(pattern: FilterPattern): readonly string[] {
  const messages: string[] = [];
  for (const value of patternValues(pattern)) {
    if (value.type !== "wildcard") continue;
    const text = value.pieces.join("*");
    if (/[^*]\*+[^*]/.test(text)) {
      messages.push(
        `${text}: AWS documents * only at the start and end of a value. It is treated as a wildcard here; use a %regex% to be certain.`,
      );
    }
  }
  if (pattern.kind === "text" && pattern.optional.length > 0) {
    const others = pattern.required.length + pattern.excluded.length;
    if (others > 0) {
      messages.push(
        `?${pattern.optional.join(" ?")}: AWS ignores ?terms when there are other terms.`,
      );
    }
  }
  return messages;
}
