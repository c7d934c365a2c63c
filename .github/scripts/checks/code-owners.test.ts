import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const scripts = join(root, ".github/scripts");

/** Paths of CODEOWNERS, each from the root; a folder ends with a slash. */
const owned = readFileSync(join(root, ".github/CODEOWNERS"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("/"))
  .map((line) => line.split(/\s/)[0]?.slice(1) ?? "");

const isOwned = (file: string) =>
  owned.some((path) => (path.endsWith("/") ? file.startsWith(path) : file === path));

/** Files that the scripts of the workflows import, apart from tests and checks. */
const imported = readdirSync(scripts, { recursive: true, encoding: "utf8" })
  .filter((file) => /(?<!\.test)\.ts$/.test(file) && !/^(testing|checks)\//.test(file))
  .flatMap((file) =>
    [...readFileSync(join(scripts, file), "utf8").matchAll(/ from "(\.[^"]+)"/g)].map(
      ([, path = ""]) => relative(root, join(scripts, dirname(file), path)),
    ),
  );

test("a code owner approves changes to what the pipeline runs itself", () => {
  expect(imported).toContain("common/run.ts");
  const all = [...imported, "main.ts", ".github/workflows/deploy.yml", "package-lock.json"];
  expect([...new Set(all)].filter((file) => !isOwned(file)).sort()).toEqual([]);
});
