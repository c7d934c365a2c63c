import type { Skim } from "../../evaluate/skim.ts";
import { type TextRecord, unwrap } from "./unwrap.ts";

/** A parsed record, or the time of one that was skimmed. */
export type WholeRecord = TextRecord | string;

const BEGINNING = '{"eventVersion"';
const START = `{"Records":[${BEGINNING}`;
/** The end of a record and the beginning of the next. */
const SEPARATOR = `},${BEGINNING}`;
const END = /\]\}\s*$/;

/**
 * Reads the records of a whole file as CloudTrail writes them, which is faster than `createRecordReader`.
 * @returns undefined for any other layout, and if a record is not valid JSON: read the file with
 *   `createRecordReader`
 */
export function readWhole(text: string, skim: Skim): readonly WholeRecord[] | undefined {
  if (!text.startsWith(START)) return undefined;
  const end = END.exec(text.slice(-8))?.[0].length;
  if (end === undefined) return undefined;
  const records: WholeRecord[] = [];
  for (let from = START.length - BEGINNING.length; ; ) {
    const separator = text.indexOf(SEPARATOR, from);
    const to = separator < 0 ? text.length - end : separator + 1;
    const record = skim(from, to) ?? parse(text.slice(from, to));
    if (record === undefined) return undefined;
    records.push(record);
    if (separator < 0) return records;
    from = to + 1;
  }
}

/** The separator may also be inside a record; then the text up to it is not valid JSON. */
function parse(text: string): TextRecord | undefined {
  try {
    return unwrap(JSON.parse(text), text);
  } catch {
    return undefined;
  }
}
