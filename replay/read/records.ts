/** Takes what a file holds, in its order. */
export interface RecordHandler {
  /**
   * @param text the record as it stands in the file
   * @param place says where it stands: `record 3` of an envelope or an array, `line 7` of lines
   */
  readonly record: (record: object, text: string, place: () => string) => void;
  readonly broken: (place: string, why: string) => void;
}

export interface RecordReader {
  readonly push: (chunk: Buffer) => void;
  /** The file is over: what is left is taken or reported. */
  readonly end: () => void;
}

/**
 * What one record may take in memory. CloudTrail's own limit is far below it; past it the reader does not
 * wait for the record's end any longer.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
 */
const MOST_BYTES = 16 * 1024 * 1024;

/** How far the reader looks for the beginning of an envelope. */
const ENVELOPE_BYTES = 1024;
const ENVELOPE = /^\{\s*"Records"\s*:\s*\[/;

/** What the export of CloudWatch Logs to S3 puts before each event. */
const EXPORT_PREFIX = /^\d{4}-\d\d-\d\dT[\d:.]+Z[ \t]+(?=\{)/;
const EXPORT_PREFIX_BYTES = 64;

/**
 * Between two records of a file as CloudTrail writes it. A string cannot hold it, for there a quote is
 * escaped; only an object inside of a record could.
 */
const BETWEEN = Buffer.from(',{"eventVersion"');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

/**
 * Reads CloudTrail records out of a file that comes in pieces, holding one record at a time: envelopes
 * `{"Records":[…]}`, arrays of records, one record a line, records one after the other however they are
 * laid out, and the export of a log group with a time before each record.
 *
 * What is no JSON object is reported, and reading goes on behind it: with the next record of an envelope
 * that begins as CloudTrail's do, or with the next line.
 */
export function createRecordReader({ record, broken }: RecordHandler): RecordReader {
  let buffer: Buffer = Buffer.alloc(0);
  let position = 0;
  let ended = false;
  /** Inside of the array of an envelope, of a plain array, past an envelope's array, or in none of these. */
  let within: "envelope" | "array" | "rest" | "lines" = "lines";
  let records = 0;
  let line = 1;
  /** A record was a whole line: one that is not then is broken, and nothing is awaited for it. */
  let isLineByLine = false;
  /** Bytes are dropped up to where a record begins. */
  let isLost = false;
  /** Where `BETWEEN` next stands, `undefined` when nobody has looked, -1 when this buffer has no more. */
  let between: number | undefined;

  function push(chunk: Buffer): void {
    const rest = buffer.subarray(position);
    buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    position = 0;
    between = undefined;
    consume();
  }

  function end(): void {
    ended = true;
    consume();
    buffer = Buffer.alloc(0);
    position = 0;
  }

  function consume(): void {
    for (;;) {
      if (within === "rest" ? !leaveEnvelope() : !next()) return;
    }
  }

  /** Takes one record or the end of an array; false: more of the file is needed, or nothing is left. */
  function next(): boolean {
    if (isLost && !findBeginning()) return false;
    skipBlank();
    if (position >= buffer.length) {
      if (ended && within !== "lines") lose("the file ends before its list of records does");
      return false;
    }
    const first = buffer[position];
    if (within === "lines") {
      if (first === OPENING_BRACE) return envelopeOrRecord();
      if (first === OPENING_BRACKET) {
        position++;
        within = "array";
        return true;
      }
      return exportPrefixOrJunk();
    }
    if (first === CLOSING_BRACKET) {
      position++;
      within = within === "envelope" ? "rest" : "lines";
      return true;
    }
    return first === OPENING_BRACE ? listed() : listedJunk();
  }

  function envelopeOrRecord(): boolean {
    const head = buffer.toString("latin1", position, position + ENVELOPE_BYTES);
    const opening = ENVELOPE.exec(head)?.[0];
    if (opening !== undefined) {
      position += opening.length;
      within = "envelope";
      return true;
    }
    // A line that is complete cannot be the beginning of an envelope; anything shorter can.
    const isUndecided =
      head.length < ENVELOPE_BYTES && /^\{\s*("[Records]{0,7}"?\s*:?\s*)?$/.test(head);
    if (isUndecided && !ended) return false;
    return lineOrRecord();
  }

  /** A record outside of any list: a line of its own, as a rule. */
  function lineOrRecord(): boolean {
    const lineFeed = buffer.indexOf(LINE_FEED, position);
    const lineEnd = lineFeed >= 0 ? lineFeed : ended ? buffer.length : -1;
    if (lineEnd >= 0 && take(position, lineEnd)) {
      isLineByLine = true;
      return true;
    }
    const from = position;
    const close = closeOf(from);
    const isPastLine = lineEnd >= 0 && (close < 0 || close > lineEnd);
    if (isLineByLine && isPastLine) return breakLine(lineEnd, "it is not JSON");
    if (close < 0) {
      if (!ended && buffer.length - position < MOST_BYTES) return false;
      return breakLine(lineEnd, lineFeed < 0 ? incomplete() : "it is not JSON");
    }
    if (!take(from, close)) return breakLine(isPastLine ? lineEnd : close, "it is not JSON");
    const lines = lineFeedsIn(from, close);
    line += lines;
    isLineByLine = lines === 0;
    return true;
  }

  function breakLine(end: number, why: string): boolean {
    records++;
    broken(place(), why);
    position = end >= 0 ? end : buffer.length;
    return true;
  }

  function incomplete(): string {
    return ended ? "the file ends inside of it" : `it is longer than ${MOST_BYTES} bytes`;
  }

  function lineFeedsIn(from: number, to: number): number {
    let count = 0;
    for (let at = from; at < to; at++) if (buffer[at] === LINE_FEED) count++;
    return count;
  }

  function exportPrefixOrJunk(): boolean {
    const head = buffer.toString("latin1", position, position + EXPORT_PREFIX_BYTES);
    const prefix = EXPORT_PREFIX.exec(head)?.[0];
    if (prefix !== undefined) {
      position += prefix.length;
      return true;
    }
    const lineEnd = buffer.indexOf(LINE_FEED, position);
    if (lineEnd < 0 && !ended && buffer.length - position < MOST_BYTES) return false;
    return breakLine(lineEnd, "it is not a JSON object");
  }

  /** A record of a list. */
  function listed(): boolean {
    // Most often the next record begins as CloudTrail's do, and what parses up to there is a whole
    // record: nothing that continues can be one, nor can any part of one.
    if (between === undefined || (between >= 0 && between <= position)) {
      between = buffer.indexOf(BETWEEN, position + 1);
    }
    const following = between;
    if (following >= 0 && take(position, following)) return true;
    const close = closeOf(position);
    if (close >= 0 && close !== following && take(position, close)) return true;
    if (close < 0 && !ended && buffer.length - position < MOST_BYTES) return false;
    records++;
    const isTheLast = close < 0 && following < 0;
    broken(place(), isTheLast ? incomplete() : "it is not JSON");
    position = following >= 0 && (close < 0 || following < close) ? following : close;
    if (position < 0) drop();
    return true;
  }

  function listedJunk(): boolean {
    const end = endOfValue(position);
    if (end < 0 && !ended && buffer.length - position < MOST_BYTES) return false;
    records++;
    broken(place(), "it is not a JSON object");
    if (end < 0) drop();
    else position = end;
    return true;
  }

  /** Everything up to here is unreadable; so may be what follows, up to the beginning of a record. */
  function drop(): void {
    position = Math.max(position, buffer.length - BETWEEN.length);
    if (ended) position = buffer.length;
    isLost = true;
  }

  function findBeginning(): boolean {
    const at = buffer.indexOf(BETWEEN, position);
    if (at < 0) {
      position = ended ? buffer.length : Math.max(position, buffer.length - BETWEEN.length);
      if (ended) within = "lines";
      return false;
    }
    position = at;
    isLost = false;
    return true;
  }

  function lose(why: string): void {
    records++;
    broken(place(), why);
    within = "lines";
  }

  /** Of the record that was counted last. */
  function place(): string {
    return within === "lines" ? `line ${line}` : `record ${records}`;
  }

  /** Skips what an envelope holds behind its records. */
  function leaveEnvelope(): boolean {
    const close = closeOf(position, 1);
    if (close < 0) {
      // Of no use to anybody, so that nothing of it needs to be kept but the end.
      if (ended || buffer.length - position >= MOST_BYTES) {
        lose("the file ends before its envelope does");
        position = buffer.length;
      }
      return false;
    }
    position = close;
    within = "lines";
    return true;
  }

  /** Hands on the record from `from` to `to`, if it is one. */
  function take(from: number, to: number): boolean {
    const text = buffer.toString("utf8", from, to);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return false;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    records++;
    position = to;
    record(value, text, place);
    return true;
  }

  function skipBlank(): void {
    for (; position < buffer.length; position++) {
      const byte = buffer[position] ?? 0;
      if (byte === LINE_FEED) line++;
      else if (byte > 0x20 && byte !== COMMA && !isByteOrderMark(byte)) return;
    }
  }

  function isByteOrderMark(byte: number): boolean {
    return line === 1 && records === 0 && (byte === 0xef || byte === 0xbb || byte === 0xbf);
  }

  /**
   * Where the object or the list that is open at `depth` from `start` on closes, by its quotes and
   * brackets alone; -1 where it does not.
   */
  function closeOf(start: number, depth = 0): number {
    let open = depth;
    for (let at = start; at < buffer.length; ) {
      const byte = buffer[at++];
      if (byte === QUOTE) {
        at = closingQuote(at) + 1;
      } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
        open++;
      } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
        open--;
        if (open === 0) return at;
      }
    }
    return -1;
  }

  /** Where an element of a list ends, whatever it is: the comma or the bracket behind it, or -1. */
  function endOfValue(start: number): number {
    for (let at = start; at < buffer.length; at++) {
      const byte = buffer[at];
      if (byte === COMMA || byte === CLOSING_BRACKET) return at;
      if (byte === QUOTE) at = closingQuote(at + 1);
      if (byte !== OPENING_BRACE && byte !== OPENING_BRACKET) continue;
      const close = closeOf(at);
      if (close < 0) return -1;
      at = close - 1;
    }
    return -1;
  }

  /** Of a string whose text begins at `start`; past the end where it does not close. */
  function closingQuote(start: number): number {
    let at = start;
    for (; at < buffer.length && buffer[at] !== QUOTE; at++) if (buffer[at] === BACKSLASH) at++;
    return at;
  }

  return { push, end };
}
