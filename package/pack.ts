import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { readArguments } from "../common/parse-options.ts";

const USAGE = `npm run pack [-- FOLDER]

Builds the npm package, and packs it as FOLDER/cipherwatch-VERSION.tgz; the default FOLDER is .gen.

  --help   show this help

Exit codes: 0 success; 1 npm pack failed; 2 invalid arguments.`;

const [folder = resolve(import.meta.dirname, "../.gen")] = readArguments(USAGE, {
  positionals: true,
});
// Imported here because it loads CDKTF, for which the help text should not wait.
const { buildPackage } = await import("./build.ts");
const contents = join(resolve(import.meta.dirname, "../.gen"), "package");
mkdirSync(folder, { recursive: true });
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
