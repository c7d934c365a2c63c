import type { IncomingMessage } from "node:http";

/**
 * Reads a header without creating the object with all headers.
 * @param name in lower case
 * @returns its value; undefined if the request has none, or several
 */
export function singleHeader({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  let value: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== name) continue;
    if (value !== undefined) return undefined;
    value = rawHeaders[index + 1];
  }
  return value;
}
