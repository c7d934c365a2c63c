import { CLOSING_BRACKET, endOfBrackets, endOfElement, OPENING_BRACE } from "./json-bytes.ts";
import {
  canGrow,
  fail,
  INVALID_JSON,
  incomplete,
  NOT_AN_OBJECT,
  type Source,
  type State,
  skipBlank,
  tryEmit,
} from "./source.ts";

/**
 * The bytes between two records in files that CloudTrail writes. They cannot occur in a JSON string, where
 * the quote would be escaped, but can occur in an array within a record.
 */
const RECORD_SEPARATOR = Buffer.from(',{"eventVersion"');

/** State `list`: reads the next record, or the end of the list. */
export function readList(source: Source): State | undefined {
  skipBlank(source);
  if (source.position >= source.buffer.length) {
    if (!source.isEnded) return undefined;
    fail(source, "the file ends in the middle of its list of records");
    return "topLevel";
  }
  switch (source.buffer[source.position]) {
    case CLOSING_BRACKET:
      source.position++;
      return source.list === "envelope" ? "envelopeTail" : "topLevel";
    case OPENING_BRACE:
      return readListedRecord(source);
    default:
      return readElement(source);
  }
}

/**
 * Looks for the next separator first, since searching is faster than counting brackets. If the bytes up to
 * it are valid JSON, they are exactly one record; otherwise the separator was inside the record.
 */
function readListedRecord(source: Source): State | undefined {
  const { buffer, position } = source;
  const separator = nextSeparator(source);
  if (separator >= 0 && tryEmit(source, position, separator)) return "list";
  const end = endOfBrackets(buffer, position);
  if (end >= 0 && end !== separator && tryEmit(source, position, end)) return "list";
  if (end < 0 && canGrow(source)) return undefined;
  fail(source, end < 0 && separator < 0 ? incomplete(source) : INVALID_JSON);
  return resumeAt(source, separator >= 0 && (end < 0 || separator < end) ? separator : end);
}

function nextSeparator(source: Source): number {
  const { buffer, position, separator } = source;
  if (separator === undefined || (separator >= 0 && separator <= position)) {
    source.separator = buffer.indexOf(RECORD_SEPARATOR, position + 1);
  }
  return source.separator ?? -1;
}

/** Reads an element that is not an object: a record in a string, or a row of query results. */
function readElement(source: Source): State | undefined {
  const end = endOfElement(source.buffer, source.position);
  if (end < 0 && canGrow(source)) return undefined;
  if (end >= 0 && tryEmit(source, source.position, end)) return "list";
  fail(source, NOT_AN_OBJECT);
  return resumeAt(source, end);
}

/** @param index of the first readable byte; -1: none in the buffer, so search for a separator */
function resumeAt(source: Source, index: number): State {
  if (index >= 0) {
    source.position = index;
    return "list";
  }
  discard(source);
  return "resync";
}

/** Discards the buffer, except for what may be the beginning of a separator. */
function discard(source: Source): void {
  const { buffer, isEnded } = source;
  source.position = isEnded
    ? buffer.length
    : Math.max(source.position, buffer.length - RECORD_SEPARATOR.length);
}

/** State `resync`: skips to the next record separator after a record whose end cannot be found. */
export function resync(source: Source): State | undefined {
  const separator = source.buffer.indexOf(RECORD_SEPARATOR, source.position);
  if (separator >= 0) {
    source.position = separator;
    return "list";
  }
  discard(source);
  return source.isEnded ? "topLevel" : undefined;
}

/** State `envelopeTail`: skips the members of an envelope after its records. */
export function skipEnvelopeTail(source: Source): State | undefined {
  const end = endOfBrackets(source.buffer, source.position, 1);
  if (end < 0) {
    if (canGrow(source)) return undefined;
    fail(source, "the file ends in the middle of its envelope");
    source.position = source.buffer.length;
    return "topLevel";
  }
  source.position = end;
  return "topLevel";
}
