import {
  CLOSING_BRACE,
  COMMA,
  closingQuote,
  endOfElement,
  OPENING_BRACKET,
  QUOTE,
} from "./json-bytes.ts";

/** Members that hold the list of records, by the tool that writes the envelope. */
const LISTS: readonly string[] = [
  "Records", // CloudTrail's log files, and downloads from Event history
  "Events", // aws cloudtrail lookup-events
  "events", // aws logs filter-log-events
  "logEvents", // subscriptions of a log group
  "QueryResultRows", // aws cloudtrail get-query-results
  "results", // aws logs get-query-results
];

const COLON = 0x3a;

/** The first bytes of nearly all records, which need no search. */
const RECORD_START = Buffer.from('{"eventVersion"');

/**
 * Finds the list of records in an object that begins at `start`, after any other members.
 * @returns the index after the opening bracket of the list; -1 if the object has no such list; undefined if
 *   `buffer` ends before that is known
 */
export function listInEnvelope(buffer: Buffer, start: number): number | undefined {
  if (buffer.subarray(start, start + RECORD_START.length).equals(RECORD_START)) return -1;
  for (let at = start + 1; ; ) {
    at = skipBlank(buffer, at);
    if (at >= buffer.length) return undefined;
    if (buffer[at] === COMMA) {
      at++;
      continue;
    }
    if (buffer[at] !== QUOTE) return -1;
    const quote = closingQuote(buffer, at + 1);
    const colon = skipBlank(buffer, quote + 1);
    const value = skipBlank(buffer, colon + 1);
    if (value >= buffer.length) return undefined;
    if (buffer[colon] !== COLON) return -1;
    const name = buffer.toString("utf8", at + 1, quote);
    if (LISTS.includes(name) && buffer[value] === OPENING_BRACKET) return value + 1;
    at = endOfElement(buffer, value);
    if (at < 0) return undefined;
    if (buffer[at] === CLOSING_BRACE) return -1;
  }
}

function skipBlank(buffer: Buffer, start: number): number {
  let at = start;
  while (at < buffer.length && (buffer[at] ?? 0) <= 0x20) at++;
  return at;
}
