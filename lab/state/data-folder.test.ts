import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataFolder } from "./data-folder.ts";

let parent: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cipherwatch-folder-"));
  path = join(parent, "data");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

const endpoints = {
  service: "http://127.0.0.1:1",
  aws: "http://127.0.0.1:2",
  console: "http://127.0.0.1:3",
  pid: 4711,
};

describe("a folder is one lab's alone", () => {
  it("from before it is ready until it is released", () => {
    const first = openDataFolder(path, false);
    expect(() => openDataFolder(path, true)).toThrow(
      `A lab is already running on ${path}. Stop it, or give this one another folder with --data DIR.`,
    );
    first.announce(endpoints);
    expect(() => openDataFolder(path, true)).toThrow(/process 4711, its console at http:.*:3\. /);
    first.withdraw();
    first.release();
    openDataFolder(path, false).release();
  });

  it("until its process is killed, whatever that left behind", async () => {
    const claim = `
      import { openDataFolder } from ${JSON.stringify(new URL("data-folder.ts", import.meta.url).href)};
      openDataFolder(${JSON.stringify(path)}, false).announce(${JSON.stringify(endpoints)});
      console.log("claimed");
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", claim], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(() => openDataFolder(path, false)).toThrow(/already running/);
    child.kill("SIGKILL");
    await once(child, "close");
    const next = openDataFolder(path, false);
    expect(existsSync(join(path, "endpoints.json"))).toBe(false);
    next.release();
  });
});

it("starts anew without what is not the lab's", () => {
  openDataFolder(path, false).release();
  writeFileSync(join(path, "mine"), "");
  writeFileSync(join(path, "state", "kms.jsonl"), "");
  openDataFolder(path, true).release();
  expect(readdirSync(path).sort()).toEqual(["lock", "mine", "state"]);
  expect(readdirSync(join(path, "state"))).toEqual([]);
});

it("says what to do where it cannot write", () => {
  writeFileSync(path, "a file");
  expect(() => openDataFolder(path, false)).toThrow(
    /^The lab cannot keep its state in .*data: EEXIST.* with --data DIR\.$/,
  );
});
