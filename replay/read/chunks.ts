import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { kindOfFile } from "./names.ts";
import { isZip, readZip } from "./zip.ts";

/** Large enough that the overhead per chunk is low, small enough that memory use stays low. */
const CHUNK_BYTES = 256 * 1024;

/** The path that represents standard input. */
export const STANDARD_INPUT = "-";

/** A file, or a file in a zip archive. */
export interface Part {
  /** Path of the file, for error messages. */
  readonly name: string;
  /**
   * The contents, decompressed if they begin with the gzip signature. Ignores the name: some tools
   * decompress the files that they copy and keep the `.gz`.
   * @throws Error of the file system, or for corrupt or truncated data
   */
  readonly chunks: () => AsyncIterable<Buffer>;
}

/**
 * Opens a file, the files of a zip archive, or standard input.
 * @param onSkipped receives the kind of each file in an archive that is not read because of its name
 * @throws Error of the file system, or for a damaged zip archive
 */
export function openParts(
  path: string,
  onSkipped: (kind: "digest" | "other") => void,
): readonly Part[] {
  if (path === STANDARD_INPUT) return [{ name: "standard input", chunks: readStandardInput }];
  const { head, isWhole } = readHead(path);
  if (!isZip(head)) return [{ name: path, chunks: () => fileChunks(path, head, isWhole) }];
  return readZip(path).flatMap(({ name, chunks }) => {
    const kind = kindOfFile(basename(name));
    if (kind === "records") return [{ name: `${path}/${name}`, chunks: () => gunzipped(chunks()) }];
    onSkipped(kind);
    return [];
  });
}

async function* fileChunks(
  path: string,
  head: Buffer,
  isWhole: boolean,
): AsyncGenerator<Buffer, void> {
  if (isWhole && !isGzip(head)) {
    yield head;
    return;
  }
  const file = isWhole ? undefined : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    if (!isGzip(head)) {
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

async function* readStandardInput(): AsyncGenerator<Buffer, void> {
  const input = createReadStream("", { fd: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  yield* gunzipped(input, (head) => {
    if (!isZip(head)) return;
    throw new Error("a zip archive cannot be read from standard input; save it to a file");
  });
}

/** Decompresses chunks that begin with the gzip signature, and returns others unchanged. */
async function* gunzipped(
  source: AsyncIterable<Buffer>,
  checkHead: (head: Buffer) => void = () => {},
): AsyncGenerator<Buffer, void> {
  const chunks = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    head = Buffer.concat([head, next.value]);
    if (head.length >= 4) break;
  }
  checkHead(head);
  const all = prepend(head, chunks);
  if (!isGzip(head)) yield* all;
  // Errors destroy the last stream, whose reader throws them.
  else yield* pipeline(Readable.from(all), createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function isGzip(head: Buffer): boolean {
  return head.length > 1 && head.readUInt16BE() === 0x1f8b;
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
