import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../common/run.ts";
import { root, type SpawnedLab, spawnLab } from "../../lab/testing/spawn-lab.ts";

const page = readFileSync(join(root, "docs/client.md"), "utf8");

let folder: string;
let lab: SpawnedLab;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-client-examples-"));
  lab = await spawnLab(join(folder, "data"));
});

afterAll(async () => {
  await lab?.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

/** The first code block of a language in docs/client.md, with the address of this lab. */
function example(language: string): string {
  const [, code = ""] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(page) ?? [];
  const script = code.replace("http://127.0.0.1:8080", lab.service);
  expect(script).not.toBe(code);
  return script;
}

it.each([
  ["sh", "bash", ["-ec"], '{"Text":"I love Pizza"}'],
  [
    "ts",
    process.execPath,
    ["--input-type=module-typescript", "--eval"],
    "I love Pizza\nThe record is gone.",
  ],
  ["python", "python3", ["-c"], "I love Pizza"],
])("the example in %s encrypts, decrypts and forgets", async (language, program, args, output) => {
  const { stdout } = await run([program, ...args, example(language)], { cwd: root });
  expect(stdout).toContain(output);
});
