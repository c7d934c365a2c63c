import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** An append-only file with one JSON value per line. */
export interface Journal<Entry> {
  /**
   * All entries, oldest first. Reads the file on each access instead of holding the entries in memory.
   * @throws Error that names the file and line of a damaged entry
   */
  readonly entries: readonly Entry[];
  /** Returns once the operating system has the line, so that it survives a kill of this process. */
  readonly append: (entry: Entry) => void;
  readonly close: () => void;
}

/** A limit for the size of a journal. */
export interface JournalLimit<Entry> {
  /**
   * Size at which the file is renamed to `<file>.1`, replacing the previous one, and a new file begins. The journal
   * therefore keeps at least the newest entries of this size, and uses about twice this size.
   */
  readonly bytes: number;
  /** Selects entries to keep regardless of the limit: the latest of each key. */
  readonly keepLatest?: (entry: Entry) => { readonly key: string; readonly entry: Entry };
}

/**
 * Opens or creates a journal. Drops an incomplete last line, which a kill leaves behind.
 * @param limit default: none, so that the journal keeps every entry
 */
export function openJournal<Entry>(file: string, limit?: JournalLimit<Entry>): Journal<Entry> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const previousFile = `${file}.1`;
  const read = () => [...readEntries<Entry>(previousFile), ...readEntries<Entry>(file)];
  let descriptor = openSync(file, "a+", 0o600);
  let size = dropIncompleteLine(descriptor);
  const kept = new Map<string, Entry>();
  const keep = (entry: Entry) => {
    const latest = limit?.keepLatest?.(entry);
    if (latest !== undefined) kept.set(latest.key, latest.entry);
  };
  if (limit?.keepLatest !== undefined) read().forEach(keep);

  function write(entry: Entry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      for (let done = 0; done < line.length; ) done += writeSync(descriptor, line, done);
    } catch (error) {
      // A full disk may have stored a part of the line. Remove it, so that the next entry begins a new line.
      ftruncateSync(descriptor, size);
      throw error;
    }
    size += line.length;
  }

  function startNewFile(): void {
    renameSync(file, previousFile);
    closeSync(descriptor);
    descriptor = openSync(file, "a+", 0o600);
    size = 0;
    for (const entry of kept.values()) write(entry);
  }

  return {
    get entries() {
      return read();
    },
    append: (entry) => {
      if (limit !== undefined && size >= limit.bytes) startNewFile();
      write(entry);
      keep(entry);
    },
    close: () => closeSync(descriptor),
  };
}

/**
 * Reads the entries of a journal that another process may be writing, without an incomplete last line.
 * @returns an empty list if the file does not exist
 */
export function readJournal<Entry>(file: string): readonly Entry[] {
  return readEntries<Entry>(file);
}

/** Truncates the file after its last line feed. @returns the remaining size in bytes */
function dropIncompleteLine(descriptor: number): number {
  const { size } = fstatSync(descriptor);
  const chunk = Buffer.alloc(65_536);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const length = readSync(descriptor, chunk, 0, end - start, start);
    const lineFeed = chunk.lastIndexOf("\n", length - 1);
    if (lineFeed >= 0) {
      const completeSize = start + lineFeed + 1;
      if (completeSize < size) ftruncateSync(descriptor, completeSize);
      return completeSize;
    }
    end = start;
  }
  if (size > 0) ftruncateSync(descriptor, 0);
  return 0;
}

function readEntries<Entry>(file: string): Entry[] {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const lines = content.split("\n");
  // Drop the empty string after the last line feed.
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Entry;
    } catch (cause) {
      throw new Error(
        `${file}:${index + 1} is not JSON: the lab's data is damaged. Start with --fresh to delete it.`,
        { cause },
      );
    }
  });
}
