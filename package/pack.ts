import { spawnSync } from "node:child_process";
import { join, relative, resolve } from "node:path";
import { createOutputFolder } from "../common/folder.ts";
import { readArguments } from "../common/parse-options.ts";

const USAGE = `npm run pack [-- FOLDER]

Builds the npm package, and packs it as FOLDER/cipherwatch-VERSION.tgz; the default FOLDER is .gen.

  --help   show this help

Exit codes: 0 success; 1 npm pack failed; 2 invalid arguments.`;

const [folder = resolve(import.meta.dirname, "../.gen"), ...more] = readArguments(USAGE, {
  positionals: true,
});
if (more.length > 0) fail(`Expected at most one FOLDER; received also "${more.join(" ")}".`);
try {
  createOutputFolder(folder, "the package", "FOLDER");
} catch (error) {
  fail((error as Error).message);
}
// Imported here because it loads CDKTF, for which the help text should not wait.
const { buildPackage } = await import("./build.ts");
const contents = join(resolve(import.meta.dirname, "../.gen"), "package");
await buildPackage(contents);
// Without --loglevel, npm prints a line for each of the files.
const { status, stdout } = spawnSync(
  "npm",
  ["pack", "--loglevel=error", "--pack-destination", resolve(folder)],
  { cwd: contents, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
);
if (status === 0) {
  const name = stdout.trim();
  console.log(
    `Packed ${relative("", join(resolve(folder), name))}. ` +
      `Copy it into a repository, and install it there: npm install --save-dev ./${name}`,
  );
}
process.exitCode = status === 0 ? 0 : 1;

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
