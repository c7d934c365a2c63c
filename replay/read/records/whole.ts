import type { Skim } from "../../evaluate/skim.ts";
import { type TextRecord, unwrap } from "./unwrap.ts";

/** A parsed record, or the time of one that was skimmed. */
export type WholeRecord = TextRecord | string;

const BEGINNING = '{"eventVersion"';
const START = `{"Records":[${BEGINNING}`;
/** The end of a record and the beginning of the next. */
const SEPARATOR = `},${BEGINNING}`;
const END = /\]\}[\t\n\r ]*$/;
/** Number of bytes at the end of a file in which to look for `END`, with room for some whitespace. */
const END_LENGTH = 8;

/**
 * V8 allocates strings of more than 128 KiB separately, which takes longer than decoding them. Shorter ones are
 * allocated in the young generation, whose memory is in the caches of the processor.
 */
const PIECE_BYTES = 64 * 1024;

/**
 * Reads all records of a file in the layout that CloudTrail writes, which is faster than `createRecordReader`.
 * @param skim begins a piece of the file that consists of complete records
 * @returns undefined for any other layout, and if a record is not valid JSON: read the file with
 *   `createRecordReader`
 */
export function readWhole(
  file: Buffer,
  skim: (text: string) => Skim,
  pieceBytes = PIECE_BYTES,
): readonly WholeRecord[] | undefined {
  if (file.toString("latin1", 0, START.length) !== START) return undefined;
  const ending = END.exec(file.toString("latin1", file.length - END_LENGTH))?.[0].length;
  if (ending === undefined) return undefined;
  const end = file.length - ending;
  const records: WholeRecord[] = [];
  for (let from = START.length - BEGINNING.length; from < end; ) {
    const to = endOfPiece(file, from, { limit: from + pieceBytes, end });
    const text = file.toString("utf8", from, to);
    if (!readPiece(text, skim(text), records)) return undefined;
    from = to + 1;
  }
  return records;
}

/** Returns the end of the last record that fits in the limit, or else of the first. */
function endOfPiece(
  file: Buffer,
  from: number,
  { limit, end }: { readonly limit: number; readonly end: number },
): number {
  if (limit >= end) return end;
  const last = file.lastIndexOf(SEPARATOR, limit);
  const separator = last > from ? last : file.indexOf(SEPARATOR, limit);
  return separator < 0 ? end : separator + 1;
}

/**
 * Appends the records of a text to the list.
 * @returns false if one is not valid JSON
 */
function readPiece(text: string, skim: Skim, records: WholeRecord[]): boolean {
  for (let from = 0; ; ) {
    const separator = text.indexOf(SEPARATOR, from);
    const to = separator < 0 ? text.length : separator + 1;
    const record = skim(from, to) ?? parse(text.slice(from, to));
    if (record === undefined) return false;
    records.push(record);
    if (separator < 0) return true;
    from = to + 1;
  }
}

/** Parses a record. Fails if the separator was inside a record, because the text up to it is not valid JSON. */
function parse(text: string): TextRecord | undefined {
  try {
    return unwrap(JSON.parse(text), text);
  } catch {
    return undefined;
  }
}
