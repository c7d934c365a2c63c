import type { TextPattern } from "./ast.ts";

/** Compiles a text pattern. */
export function compileTextPattern({
  required,
  excluded,
  optional,
}: TextPattern): (message: string) => boolean {
  if (required.length === 0 && excluded.length === 0) {
    return (message) => optional.some((term) => message.includes(term));
  }
  return (message) =>
    required.every((term) => message.includes(term)) &&
    !excluded.some((term) => message.includes(term));
}
