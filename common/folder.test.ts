import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

function file(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  return path;
}
