import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";

/** Large enough that the overhead per chunk is low, small enough that memory use stays low. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Reads a file in chunks, decompressed if it begins with the gzip signature. Ignores the name: some
 * tools decompress the files that they copy and keep the `.gz`.
 * @throws Error of the file system, or of zlib for corrupt or truncated data
 */
export async function* readChunks(path: string): AsyncGenerator<Buffer, void> {
  const { head, isWhole } = readHead(path);
  const isCompressed = head.length > 1 && head.readUInt16BE() === 0x1f8b;
  if (isWhole && !isCompressed) {
    yield head;
    return;
  }
  const file = isWhole ? undefined : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    if (!isCompressed) {
      yield* file ?? [];
      return;
    }
    const text = createGunzip({ chunkSize: CHUNK_BYTES });
    if (file === undefined) text.end(head);
    else file.on("error", (error) => text.destroy(error)).pipe(text);
    yield* text;
  } finally {
    file?.destroy();
  }
}

/** Reads up to a chunk synchronously, which is faster than a stream for the many small files of a trail. */
function readHead(path: string): { readonly head: Buffer; readonly isWhole: boolean } {
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    const head = Buffer.allocUnsafe(Math.min(size, CHUNK_BYTES));
    const read = readSync(descriptor, head, 0, head.length, 0);
    return { head: head.subarray(0, read), isWhole: size <= CHUNK_BYTES && read === size };
  } finally {
    closeSync(descriptor);
  }
}
