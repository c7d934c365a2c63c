import type { FilterPattern } from "./ast.ts";
import { patternValues } from "./traversal.ts";

/**
 * What a reader of the pattern may take otherwise than AWS does, a sentence each. A pattern that a
 * detection rests on should have none.
 */
export function warnings(pattern: FilterPattern): readonly string[] {
  const found: string[] = [];
  for (const value of patternValues(pattern)) {
    if (value.type !== "wildcard") continue;
    const text = value.pieces.join("*");
    if (/[^*]\*+[^*]/.test(text)) {
      found.push(
        `${text}: AWS documents * at the start and at the end of a value only. It is taken as a wildcard here; to be certain, use a %regex%.`,
      );
    }
  }
  if (pattern.kind === "text" && pattern.optional.length > 0) {
    const others = pattern.required.length + pattern.excluded.length;
    if (others > 0) {
      found.push(
        `?${pattern.optional.join(" ?")}: AWS ignores ?terms beside terms of another kind.`,
      );
    }
  }
  return found;
}
