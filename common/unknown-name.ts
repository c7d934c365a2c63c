import { nearest } from "./nearest.ts";

/**
 * What is wrong with a name that is not among the known ones, and which of them may be meant.
 * @param prefix what all of them begin with, the name too: it makes no two of them alike
 */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  prefix = "",
): string {
  const rest = (whole: string) => whole.slice(prefix.length);
  const suggestion = nearest(rest(name), known.map(rest));
  const question = suggestion === undefined ? "" : `; did you mean ${prefix}${suggestion}?`;
  return `there is no ${kind} ${JSON.stringify(name)}${question}`;
}
