import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { readArguments } from "../common/parse-options.ts";

const USAGE = `npm run pack [-- FOLDER]

Builds the npm package, and packs it as FOLDER/cipherwatch-VERSION.tgz; the default FOLDER is .gen.

  --help   show this help

Exit codes: 0 success; 1 npm pack failed; 2 invalid arguments.`;

const [folder = resolve(import.meta.dirname, "../.gen")] = readArguments(USAGE, {
  positionals: true,
});
// Imports CDKTF, which the help text does not need.
const { buildPackage } = await import("./build.ts");
const contents = join(resolve(import.meta.dirname, "../.gen"), "package");
mkdirSync(folder, { recursive: true });
await buildPackage(contents);
const { status } = spawnSync("npm", ["pack", "--pack-destination", resolve(folder)], {
  cwd: contents,
  stdio: "inherit",
});
process.exitCode = status === 0 ? 0 : 1;
