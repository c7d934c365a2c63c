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

describe("locks the folder", () => {
  it("until it is released", () => {
    const first = openDataFolder(path, false);
    expect(() => openDataFolder(path, true)).toThrow(
      `A lab is already running on ${path}. Stop it, or choose another folder with --data DIR.`,
    );
    first.writeEndpoints(endpoints);
    expect(() => openDataFolder(path, true)).toThrow(/\(process 4711, console at http:.*:3\)\. /);
    first.removeEndpoints();
    first.release();
    openDataFolder(path, false).release();
  });

  it("until its process is killed, and removes the stale endpoints file", async () => {
    const claim = `
      import { openDataFolder } from ${JSON.stringify(new URL("data-folder.ts", import.meta.url).href)};
      openDataFolder(${JSON.stringify(path)}, false).writeEndpoints(${JSON.stringify(endpoints)});
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

it("deletes only the lab's own data when fresh", () => {
  openDataFolder(path, false).release();
  writeFileSync(join(path, "mine"), "");
  writeFileSync(join(path, "state", "kms.jsonl"), "");
  openDataFolder(path, true).release();
  expect(readdirSync(path).sort()).toEqual(["lock", "mine", "state"]);
  expect(readdirSync(join(path, "state"))).toEqual([]);
});

it.runIf(existsSync("/proc/self"))(
  "reports a folder that cannot be created, instead of trying forever",
  () => {
    expect(() => openDataFolder("/proc/cipherwatch/data", false)).toThrow(
      /^Cannot write the lab's data to \/proc\/cipherwatch\/data: ENOENT/,
    );
  },
);

it("suggests --data if it cannot write to the folder", () => {
  writeFileSync(path, "a file");
  expect(() => openDataFolder(path, false)).toThrow(
    /^Cannot write the lab's data to .*data: EEXIST.* with --data DIR\.$/,
  );
});
