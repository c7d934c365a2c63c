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

/** What a part of the lab remembers: one JSON value a line, in the order it happened. */
export interface Journal<Entry> {
  /**
   * What the file holds, oldest first: read anew each time, so that it takes no memory in between.
   * @throws Error that names the file and the line that is damaged
   */
  readonly entries: readonly Entry[];
  /** Returns once the operating system has the line: it survives a kill of this process. */
  readonly append: (entry: Entry) => void;
  readonly close: () => void;
}

/** How much a journal keeps. */
export interface JournalLimit<Entry> {
  /**
   * Once a file has this many bytes, a new one is begun and the one before the last is deleted: the
   * newest entries of this size are always there, and never more than of twice this size.
   */
  readonly bytes: number;
  /** Says of an entry what must outlive its file: by a key, the newest entry of which is kept. */
  readonly lasting?: (entry: Entry) => { readonly key: string; readonly entry: Entry };
}

/**
 * Opens a journal, or a new one. A last line that a kill cut short is dropped.
 * @param limit unless it is given, everything is kept
 */
export function openJournal<Entry>(file: string, limit?: JournalLimit<Entry>): Journal<Entry> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const former = `${file}.1`;
  const read = () => [...readEntries<Entry>(former), ...readEntries<Entry>(file)];
  let descriptor = openSync(file, "a+", 0o600);
  let size = dropTornLine(descriptor);
  const lasting = new Map<string, Entry>();
  const remember = (entry: Entry) => {
    const kept = limit?.lasting?.(entry);
    if (kept !== undefined) lasting.set(kept.key, kept.entry);
  };
  if (limit?.lasting !== undefined) read().forEach(remember);

  function write(entry: Entry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      for (let done = 0; done < line.length; ) done += writeSync(descriptor, line, done);
    } catch (error) {
      // A full disk takes half a line; the next one must not be glued to it.
      ftruncateSync(descriptor, size);
      throw error;
    }
    size += line.length;
  }

  function beginAnew(): void {
    renameSync(file, former);
    closeSync(descriptor);
    descriptor = openSync(file, "a+", 0o600);
    size = 0;
    for (const entry of lasting.values()) write(entry);
  }

  return {
    get entries() {
      return read();
    },
    append: (entry) => {
      if (limit !== undefined && size >= limit.bytes) beginAnew();
      write(entry);
      remember(entry);
    },
    close: () => closeSync(descriptor),
  };
}

/** @returns the size of the file without what follows its last line feed */
function dropTornLine(descriptor: number): number {
  const { size } = fstatSync(descriptor);
  const chunk = Buffer.alloc(65_536);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const length = readSync(descriptor, chunk, 0, end - start, start);
    const lineFeed = chunk.lastIndexOf("\n", length - 1);
    if (lineFeed >= 0) {
      const whole = start + lineFeed + 1;
      if (whole < size) ftruncateSync(descriptor, whole);
      return whole;
    }
    end = start;
  }
  if (size > 0) ftruncateSync(descriptor, 0);
  return 0;
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
  lines.pop(); // after the last line feed there is nothing
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
