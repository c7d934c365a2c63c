import { COMMA, LINE_FEED } from "./json-bytes.ts";
import { unwrap } from "./unwrap.ts";

/** Receives the contents of a file in file order. */
export interface RecordHandler {
  /**
   * @param text the record's JSON, without the envelope of the file
   * @param place returns its position: `record 3` in an envelope or an array, `line 7` otherwise
   */
  readonly onRecord: (record: object, text: string, place: () => string) => void;
  readonly onError: (place: string, why: string) => void;
}

/**
 * The element that the reader expects next: a top-level value, an element of a list of records, the first
 * recognizable record after an unreadable one, or the end of an envelope after its list.
 */
export type State = "topLevel" | "list" | "resync" | "envelopeTail";

/** The unread part of a file, and the position in the file that error messages refer to. */
export interface Source {
  readonly handler: RecordHandler;
  buffer: Buffer;
  /** Index in `buffer` of the first unread byte. */
  position: number;
  /** Whether the rest of the file is in `buffer`. */
  isEnded: boolean;
  state: State;
  /** The kind of list that `state` is about. */
  list: "envelope" | "array";
  /** Number of records so far, valid or not. */
  records: number;
  line: number;
  /** Whether the previous top-level record was a line, so that an incomplete line is an error. */
  isOneRecordPerLine: boolean;
  /** Number of records at the top level whose end is missing. */
  unclosed: number;
  /** Index in `buffer` of the next record separator; -1: none; undefined: not searched yet. */
  separator: number | undefined;
  readonly place: () => string;
}

/**
 * Limit of one record in memory, far above CloudTrail's own. An unclosed record of this size is an error.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
 */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

export const INVALID_JSON = "invalid JSON";
export const NOT_AN_OBJECT = "not a JSON object";

export function createSource(handler: RecordHandler): Source {
  const source: Source = {
    handler,
    buffer: Buffer.alloc(0),
    position: 0,
    isEnded: false,
    state: "topLevel",
    list: "array",
    records: 0,
    line: 1,
    isOneRecordPerLine: false,
    unclosed: 0,
    separator: undefined,
    place: () => (source.state === "topLevel" ? `line ${source.line}` : `record ${source.records}`),
  };
  return source;
}

export function append(source: Source, chunk: Buffer): void {
  const rest = source.buffer.subarray(source.position);
  source.buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  source.position = 0;
  source.separator = undefined;
}

/** Whether more of the file may complete the value at `position`. */
export function canGrow({ buffer, position, isEnded }: Source): boolean {
  return !isEnded && buffer.length - position < MAX_RECORD_BYTES;
}

/**
 * Passes the record in `buffer[from, to)` to the handler, and moves past it.
 * @returns false if these bytes are not a record
 */
export function tryEmit(source: Source, from: number, to: number): boolean {
  const text = source.buffer.toString("utf8", from, to);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  const unwrapped = unwrap(value, text);
  if (unwrapped === undefined) return false;
  source.records++;
  source.position = to;
  source.handler.onRecord(unwrapped.record, unwrapped.text, source.place);
  return true;
}

/** Reports the value at `position` as a record that cannot be read. */
export function fail(source: Source, why: string): void {
  source.records++;
  source.handler.onError(source.place(), why);
}

/** Returns the error for a record that is not closed. */
export function incomplete({ isEnded }: Source): string {
  return isEnded
    ? "the file ends in the middle of this record"
    : `longer than ${MAX_RECORD_BYTES} bytes`;
}

/** Skips whitespace, commas between records and a byte order mark at the beginning of the file. */
export function skipBlank(source: Source): void {
  for (; source.position < source.buffer.length; source.position++) {
    const byte = source.buffer[source.position] ?? 0;
    if (byte === LINE_FEED) source.line++;
    else if (byte > 0x20 && byte !== COMMA && !isByteOrderMark(source, byte)) return;
  }
}

function isByteOrderMark({ line, records }: Source, byte: number): boolean {
  return line === 1 && records === 0 && (byte === 0xef || byte === 0xbb || byte === 0xbf);
}
