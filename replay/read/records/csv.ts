import { StringDecoder } from "node:string_decoder";
import type { RecordReader } from "./reader.ts";
import { INVALID_JSON, type RecordHandler } from "./source.ts";

/** The columns of CloudTrail Lake and of CloudWatch Logs Insights that contain the whole event as JSON. */
const COLUMNS: readonly string[] = ["eventjson", "@message"];

const HEADER = /^\ufeff?"?@?\w+"?(?:, *"?@?\w+"?)*\r?$/;

/** Whether a file begins with a CSV header that has a column of events. */
export function isEventCsv(head: string): boolean {
  const [line = ""] = head.split("\n", 1);
  return HEADER.test(line) && columnIn(line) >= 0;
}

/** @returns the index of the column that contains events; -1 if there is none */
function columnIn(header: string): number {
  const names = header.split(",").map((name) => name.replace(/[^@\w]/g, "").toLowerCase());
  return names.findIndex((name) => COLUMNS.includes(name));
}

/**
 * Reads the query results that CloudTrail Lake saves to S3, or that Logs Insights exports: CSV with a column
 * that contains records. Fields may be quoted and contain line breaks; a quote in them is doubled.
 */
export function createCsvReader(handler: RecordHandler): RecordReader {
  const decoder = new StringDecoder("utf8");
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  let hasClosed = false;
  let rows = 0;
  let column = -1;

  function endRow(): void {
    row.push(field.replace(/\r$/, ""));
    const text = row[column] ?? "";
    const isBlank = row.length === 1 && row[0] === "";
    if (rows === 0) column = columnIn(row.join(","));
    else if (!isBlank) emit(text, `record ${rows}`);
    if (!isBlank) rows++;
    row = [];
    field = "";
  }

  function emit(text: string, place: string): void {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      record = undefined;
    }
    if (typeof record === "object" && record !== null) handler.onRecord(record, text, () => place);
    else handler.onError(place, INVALID_JSON);
  }

  function read(text: string): void {
    let start = 0;
    const take = (end: number) => {
      field += text.slice(start, end);
      start = end + 1;
    };
    for (let at = 0; at < text.length; at++) {
      const character = text[at];
      if (character === '"') {
        take(at);
        // The second of two quotes reopens the quoted part that the first one closed.
        if (hasClosed) field += '"';
        hasClosed = isQuoted;
        isQuoted = !isQuoted;
        continue;
      }
      hasClosed = false;
      if (!isQuoted && character === ",") {
        take(at);
        row.push(field);
        field = "";
      } else if (!isQuoted && character === "\n") {
        take(at);
        endRow();
      }
    }
    take(text.length);
  }

  return {
    write: (chunk) => read(decoder.write(chunk)),
    end: () => {
      if (field !== "" || row.length > 0) endRow();
    },
  };
}
