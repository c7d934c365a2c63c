/** Fake of Terraform for suites without AWS: plans a change of the stack kms, and nothing of the others. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const [command] = process.argv.slice(2);
const changes = basename(process.cwd()) === "kms";
const fixture = (name: string) =>
  readFileSync(
    fileURLToPath(new URL(`../../../.github/scripts/fixtures/${name}`, import.meta.url)),
    "utf8",
  );

if (command === "plan") {
  console.log(changes ? "Plan: 0 to add, 1 to change, 0 to destroy." : "No changes.");
  process.exitCode = changes ? 2 : 0;
} else if (command === "show") {
  process.stdout.write(fixture(changes ? "change.json" : "no-change.json"));
} else if (command !== "init") {
  throw new Error(`The fake Terraform does not support terraform ${command}.`);
}
