import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readArguments } from "../common/parse-options.ts";

const USAGE = `npm run docs

Writes the generated documents. Tests fail while one of them is outdated.

  --help   show this help

Exit codes: 0 success; 1 a document could not be written; 2 invalid arguments.`;

/** The documents, each with the script that writes it. */
const GENERATORS = [
  ["client/contract.ts", "client/generate.ts"],
  ["docs/runbooks/", "docs/runbooks/generate.ts"],
  ["docs/coverage.md", "docs/coverage/page.ts"],
  ["docs/controls.md", "stacks/controls/page.ts"],
  ["docs/deploying.md (costs)", "stacks/costs/page.ts"],
  ["docs/settings.md", "stacks/costs/settings-page.ts"],
] as const;

readArguments(USAGE);
const cwd = fileURLToPath(new URL("..", import.meta.url));
for (const [document, script] of GENERATORS) {
  console.log(document);
  const { status } = spawnSync(process.execPath, [script], { cwd, stdio: "inherit" });
  if (status !== 0) {
    console.error(
      `${document} could not be written: ${script} exited with ${status ?? "a signal"}.`,
    );
    process.exit(1);
  }
}
