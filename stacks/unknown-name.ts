import { nearest } from "./nearest.ts";

/** What is wrong with a name that is not among the known ones, and which of them may be meant. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  const question = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return `there is no ${kind} ${JSON.stringify(name)}${question}`;
}
