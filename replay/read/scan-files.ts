import { statSync } from "node:fs";
import { type Findings, MISSING_EVENT_TIME, type Scan } from "../evaluate/scan.ts";
import { openParts, type Part, STANDARD_INPUT } from "./chunks.ts";
import { describeArchive, describeForeign, isBinary, isBlank } from "./foreign.ts";
import { createCsvReader, isEventCsv } from "./records/csv.ts";
import { createRecordReader, type RecordReader } from "./records/reader.ts";
import { NOT_AN_OBJECT, type RecordHandler } from "./records/source.ts";
import { readWhole, type WholeRecord } from "./records/whole.ts";
import { createSmallFileReader } from "./small-files.ts";
import { toUtf8 } from "./utf16.ts";

/** A file or a record that cannot be read. */
export interface FileError {
  readonly file: string;
  /** `record 3` or `line 7`; absent if the error is about the whole file. */
  readonly place?: string;
  readonly why: string;
}

/** The result of scanning some files. */
export interface Batch extends Findings {
  readonly files: number;
  /** Size of the files on disk; 0 for standard input. */
  readonly bytes: number;
  /** Number of records that cannot be evaluated. */
  readonly malformed: number;
  /** Number of files that could not be read to the end, or contain no CloudTrail records. */
  readonly unreadable: number;
  /** The first `MAX_ERRORS` errors, in order of files and places. */
  readonly errors: readonly FileError[];
  /** Number of digests, and of other files, in zip archives that were skipped because of their names. */
  readonly digests: number;
  readonly others: number;
}

/** Limits the memory for errors of a corrupt archive. */
export const MAX_ERRORS = 1000;

/** The records and the files that could not be read. */
interface Unread {
  readonly malformed: number;
  readonly unreadable: number;
  readonly errors: readonly FileError[];
}

export async function scanFiles(paths: readonly string[], scan: Scan): Promise<Batch> {
  const skipped = { digests: 0, others: 0 };
  const errors: FileError[] = [];
  let malformed = 0;
  let unreadable = 0;
  let files = 0;
  let size = 0;
  const add = (unread: Unread) => {
    malformed += unread.malformed;
    unreadable += unread.unreadable;
    errors.push(...unread.errors.slice(0, MAX_ERRORS - errors.length));
  };
  readSmallFiles ??= createSmallFileReader();
  for (const { path, contents, bytes } of readSmallFiles(paths)) {
    size += contents ? bytes : sizeOf(path);
    const records = contents && readWhole(contents, scan.skim);
    if (records) {
      files++;
      add(scanRecords(path, records, scan));
      continue;
    }
    try {
      const parts = openParts(path, (kind) => {
        skipped[kind === "digest" ? "digests" : "others"]++;
      });
      files += parts.length;
      for (const part of parts) add(await scanPart(part, scan));
    } catch (error) {
      files++;
      add(wholeFile(path, messageOf(error)));
    }
  }
  return { ...scan.findings(), files, bytes: size, malformed, unreadable, errors, ...skipped };
}

/** @returns 0 for standard input, and if the file does not exist any more */
export function sizeOf(path: string): number {
  return path === STANDARD_INPUT ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}

/** The reader of this thread, created with its first batch. */
let readSmallFiles: ReturnType<typeof createSmallFileReader> | undefined;

/** Scans the records of a file as CloudTrail writes them. */
function scanRecords(name: string, records: readonly WholeRecord[], scan: Scan): Unread {
  const results = createResults(name);
  for (const [index, record] of records.entries()) {
    const why =
      typeof record === "string" ? scan.addSkimmed(record) : scan.add(record.record, record.text);
    if (why === undefined) results.onRead();
    else {
      const parsed = typeof record === "string" ? undefined : record.record;
      results.onError(`record ${index + 1}`, why, parsed);
    }
  }
  return results.unread();
}

/**
 * Scans the records of a file. Errors about its records are left out if the whole file cannot be read: what
 * looks like a malformed record may be damage that only the checksum at the end reveals.
 */
async function scanPart({ name, chunks }: Part, scan: Scan): Promise<Unread> {
  const results = createResults(name);
  const handler: RecordHandler = {
    onRecord: (record, text, place) => {
      const why = scan.add(record, text);
      if (why === undefined) results.onRead();
      else results.onError(place(), why, record);
    },
    onError: results.onError,
  };
  let head: Buffer = Buffer.alloc(0);
  let reader: RecordReader | undefined;
  try {
    for await (const chunk of toUtf8(chunks())) {
      if (reader === undefined) {
        head = chunk.subarray(0, HEAD_BYTES);
        const archive = describeArchive(head);
        if (archive !== undefined) return wholeFile(name, archive);
        const isCsv = isEventCsv(head.toString());
        reader = isCsv ? createCsvReader(handler) : createRecordReader(handler);
      }
      reader.write(chunk);
    }
    reader?.end();
  } catch (error) {
    const before = results.hasRead() ? "; the events before that count" : "";
    return wholeFile(name, messageOf(error) + before);
  }
  return results.unread(head);
}

/** Collects the results of the records of one file. */
function createResults(file: string) {
  const errors: FileError[] = [];
  let malformed = 0;
  let read = 0;
  let isForeign = true;
  let first: object | undefined;
  return {
    onRead: () => {
      read++;
    },
    /** @param record absent if it could not be parsed */
    onError: (place: string, why: string, record?: object) => {
      malformed++;
      if (why === MISSING_EVENT_TIME) first ??= record;
      else if (why !== NOT_AN_OBJECT) isForeign = false;
      if (errors.length < MAX_ERRORS) errors.push({ file, place, why });
    },
    hasRead: () => read > 0,
    /** @param head the beginning of the file; absent if it is a log file of CloudTrail */
    unread: (head?: Buffer): Unread => {
      if (head !== undefined && read === 0) {
        if (malformed === 0 && isBlank(head))
          return wholeFile(file, "empty; repeat the command or copy that wrote it");
        if ((malformed > 0 && isForeign) || isBinary(head)) {
          return wholeFile(file, describeForeign(first, head));
        }
      }
      return { malformed, unreadable: 0, errors };
    },
  };
}

/** Number of bytes that are enough to identify a format. */
const HEAD_BYTES = 1024;

function wholeFile(file: string, why: string): Unread {
  return { malformed: 0, unreadable: 1, errors: [{ file, why }] };
}

/** Replaces zlib's messages, which name neither the cause nor what to do. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return "truncated compressed data; copy the file again";
  if (code?.startsWith("Z_")) {
    return `corrupt compressed data (${error.message}); copy the file again`;
  }
  return error.message;
}
