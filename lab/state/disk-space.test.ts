import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requireDiskSpace } from "./disk-space.ts";

const MB = 1_000_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-disk-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("refuses to start a lab on a full disk, without advice that would delete its data", () => {
  const start = (free: number, isNew: boolean) => () =>
    requireDiskSpace(folder, { isNew, free: () => free * MB });
  expect(start(99, true)).toThrow(
    `The disk of ${folder} has 99 MB free; a new lab needs 100 MB. Free some space, or choose a folder on another disk with --data DIR.`,
  );
  expect(start(9, false)).toThrow(/ has 9 MB free; a lab with data needs 20 MB\. /);
  expect(start(100, true)).not.toThrow();
  expect(start(20, false)).not.toThrow();
});

it("measures the free space of the folder's disk", () => {
  expect(() => requireDiskSpace(folder, { isNew: false })).not.toThrow();
});

/** Runs a script in a process with `exitOnFullDisk`, and returns its exit code and standard error. */
function runScript(script: string) {
  const file = join(folder, "script.mjs");
  const module = JSON.stringify(new URL("disk-space.ts", import.meta.url).href);
  writeFileSync(
    file,
    `import { exitOnFullDisk } from ${module};\nexitOnFullDisk("/labs/mine");\n${script}`,
  );
  const { status, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
  return { status, stderr };
}

it("prints the next step instead of a stack trace when the disk becomes full", () => {
  const throwing =
    'setImmediate(() => { throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }); });';
  expect(runScript(throwing)).toEqual({
    status: 1,
    stderr:
      "The disk of /labs/mine is full, so the lab stopped (ENOSPC: no space left on device, write). Its data is complete up to this point. Free some space, and start it again.\n",
  });
});

it("prints the stack trace of any other error", () => {
  const { status, stderr } = runScript('setImmediate(() => { throw new Error("a defect"); });');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^Error: a defect\n {4}at /);
});
