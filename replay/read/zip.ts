import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** The decompressed contents. @throws Error for corrupt or encrypted data */
  readonly chunks: () => AsyncGenerator<Buffer, void>;
}

interface Location {
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly headerOffset: number;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const LOCATOR_BYTES = 20;
const STORED = 0;
const DEFLATED = 8;
/** Marks a size or offset that a 64-bit field elsewhere replaces. */
const IN_64_BIT = 0xffffffff;

export function isZip(head: Buffer): boolean {
  if (head.length < 4) return false;
  const signature = head.readUInt32LE();
  return signature === LOCAL_HEADER || signature === END;
}

/**
 * Lists the files of a zip archive from its central directory, without decompressing them.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 * @throws Error if the archive is damaged or truncated
 */
export function readZip(path: string): readonly ZipEntry[] {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const read = (offset: number, length: number) => readExactly(file, offset, length);
    return entriesIn(directoryOf(size, read)).map(({ name, location }) => ({
      name,
      chunks: () => contentsOf(path, location),
    }));
  } catch (error) {
    if (error instanceof RangeError) throw truncated();
    throw error;
  } finally {
    closeSync(file);
  }
}

const truncated = () => new Error("truncated or corrupt zip archive; copy the file again");

function readExactly(file: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  if (offset < 0 || readSync(file, buffer, 0, length, offset) < length) throw truncated();
  return buffer;
}

/** Reads the central directory, which the record at the end of the archive locates. */
function directoryOf(size: number, read: (offset: number, length: number) => Buffer): Buffer {
  const tailBytes = Math.min(size, END_BYTES + MAX_COMMENT_BYTES + LOCATOR_BYTES);
  const tail = read(size - tailBytes, tailBytes);
  let at = tail.length - END_BYTES;
  while (at >= 0 && !isEnd(tail, at)) at--;
  if (at < 0) throw truncated();
  const [bytes, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  const locator = at - LOCATOR_BYTES;
  if (locator < 0 || tail.readUInt32LE(locator) !== END_64_LOCATOR) return read(offset, bytes);
  const end64 = read(Number(tail.readBigUInt64LE(locator + 8)), 56);
  if (end64.readUInt32LE() !== END_64) throw truncated();
  return read(Number(end64.readBigUInt64LE(48)), Number(end64.readBigUInt64LE(40)));
}

/** Whether the record at `at` ends the archive. The comment after it may contain its signature, too. */
function isEnd(tail: Buffer, at: number): boolean {
  if (tail.readUInt32LE(at) !== END) return false;
  return at + END_BYTES + tail.readUInt16LE(at + 20) <= tail.length;
}

function entriesIn(
  directory: Buffer,
): readonly { readonly name: string; readonly location: Location }[] {
  const entries = [];
  for (let at = 0; at < directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY) throw truncated();
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const extraAt = at + 46 + nameBytes;
    const name = directory.toString("utf8", at + 46, extraAt);
    const extra = directory.subarray(extraAt, extraAt + extraBytes);
    if (!name.endsWith("/")) entries.push({ name, location: locationIn(directory, at, extra) });
    at = extraAt + extraBytes + directory.readUInt16LE(at + 32);
  }
  return entries;
}

function locationIn(directory: Buffer, at: number, extra: Buffer): Location {
  const wide = wideFieldsIn(extra);
  // The wide fields appear in this order, and only those whose 32-bit field is full.
  const [, compressedBytes = 0, headerOffset = 0] = [24, 20, 42].map((field) => {
    const value = directory.readUInt32LE(at + field);
    return value === IN_64_BIT ? (wide.shift() ?? value) : value;
  });
  return {
    method: directory.readUInt16LE(at + 10),
    isEncrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
    crc: directory.readUInt32LE(at + 16),
    compressedBytes,
    headerOffset,
  };
}

/** The 64-bit sizes and offset in the extra field with id 1. */
function wideFieldsIn(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      return Array.from({ length: Math.floor(length / 8) }, (_, index) =>
        Number(extra.readBigUInt64LE(at + 4 + index * 8)),
      );
    }
    at += 4 + length;
  }
  return [];
}

async function* contentsOf(path: string, location: Location): AsyncGenerator<Buffer, void> {
  if (location.isEncrypted) throw new Error("encrypted; decrypt the archive first");
  if (location.method !== STORED && location.method !== DEFLATED) {
    throw new Error(`unsupported compression method ${location.method}; use deflate`);
  }
  let sum = 0;
  for await (const chunk of decompressed(path, location)) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== location.crc)
    throw new Error("corrupt zip data (incorrect checksum); copy the file again");
}

function decompressed(path: string, location: Location): AsyncIterable<Buffer> {
  const { method, compressedBytes } = location;
  if (compressedBytes === 0) return Readable.from([]);
  const start = dataOffset(path, location);
  const compressed = createReadStream(path, { start, end: start + compressedBytes - 1 });
  if (method === STORED) return compressed;
  // Errors destroy the last stream, whose reader throws them.
  return pipeline(compressed, createInflateRaw(), () => {});
}

/** Reads the local header, in which the lengths of the name and the extra field may differ from the directory's. */
function dataOffset(path: string, { headerOffset }: Location): number {
  const file = openSync(path, "r");
  try {
    const header = readExactly(file, headerOffset, 30);
    if (header.readUInt32LE() !== LOCAL_HEADER) throw truncated();
    return headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    closeSync(file);
  }
}
