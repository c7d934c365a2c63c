import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** What a part of the lab remembers: one JSON value a line, in the order it happened. */
export interface Journal<Entry> {
  /** What the file held when it was opened, oldest first. */
  readonly entries: readonly Entry[];
  /** Returns once the operating system has the line: it survives a kill of this process. */
  readonly append: (entry: Entry) => void;
  readonly close: () => void;
}

/**
 * Opens a journal, or a new one. A last line that a kill cut short is dropped; any other line that is
 * not JSON is an error that names the file and the line.
 * @param keep the newest entries that are read back; the file is rewritten when it holds more
 */
export function openJournal<Entry>(file: string, keep = Number.POSITIVE_INFINITY): Journal<Entry> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const all = readEntries<Entry>(file);
  const entries = all.slice(Math.max(0, all.length - keep));
  const rewritten = `${file}.new`;
  writeFileSync(rewritten, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), {
    mode: 0o600,
  });
  renameSync(rewritten, file);
  const descriptor = openSync(file, "a", 0o600);
  return {
    entries,
    append: (entry) => {
      writeSync(descriptor, `${JSON.stringify(entry)}\n`);
    },
    close: () => closeSync(descriptor),
  };
}

function readEntries<Entry>(file: string): Entry[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const lines = text.split("\n");
  lines.pop(); // after the last line feed: nothing, or what a kill cut short
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Entry;
    } catch (cause) {
      throw new Error(
        `${file}:${index + 1} is not JSON. The lab's memory is damaged: start with --fresh to begin anew.`,
        { cause },
      );
    }
  });
}

/** A journal that remembers nothing past the process, for tests. */
export function memoryJournal<Entry>(
  entries: readonly Entry[] = [],
): Journal<Entry> & { readonly appended: Entry[] } {
  const appended: Entry[] = [];
  return { entries, appended, append: (entry) => void appended.push(entry), close: () => {} };
}
