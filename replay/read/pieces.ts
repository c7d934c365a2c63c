import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";

/** Large enough that handing pieces on costs little, small enough that memory stays flat. */
const PIECE_BYTES = 256 * 1024;

/**
 * The text of a file in pieces. Whether it is compressed shows in its first bytes, not in its name: some
 * tools decompress what they copy and keep the name.
 * @throws Error of the file system, or of zlib where the data are damaged or cut short
 */
export async function* readPieces(path: string): AsyncGenerator<Buffer, void> {
  const { head, isWhole } = readHead(path);
  const isCompressed = head.length > 1 && head.readUInt16BE() === 0x1f8b;
  if (isWhole && !isCompressed) {
    yield head;
    return;
  }
  const file = isWhole ? undefined : createReadStream(path, { highWaterMark: PIECE_BYTES });
  try {
    if (!isCompressed) {
      yield* file ?? [];
      return;
    }
    const text = createGunzip({ chunkSize: PIECE_BYTES });
    if (file === undefined) text.end(head);
    else file.on("error", (error) => text.destroy(error)).pipe(text);
    yield* text;
  } finally {
    file?.destroy();
  }
}

/** As much of a file as one piece holds, which is all of most: they are small, and many. */
function readHead(path: string): { readonly head: Buffer; readonly isWhole: boolean } {
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    const head = Buffer.allocUnsafe(Math.min(size, PIECE_BYTES));
    const read = readSync(descriptor, head, 0, head.length, 0);
    return { head: head.subarray(0, read), isWhole: size <= PIECE_BYTES && read === size };
  } finally {
    closeSync(descriptor);
  }
}
