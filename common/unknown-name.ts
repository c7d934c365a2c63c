import { nearest } from "./nearest.ts";

/**
 * `Unknown option "--foo". Did you mean --for?`, or without the question if no known name is similar.
 * @param prefix common to all names; it is ignored when names are compared, also if only its beginning is there
 */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  prefix = "",
): string {
  const withoutPrefix = (text: string) => {
    let common = 0;
    while (common < prefix.length && text[common] === prefix[common]) common++;
    return text.slice(common);
  };
  const suggestion = nearest(withoutPrefix(name), known.map(withoutPrefix));
  const question = suggestion === undefined ? "" : ` Did you mean ${prefix}${suggestion}?`;
  return `Unknown ${kind} ${JSON.stringify(name)}.${question}`;
}
