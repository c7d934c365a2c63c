import { closeSync, openSync, readSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { STANDARD_INPUT } from "./chunks.ts";

/** Limits of a group, which fits in the caches of a processor. The file that reaches a limit ends its group. */
const MAX_GROUP_FILES = 16;
const MAX_GROUP_BYTES = 512 * 1024;

/** Larger files are streamed. CloudTrail's files are about 50 MB at most, and nearly all are far smaller. */
const MAX_COMPRESSED_BYTES = 256 * 1024;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

export interface SmallFile {
  readonly path: string;
  /** The decompressed contents, valid until the next file is taken; undefined if the file was not read. */
  readonly contents: Buffer | undefined;
  /** The compressed size; 0 if the file was not read. */
  readonly bytes: number;
}

interface GzipFile {
  readonly path: string;
  /** The part of the reader's buffer with the contents. */
  readonly start: number;
  readonly end: number;
  /** Decompressed size, as recorded in the file. */
  readonly textBytes: number;
}

/**
 * Reads files in groups. Decompressing several at a time takes less CPU time and memory, since zlib is
 * initialized once for all: a trail consists of small files.
 * @returns all files; those that are large, damaged or not gzip without contents: read them with `openParts`
 */
export function createSmallFileReader(): (paths: readonly string[]) => Generator<SmallFile, void> {
  const buffer = Buffer.allocUnsafeSlow(MAX_GROUP_BYTES + MAX_COMPRESSED_BYTES);

  /** Reads a file into the buffer. */
  function read(path: string, start: number): GzipFile | undefined {
    if (path === STANDARD_INPUT) return undefined;
    const length = readUpTo(path, buffer, start, MAX_COMPRESSED_BYTES);
    const end = start + length;
    // The header and trailer of gzip take 18 bytes. The trailer ends with the decompressed size.
    if (length < 18 || length === MAX_COMPRESSED_BYTES) return undefined;
    if (buffer.readUInt16BE(start) !== GZIP) return undefined;
    const textBytes = buffer.readUInt32LE(end - 4);
    return textBytes > MAX_TEXT_BYTES ? undefined : { path, start, end, textBytes };
  }

  return function* (paths) {
    let group: (GzipFile | { readonly path: string })[] = [];
    let [bytes, textBytes] = [0, 0];
    for (const path of paths) {
      const file = read(path, bytes);
      group.push(file ?? { path });
      if (file !== undefined) {
        bytes = file.end;
        textBytes += file.textBytes;
      }
      if (group.length < MAX_GROUP_FILES && Math.max(bytes, textBytes) < MAX_GROUP_BYTES) continue;
      yield* contentsOf(group, buffer.subarray(0, bytes));
      group = [];
      [bytes, textBytes] = [0, 0];
    }
    if (group.length > 0) yield* contentsOf(group, buffer.subarray(0, bytes));
  };
}

const GZIP = 0x1f8b;

/** @returns the number of bytes read; 0 if the file cannot be read, which reading it again reports */
function readUpTo(path: string, buffer: Buffer, start: number, length: number): number {
  try {
    const file = openSync(path, "r");
    try {
      return readSync(file, buffer, start, length, null);
    } finally {
      closeSync(file);
    }
  } catch {
    return 0;
  }
}

/** @param data the contents of the gzip files, one after the other */
function* contentsOf(
  group: readonly (GzipFile | { readonly path: string })[],
  data: Buffer,
): Generator<SmallFile, void> {
  const total = group.reduce((sum, file) => sum + ("textBytes" in file ? file.textBytes : 0), 0);
  const texts = gunzipAll(data, total);
  let at = 0;
  for (const file of group) {
    const { path } = file;
    if (texts === undefined || !("textBytes" in file)) {
      yield { path, contents: undefined, bytes: 0 };
      continue;
    }
    const contents = texts.subarray(at, at + file.textBytes);
    yield { path, contents, bytes: file.end - file.start };
    at += file.textBytes;
  }
  if (texts !== undefined) release(texts);
}

/**
 * Decompresses consecutive gzip files as the members of one. zlib compares each member with the size and checksum at
 * its end. If the total size is as recorded, each file is therefore one member of the size that it records.
 */
function gunzipAll(data: Buffer, textBytes: number): Buffer | undefined {
  try {
    const options = { chunkSize: Math.max(textBytes + 1, 64), maxOutputLength: textBytes + 1 };
    const texts = gunzipSync(data, options);
    return texts.length === textBytes ? texts : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Frees the memory of decompressed files. Left to garbage collection, it would start a full collection for every
 * 18 MB, which took a fifth of the CPU time of a replay.
 */
function release({ buffer, byteLength }: Buffer): void {
  // Short buffers share the memory of Node's pool.
  const isOwn = buffer.byteLength === byteLength + 1;
  if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
