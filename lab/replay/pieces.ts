import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";

/** Large enough that handing pieces on costs little, small enough that memory stays flat. */
const PIECE_BYTES = 256 * 1024;

/**
 * The text of a file in pieces. Whether it is compressed shows in its first bytes, not in its name: some
 * tools decompress what they copy and keep the name.
 * @throws Error of the file system, or of zlib where the data are damaged or cut short
 */
export async function* readPieces(path: string): AsyncGenerator<Buffer, void> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES });
  try {
    if (!startsAsGzip(path)) {
      yield* file;
      return;
    }
    const text = createGunzip({ chunkSize: PIECE_BYTES });
    file.on("error", (error) => text.destroy(error));
    yield* file.pipe(text);
  } finally {
    file.destroy();
  }
}

function startsAsGzip(path: string): boolean {
  const descriptor = openSync(path, "r");
  try {
    const head = Buffer.alloc(2);
    readSync(descriptor, head, 0, 2, 0);
    return head.readUInt16BE() === 0x1f8b;
  } finally {
    closeSync(descriptor);
  }
}
