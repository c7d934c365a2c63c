import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFolder, createOutputFolder } from "./folder.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-folder-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("creates a folder with its parents, and accepts one that exists", () => {
  const path = join(folder, "a b", "c");
  createFolder(path, 0o700);
  createOutputFolder(path, "the stacks", "--out FOLDER");
  expect(statSync(path).isDirectory()).toBe(true);
  expect(statSync(join(folder, "a b")).mode & 0o777).toBe(0o700);
});

test.each([
  ["within /proc", () => "/proc/cipherwatch/stacks", "ENOENT"],
  ["with the name of a file", () => file("taken"), "EEXIST"],
  ["below a file", () => join(file("parent"), "stacks"), "ENOTDIR|EEXIST"],
])("explains that a folder %s cannot be created, and how to choose another", (_, path, code) => {
  expect(() => createOutputFolder(path(), "the stacks", "--out FOLDER")).toThrow(
    new RegExp(
      `^Cannot write the stacks to ${path()}: (${code}).*\\. Choose a writable folder with --out FOLDER\\.$`,
    ),
  );
});

test("creates a folder that another process creates at the same time", async () => {
  const folders = 200;
  const parent = join(folder, "shared");
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const program = `
    import { parentPort, workerData } from "node:worker_threads";
    import { createFolder } from ${JSON.stringify(import.meta.resolve("./folder.ts"))};
    const { arrived, parent } = workerData;
    for (let n = 0; n < ${folders}; n++) {
      // The first of the two waits for the other.
      if (Atomics.add(arrived, 0, 1) % 2 === 0) Atomics.wait(arrived, 0, 2 * n + 1);
      else Atomics.notify(arrived, 0);
      createFolder(parent + "/" + n);
    }
    parentPort.postMessage("done");`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  const workers = [1, 2].map(() => new Worker(url, { workerData: { arrived, parent } }));
  const results = await Promise.all(workers.map((worker) => once(worker, "message")));
  expect(results.flat()).toEqual(["done", "done"]);
});

function file(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  return path;
}
