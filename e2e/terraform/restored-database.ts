import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../common/run.ts";
import type { Emulator } from "./emulator.ts";
import { type Plan, terraform } from "./terraform.ts";
import { root, type SynthOutput } from "./workspace.ts";

/**
 * Runs steps 1 to 3 of docs/restore.md in dev: restores the database to another instance, swaps the names and lets
 * Terraform manage the restored instance.
 * @param emulator a copy, because the steps change the database and its state
 * @returns the plan of the stack `database` after them
 */
export async function restoreDatabase(emulator: Emulator, output: SynthOutput): Promise<Plan> {
  const env = { ...output.env, ...emulator.env };
  const cwd = output.stackFolder("database");
  await run(["bash", "-e", "-o", "pipefail", "-c", documentedCommands()], { cwd, env });
  return terraform({ ...output, env }, "database").plan();
}

/** The commands of the page, without those that choose the folder and run npm. */
function documentedCommands(): string {
  const page = readFileSync(join(root, "docs/restore.md"), "utf8");
  const commands = page
    .matchAll(/^ {3}```sh\n(.*?)^ {3}```/gms)
    .map(([, block = ""]) => block)
    .take(3)
    .toArray()
    .join("")
    .replaceAll(/^ *(npm|cd) .*\n/gm, "")
    .replaceAll("cipherwatch-prod", "cipherwatch-dev")
    .replace(/--restore-time \S+/, "--use-latest-restorable-time");
  for (const command of ["restore-db-instance-to-point-in-time", "rename ", "state push"]) {
    if (!commands.includes(command)) throw new Error(`docs/restore.md no longer runs ${command}.`);
  }
  return commands;
}
