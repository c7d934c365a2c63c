import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { readWorkflow, workflowSources } from "./workflow.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Returns every shell script of the repository and of the workflows, with its location. */
function shellScripts(): [where: string, script: string][] {
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  const files = listed
    .split("\0")
    .filter((file) => file.endsWith(".sh") || !/\.\w+$/.test(file))
    .filter((file) => statSync(join(root, file), { throwIfNoEntry: false })?.isFile());
  return [
    ...files.flatMap((file): [string, string][] => {
      const text = readFileSync(join(root, file), "utf8");
      return /^#!.*\b(ba)?sh\b/.test(text) ? [[file, text]] : [];
    }),
    ...workflowSources.flatMap(([name, source]) =>
      Object.entries(readWorkflow(name, source).workflow.jobs).flatMap(([job, { steps }]) =>
        steps.flatMap(({ run }, index): [string, string][] =>
          run === undefined
            ? []
            : [[`${name}: ${job}: step ${index + 1}`, `#!/bin/bash\n${run}\n`]],
        ),
      ),
    ),
  ];
}

const isThere = spawnSync("shellcheck", ["--version"]).status === 0;

/** GitHub's runners have shellcheck; elsewhere it is optional. */
if (!isThere && process.env.GITHUB_ACTIONS === "true")
  throw new Error("shellcheck is not installed.");
if (!isThere) console.warn("NOT CHECKED: shell scripts, because shellcheck is not installed.");

/** Runs shellcheck once for all scripts, since each start costs more than the check. @returns the problems of each */
function shellcheck(scripts: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-shell-"));
  try {
    const files = scripts.map((script, index) => {
      const file = join(folder, `script-${index}.sh`);
      writeFileSync(file, script);
      return file;
    });
    const { status, stdout } = spawnSync("shellcheck", ["--format=gcc", ...files], {
      encoding: "utf8",
    });
    expect(status).toBeLessThanOrEqual(1);
    const lines = stdout.split("\n");
    return files.map((file) => lines.filter((line) => line.startsWith(`${file}:`)).join("\n"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("finds shell scripts to check", () => {
  const where = shellScripts().map(([name]) => name);
  expect(where).toContain(".ci/run");
  expect(where).toContainEqual(expect.stringMatching(/^deploy\.yml: stopped/));
});

if (isThere) {
  describe("shellcheck", () => {
    const scripts = shellScripts();
    let problems: readonly string[];
    beforeAll(() => {
      problems = shellcheck(scripts.map(([, script]) => script));
    });

    test.each(scripts.map(([where], index) => [where, index] as const))(
      "finds no problem in %s",
      (_, index) => {
        expect(problems[index]).toBe("");
      },
    );

    test("finds a problem, in the script that has it", () => {
      const [first, second] = shellcheck(["#!/bin/bash\ntrue\n", "#!/bin/bash\nrm $1\n"]);
      expect(first).toBe("");
      expect(second).toMatch(/SC2086/);
    });
  });
}
