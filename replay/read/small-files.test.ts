import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { createSmallFileReader } from "./small-files.ts";

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-small-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

const readAll = createSmallFileReader();

/** Reads files with the contents in the order given. */
function read(contents: readonly (Buffer | undefined)[]): readonly (string | undefined)[] {
  const paths = contents.map((content, index) => {
    const path = join(folder, String(index));
    rmSync(path, { force: true });
    if (content !== undefined) writeFileSync(path, content);
    return path;
  });
  const files = Array.from(readAll(paths), ({ path, contents, bytes }) => {
    const text = contents?.toString();
    expect(bytes).toBe(text === undefined ? 0 : statSync(path).size);
    return { path, text };
  });
  expect(files.map(({ path }) => path)).toEqual(paths);
  return files.map(({ text }) => text);
}

const TEXTS = Array.from({ length: 20 }, (_, index) => `${index} é ${"x".repeat(index * 3000)}`);
const FILES = TEXTS.map((text) => gzipSync(text));

test("returns the contents of each file for any number of files", () => {
  expect(read(FILES)).toEqual(TEXTS);
});

test("frees the memory of the files", () => {
  const path = join(folder, "large");
  writeFileSync(path, gzipSync("x".repeat(100_000)));
  const [file] = [...readAll([path])];
  expect(file?.contents?.buffer.byteLength).toBe(0);
});

test("leaves files that are missing, large or not gzip to the caller", () => {
  const large = gzipSync(Buffer.from(TEXTS.join("")), { level: 0 });
  const incompressible = Buffer.concat([large, Buffer.alloc(300_000)]);
  const others = [undefined, Buffer.from('{"Records":[]}'), Buffer.alloc(0), incompressible];
  expect(read([...others, ...FILES.slice(0, 3)])).toEqual([
    ...others.map(() => undefined),
    ...TEXTS.slice(0, 3),
  ]);
});

test.each<[string, (file: Buffer) => Buffer]>([
  ["truncated", (file) => file.subarray(0, -9)],
  ["corrupt", (file) => Buffer.from(file.map((byte, at) => (at === 20 ? byte ^ 1 : byte)))],
  ["of several members", (file) => Buffer.concat([file, file])],
  ["followed by other data", (file) => Buffer.concat([file, Buffer.from([7, 0, 0, 0])])],
])("never returns wrong contents for a group with a file that is %s", (_, damage) => {
  const texts = read(
    [0, 1, 2].map((at) => (at === 1 ? damage(FILES[4] as Buffer) : FILES[5])) as Buffer[],
  );
  expect(texts[1]).toBeUndefined();
  for (const text of [texts[0], texts[2]]) expect([undefined, TEXTS[5]]).toContain(text);
});
