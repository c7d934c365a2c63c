import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openJournal } from "./journal.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("gives back what was appended, in order, without a close in between", () => {
  const file = join(folder, "a", "one.jsonl");
  const first = openJournal<{ n: number }>(file);
  first.append({ n: 1 });
  first.append({ n: 2 });
  expect(openJournal(file).entries).toEqual([{ n: 1 }, { n: 2 }]);
});

it("drops the last line when a kill cut it short, and goes on after it", () => {
  const file = join(folder, "torn.jsonl");
  writeFileSync(file, '{"n":1}\n{"n":');
  const journal = openJournal<{ n: number }>(file);
  expect(journal.entries).toEqual([{ n: 1 }]);
  journal.append({ n: 2 });
  expect(openJournal(file).entries).toEqual([{ n: 1 }, { n: 2 }]);
});

it("names the file and the line that is damaged", () => {
  const file = join(folder, "damaged.jsonl");
  writeFileSync(file, '{"n":1}\nnonsense\n{"n":3}\n');
  expect(() => openJournal(file)).toThrow(/damaged\.jsonl:2 is not JSON.*--fresh/);
});

it("keeps the newest entries when it is told how many", () => {
  const file = join(folder, "long.jsonl");
  appendFileSync(file, "1\n2\n3\n");
  expect(openJournal(file, 2).entries).toEqual([2, 3]);
  expect(readFileSync(file, "utf8")).toBe("2\n3\n");
});

it("is readable by its owner alone", () => {
  const file = join(folder, "secret", "keys.jsonl");
  openJournal(file);
  expect(statSync(file).mode & 0o077).toBe(0);
});
