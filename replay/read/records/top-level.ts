import { listInEnvelope } from "./envelope.ts";
import { endOfBrackets, LINE_FEED, OPENING_BRACE, OPENING_BRACKET } from "./json-bytes.ts";
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
 * The text before each event of a log group that CloudWatch Logs exports to S3 (its timestamp), and in the output of
 * `aws logs tail` (its timestamp and log stream, whose name has at most 512 bytes).
 */
const EXPORT_PREFIX = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?[ \t]+(?:[^\s{]+ )?(?=\{)/;
const EXPORT_PREFIX_BYTES = 600;

/** State `topLevel`: reads a record, or the beginning of an envelope or array. */
export function readTopLevel(source: Source): State | undefined {
  skipBlank(source);
  if (source.position >= source.buffer.length) return undefined;
  switch (source.buffer[source.position]) {
    case OPENING_BRACE:
      return readEnvelopeOrRecord(source);
    case OPENING_BRACKET:
      source.position++;
      source.list = "array";
      return "list";
    default:
      return readExportPrefix(source);
  }
}

/**
 * After this many records without an end, records end with their line. Otherwise each line of a text that is not
 * JSON would take a search of the rest of the file.
 */
const MAX_UNCLOSED = 20;

/** The part of the buffer to search for the end of the record at `position`. */
function searchable(source: Source): { readonly text: Buffer; readonly isLine: boolean } {
  const { buffer, unclosed } = source;
  const lineEnd = unclosed < MAX_UNCLOSED ? -1 : endOfLine(source);
  return lineEnd < 0
    ? { text: buffer, isLine: false }
    : { text: buffer.subarray(0, lineEnd), isLine: true };
}

function readEnvelopeOrRecord(source: Source): State | undefined {
  const { text, isLine } = searchable(source);
  const list = listInEnvelope(text, source.position);
  if (list === undefined && !isLine && canGrow(source)) return undefined;
  if (list === undefined || list < 0) return readRecord(source);
  source.position = list;
  source.list = "envelope";
  return "list";
}

/** Reads a record outside of a list: usually a line, but possibly formatted over many. */
function readRecord(source: Source): State | undefined {
  const { buffer, position } = source;
  const lineEnd = endOfLine(source);
  if (lineEnd >= 0 && tryEmit(source, position, lineEnd)) {
    source.isOneRecordPerLine = true;
    return "topLevel";
  }
  const { text, isLine } = searchable(source);
  const end = endOfBrackets(text, position);
  const isPastLine = lineEnd >= 0 && (end < 0 || end > lineEnd);
  if (source.isOneRecordPerLine && isPastLine) return rejectUpTo(source, lineEnd, INVALID_JSON);
  if (end < 0) {
    if (!isLine && canGrow(source)) return undefined;
    source.unclosed++;
    const hasNextLine = lineEnd >= 0 && lineEnd < buffer.length;
    return rejectUpTo(source, lineEnd, hasNextLine ? INVALID_JSON : incomplete(source));
  }
  if (!tryEmit(source, position, end)) {
    return rejectUpTo(source, isPastLine ? lineEnd : end, INVALID_JSON);
  }
  const lineFeeds = countLineFeeds(buffer, position, end);
  source.line += lineFeeds;
  source.isOneRecordPerLine = lineFeeds === 0;
  return "topLevel";
}

function readExportPrefix(source: Source): State | undefined {
  const { buffer, position } = source;
  const head = buffer.toString("latin1", position, position + EXPORT_PREFIX_BYTES);
  const prefix = EXPORT_PREFIX.exec(head)?.[0];
  if (prefix !== undefined) {
    source.position += prefix.length;
    return "topLevel";
  }
  const lineFeed = buffer.indexOf(LINE_FEED, position);
  if (lineFeed < 0 && canGrow(source)) return undefined;
  return rejectUpTo(source, lineFeed, NOT_AN_OBJECT);
}

/** Reports the bytes up to `end`, or all of the buffer if `end` is -1, as an unreadable record. */
function rejectUpTo(source: Source, end: number, why: string): State {
  fail(source, why);
  source.position = end >= 0 ? end : source.buffer.length;
  return "topLevel";
}

/** @returns the index of the line feed, or of the end of the file; -1 if the buffer ends first */
function endOfLine({ buffer, position, isEnded }: Source): number {
  const lineFeed = buffer.indexOf(LINE_FEED, position);
  return lineFeed < 0 && isEnded ? buffer.length : lineFeed;
}

function countLineFeeds(buffer: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (buffer[at] === LINE_FEED) count++;
  return count;
}
