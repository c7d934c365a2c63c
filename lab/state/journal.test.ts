import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJournal } from "./journal.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("returns appended entries in order, even if the journal was not closed", () => {
  const file = join(folder, "a", "one.jsonl");
  const first = openJournal<{ n: number }>(file);
  first.append({ n: 1 });
  first.append({ n: 2 });
  expect(openJournal(file).entries).toEqual([{ n: 1 }, { n: 2 }]);
});

it("drops an incomplete last line and appends after it", () => {
  const file = join(folder, "torn.jsonl");
  writeFileSync(file, '{"n":1}\n{"n":');
  const journal = openJournal<{ n: number }>(file);
  expect(journal.entries).toEqual([{ n: 1 }]);
  journal.append({ n: 2 });
  expect(openJournal(file).entries).toEqual([{ n: 1 }, { n: 2 }]);
});

it("names the file and line of a damaged entry", () => {
  const file = join(folder, "damaged.jsonl");
  writeFileSync(file, '{"n":1}\nnonsense\n{"n":3}\n');
  expect(() => openJournal(file).entries).toThrow(/damaged\.jsonl:2 is not JSON.*--fresh/);
});

it("drops an incomplete line longer than the read buffer", () => {
  const file = join(folder, "torn-long.jsonl");
  writeFileSync(file, `{"n":1}\n${"x".repeat(200_000)}`);
  expect(openJournal(file).entries).toEqual([{ n: 1 }]);
  writeFileSync(file, "x".repeat(200_000));
  expect(openJournal(file).entries).toEqual([]);
});

describe("with a limit", () => {
  it("keeps the newest entries of that size, and at most twice that size", () => {
    const file = join(folder, "limited.jsonl");
    const limit = { bytes: 1_000 };
    let journal = openJournal<number>(file, limit);
    for (let n = 1; n <= 5_000; n++) {
      journal.append(n);
      if (n % 777 !== 0) continue;
      journal.close();
      journal = openJournal<number>(file, limit);
      const { entries } = journal;
      expect(entries).toEqual(entries.map((_, index) => n - entries.length + 1 + index));
      const bytes = entries
        .map((entry) => `${entry}\n`.length)
        .reduce((sum, each) => sum + each, 0);
      expect(bytes).toBeGreaterThan(n < 300 ? 0 : 1_000);
      expect(bytes).toBeLessThanOrEqual(2_010);
    }
    journal.close();
    expect(readdirSync(folder).filter((name) => name.startsWith("limited"))).toHaveLength(2);
  });

  it("keeps the latest entry of each key regardless of the limit, across restarts", () => {
    const file = join(folder, "lasting.jsonl");
    const limit = {
      bytes: 1_000,
      keepLatest: ({ key, value }: { key: string; value: number }) => ({
        key,
        entry: { key, value },
      }),
    };
    let journal = openJournal(file, limit);
    journal.append({ key: "quiet", value: 1 });
    journal.append({ key: "quiet", value: 2 });
    for (let value = 0; value < 1_000; value++) {
      journal.append({ key: "busy", value });
      if (value % 50 !== 0) continue;
      journal.close();
      journal = openJournal(file, limit);
    }
    const quiet = journal.entries.filter(({ key }) => key === "quiet");
    expect(quiet.at(-1)).toEqual({ key: "quiet", value: 2 });
    expect(journal.entries.at(-1)).toEqual({ key: "busy", value: 999 });
    journal.close();
  });

  it("loses no entry if it is killed between renaming the old file and creating the new one", () => {
    const file = join(folder, "between.jsonl");
    writeFileSync(`${file}.1`, "1\n2\n");
    const journal = openJournal<number>(file, { bytes: 1_000 });
    expect(journal.entries).toEqual([1, 2]);
    journal.append(3);
    expect(journal.entries).toEqual([1, 2, 3]);
    journal.close();
  });
});

it("stays readable after the disk was full in the middle of a line", () => {
  const file = join(folder, "full.jsonl");
  const script = `
    import { openJournal } from ${JSON.stringify(new URL("journal.ts", import.meta.url).href)};
    process.on("SIGXFSZ", () => {});
    const journal = openJournal(${JSON.stringify(file)});
    journal.append("before");
    try {
      journal.append("x".repeat(10_000));
    } catch {
      journal.append("after");
    }`;
  const limited = `ulimit -f 1; exec "$0" --input-type=module --eval "$1"`;
  // Do not pass NODE_COMPILE_CACHE: Node would write its compile cache under the same limit.
  const env = { PATH: process.env.PATH };
  const { status, stderr } = spawnSync("sh", ["-c", limited, process.execPath, script], { env });
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: "" });
  expect(openJournal(file).entries).toEqual(["before", "after"]);
});

it("is readable only by its owner", () => {
  const file = join(folder, "secret", "keys.jsonl");
  openJournal(file);
  expect(statSync(file).mode & 0o077).toBe(0);
});
