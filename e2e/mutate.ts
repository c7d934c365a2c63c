import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readArguments } from "../common/parse-options.ts";

const USAGE = `npm run mutate

Runs the mutation tests of the envelope encryption (vault, Keys, record format, KMS keys, store, the worker that moves
records), of the quotas and limits of requests, and of the alarm evaluator: changes the code in many small ways, and reports each change that no test notices.
Takes about twenty minutes.

  --help   show this help

Exit codes: 0 enough changes are noticed; 1 too many are not; 2 invalid arguments.`;

readArguments(USAGE);
const cwd = fileURLToPath(new URL("..", import.meta.url));
const stryker = fileURLToPath(new URL("../node_modules/.bin/stryker", import.meta.url));
for (const config of ["stryker.config.json", "stryker.store.config.json"]) {
  const { status } = spawnSync(process.execPath, [stryker, "run", config], {
    cwd,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
}
