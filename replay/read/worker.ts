import { parentPort, workerData } from "node:worker_threads";
import { createScan, type Findings, type ScanPlan } from "../evaluate/scan.ts";
import { readPieces } from "./pieces.ts";
import { createRecordReader } from "./records.ts";

/** Something that could not be read. */
export interface Problem {
  readonly file: string;
  /** `record 3` or `line 7`; absent: the file as a whole. */
  readonly place?: string;
  readonly why: string;
}

/** What a worker answers to a list of files. */
export interface Batch extends Findings {
  readonly files: number;
  /** Records that could not be used. */
  readonly malformed: number;
  /** Files that could not be read to their end. */
  readonly unreadable: number;
  /** Of these the first few, in the order of files and places. */
  readonly problems: readonly Problem[];
}

/** Enough for a person; a broken archive would fill the memory with them. */
export const MOST_PROBLEMS = 1000;

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
  const problems: Problem[] = [];
  let malformed = 0;
  let unreadable = 0;
  const report = (problem: Problem) => {
    if (problems.length < MOST_PROBLEMS) problems.push(problem);
  };
  for (const file of files) {
    const reader = createRecordReader({
      record: (record, text, place) => {
        const why = scan.take(record, text);
        if (why === undefined) return;
        malformed++;
        report({ file, place: place(), why });
      },
      broken: (place, why) => {
        malformed++;
        report({ file, place, why });
      },
    });
    try {
      for await (const piece of readPieces(file)) reader.push(piece);
      reader.end();
    } catch (error) {
      unreadable++;
      report({ file, why: reasonOf(error) });
    }
  }
  return { ...scan.findings(), files: files.length, malformed, unreadable, problems };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  // zlib's words for a file that was cut short name neither the file nor what to do.
  if (code === "Z_BUF_ERROR") return "it is cut short: copy it again";
  if (code?.startsWith("Z_")) return `its compressed data are damaged (${error.message})`;
  return error.message;
}
