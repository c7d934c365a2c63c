import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import manifest from "../package.json" with { type: "json" };

const PRELOAD = "lab/require-packages.js";

/** Runs an empty script with the preload, as `npm start` runs the lab. */
const runIn = (folder: string) =>
  spawnSync(process.execPath, ["--import", `./${PRELOAD}`, "--eval", ""], {
    cwd: folder,
    encoding: "utf8",
  });

it("prints how to install the packages in a clone without them, instead of a stack trace", () => {
  expect(manifest.scripts.start).toContain(`--import ./${PRELOAD}`);
  const clone = mkdtempSync(join(tmpdir(), "cipherwatch-clone-"));
  onTestFinished(() => rmSync(clone, { recursive: true }));
  mkdirSync(join(clone, "lab"));
  const root = resolve(import.meta.dirname, "..");
  copyFileSync(join(root, PRELOAD), join(clone, PRELOAD));
  copyFileSync(join(root, "package.json"), join(clone, "package.json"));
  expect(runIn(clone)).toMatchObject({
    status: 1,
    stderr: "The packages are not installed. Run npm ci, and then npm start again.\n",
  });
  expect(runIn(root)).toMatchObject({ status: 0, stderr: "" });
});
