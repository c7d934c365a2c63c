import { isTest, type SourceFile } from "./source.ts";

const FUNCTION_LINES = 80;
const FILE_LINES = 350;
const INNER_FUNCTIONS = 20;

/** What may exceed a limit, with the reason. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {};

/**
 * Finds files and functions that exceed the limits. Functions are limited in production code only, because
 * tests are sequences of steps.
 * @returns a sentence for each, by its key in EXCEPTIONS: the path, or the path and the function's name
 */
export function limitViolations(sources: readonly SourceFile[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, lines, functions } of sources) {
    if (lines > FILE_LINES) {
      found.set(path, `${path} has ${lines} lines; at most ${FILE_LINES} are allowed`);
    }
    if (isTest(path)) continue;
    for (const { name, line, lines: length, inner } of functions) {
      const place = `${path}:${line} ${name}`;
      if (length > FUNCTION_LINES) {
        found.set(
          `${path} ${name}`,
          `${place} has ${length} lines; at most ${FUNCTION_LINES} are allowed`,
        );
      } else if (inner >= INNER_FUNCTIONS) {
        found.set(
          `${path} ${name}`,
          `${place} declares ${inner} functions; fewer than ${INNER_FUNCTIONS} are allowed`,
        );
      }
    }
  }
  return found;
}
