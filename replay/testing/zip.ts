import { crc32, deflateRawSync } from "node:zlib";

/** Writes a zip archive as `zip -r` does. @param flags general purpose bit flags; 1: encrypted */
export function zip(files: Readonly<Record<string, string | Buffer>>, flags = 0): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const deflated = deflateRawSync(bytes);
    const isStored = deflated.length >= bytes.length;
    const data = isStored ? bytes : deflated;
    const common = packed(
      [20, 2],
      [flags, 2],
      [isStored ? 0 : 8, 2],
      [0, 4],
      [crc32(bytes), 4],
      [data.length, 4],
      [bytes.length, 4],
      [Buffer.byteLength(name), 2],
    );
    const local = Buffer.concat([packed([0x04034b50, 4]), common, packed([4, 2])]);
    locals.push(local, Buffer.from(name), Buffer.alloc(4), data);
    directory.push(
      packed([0x02014b50, 4], [20, 2]),
      common,
      packed([0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      Buffer.from(name),
    );
    offset += local.length + Buffer.byteLength(name) + 4 + data.length;
  }
  const entries = Buffer.concat(directory);
  const count = Object.keys(files).length;
  const end = packed([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [entries.length, 4]);
  return Buffer.concat([...locals, entries, end, packed([offset, 4], [0, 2])]);
}

/** Numbers of a zip structure: pairs of a value and its bytes. */
function packed(...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}
