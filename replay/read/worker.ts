import { parentPort, workerData } from "node:worker_threads";
import { createScan, type Findings, type ScanPlan } from "../evaluate/scan.ts";
import { readChunks } from "./chunks.ts";
import { createRecordReader } from "./records/reader.ts";

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
  /** Number of records that cannot be evaluated. */
  readonly malformed: number;
  /** Number of files that could not be read to the end. */
  readonly unreadable: number;
  /** The first `MAX_ERRORS` errors, in order of files and places. */
  readonly errors: readonly FileError[];
}

/** Bounds the memory that errors of a corrupt archive take. */
export const MAX_ERRORS = 1000;

if (parentPort !== null) {
  const port = parentPort;
  const { plan } = workerData as { readonly plan: ScanPlan };
  const scan = createScan(plan);
  port.on("message", (files: readonly string[]) => {
    void scanFiles(files, scan).then((batch) =>
      port.postMessage(batch, [
        batch.minutes.buffer as ArrayBuffer,
        batch.matches.buffer as ArrayBuffer,
      ]),
    );
  });
}

async function scanFiles(
  files: readonly string[],
  scan: ReturnType<typeof createScan>,
): Promise<Batch> {
  const errors: FileError[] = [];
  let malformed = 0;
  let unreadable = 0;
  const report = (error: FileError) => {
    if (errors.length < MAX_ERRORS) errors.push(error);
  };
  for (const file of files) {
    const onError = (place: string, why: string) => {
      malformed++;
      report({ file, place, why });
    };
    const reader = createRecordReader({
      onRecord: (record, text, place) => {
        const why = scan.add(record, text);
        if (why !== undefined) onError(place(), why);
      },
      onError,
    });
    try {
      for await (const chunk of readChunks(file)) reader.write(chunk);
      reader.end();
    } catch (error) {
      unreadable++;
      report({ file, why: messageOf(error) });
    }
  }
  return { ...scan.findings(), files: files.length, malformed, unreadable, errors };
}

/** Replaces zlib's messages, which name neither the cause nor what to do. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return "truncated gzip data; copy the file again";
  if (code?.startsWith("Z_")) return `corrupt gzip data (${error.message})`;
  return error.message;
}
