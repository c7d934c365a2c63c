export const LINE_FEED = 0x0a;
export const COMMA = 0x2c;
export const OPENING_BRACE = 0x7b;
export const OPENING_BRACKET = 0x5b;
export const CLOSING_BRACKET = 0x5d;
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const CLOSING_BRACE = 0x7d;

/**
 * Finds the end of an object or array by its quotes and brackets alone.
 * @param start index of its opening bracket, or of any byte inside it if `depth` is 1
 * @param depth brackets already open at `start`
 * @returns the index after its closing bracket; -1 if `buffer` ends first
 */
export function endOfBrackets(buffer: Buffer, start: number, depth = 0): number {
  let open = depth;
  for (let at = start; at < buffer.length; ) {
    const byte = buffer[at++];
    if (byte === QUOTE) {
      at = closingQuote(buffer, at) + 1;
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      open++;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      open--;
      if (open === 0) return at;
    }
  }
  return -1;
}

/**
 * Finds the end of an array element or member value of any type.
 * @returns the index of the comma, bracket or brace after it; -1 if `buffer` ends first
 */
export function endOfElement(buffer: Buffer, start: number): number {
  for (let at = start; at < buffer.length; at++) {
    const byte = buffer[at];
    if (byte === COMMA || byte === CLOSING_BRACKET) return at;
    // A stray brace where a value should begin is skipped, so that readers always make progress.
    if (byte === CLOSING_BRACE && at > start) return at;
    if (byte === QUOTE) at = closingQuote(buffer, at + 1);
    if (byte !== OPENING_BRACE && byte !== OPENING_BRACKET) continue;
    const end = endOfBrackets(buffer, at);
    if (end < 0) return -1;
    at = end - 1;
  }
  return -1;
}

/** @returns the index of the quote that closes a string, or an index past the end of `buffer` */
export function closingQuote(buffer: Buffer, start: number): number {
  let at = start;
  for (; at < buffer.length && buffer[at] !== QUOTE; at++) if (buffer[at] === BACKSLASH) at++;
  return at;
}
