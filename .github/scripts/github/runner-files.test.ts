import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readFileCommands } from "../testing/runner.ts";
import { addSummary, exportVariables, SUMMARY_BYTES, setOutputs } from "./runner-files.ts";

let folder: string;
const file = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-runner-"));
  for (const name of ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"]) {
    writeFileSync(file(name), "");
    vi.stubEnv(name, file(name));
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test("writes values with line breaks and delimiters unchanged", () => {
  const values = {
    plain: "value",
    empty: "",
    lines: "first\nsecond=third\n\nlast",
    forged: "x\nEOF\nother=injected\nother<<EOF\ninjected\nEOF",
    unicode: "schlüssel 🔑",
  };
  setOutputs(values);
  expect(readFileCommands(readFileSync(file("GITHUB_OUTPUT"), "utf8"))).toEqual(values);
  exportVariables({ CIPHERWATCH_ENV: "dev" });
  expect(readFileCommands(readFileSync(file("GITHUB_ENV"), "utf8"))).toEqual({
    CIPHERWATCH_ENV: "dev",
  });
});

test.each(["a b", "a=b", "", "a\nb", "1a"])("rejects the name %j", (name) => {
  expect(() => setOutputs({ [name]: "value" })).toThrow(/cannot be written to GITHUB_OUTPUT/);
  expect(readFileSync(file("GITHUB_OUTPUT"), "utf8")).toBe("");
});

test("writes a summary that is too long to the log", () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  addSummary("### Short");
  addSummary("é".repeat(SUMMARY_BYTES / 2));
  expect(readFileSync(file("GITHUB_STEP_SUMMARY"), "utf8")).toBe(
    "### Short\nThe summary of this step exceeds GitHub's limit; see its log.\n",
  );
  expect(log).toHaveBeenCalledWith(expect.stringMatching(/^é+\n$/));
});
