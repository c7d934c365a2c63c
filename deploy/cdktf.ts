import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { continueAfterClosedPipe } from "../common/closed-pipe.ts";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { type Command, run } from "../common/run.ts";
import {
  readStacks,
  type SynthesizedStack,
  withReducedManifest,
} from "../terraform/cdktf/manifest.ts";
import { stateLocationError } from "./backend.ts";
import { type DeployCommand, parseCommand, selectedStacks, USAGE, UsageError } from "./command.ts";
import {
  type DiffResult,
  diffResultOf,
  missingDependenciesHint,
  summaryOf,
} from "./diff-result.ts";
import { isDeployed, StateError } from "./state.ts";
import { requireTerraform, TerraformError } from "./terraform.ts";

/**
 * `npm run deploy | diff | destroy`: runs the CDKTF CLI for all stacks except bootstrap, or for the named
 * ones. See docs/decisions/0006-deploy-around-cdktf.md.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const CDKTF = join(root, "node_modules/.bin/cdktf");
const outputFolder = resolve(root, process.env.CDKTF_OUTDIR ?? "cdktf.out");

type Stacks = readonly SynthesizedStack[];

/** Without an image the service stack would not be synthesized, and `destroy` would leave it behind. */
const PLACEHOLDER_IMAGE = { CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST };

continueAfterClosedPipe();

// Leave Ctrl-C to the CLI, which lets Terraform finish the operations it has started.
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsageError = error instanceof UsageError;
  if (!(isUsageError || error instanceof StateError || error instanceof TerraformError))
    throw error;
  console.error(error.message);
  process.exitCode = isUsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  if (command.help) {
    console.log(USAGE);
    return 0;
  }
  await requireTerraform();
  const { code } = await synthesize(command);
  if (code !== 0) return code;
  const selected = selectedStacks(command, readStacks(outputFolder));
  if (!command.options.includes("--migrate-state")) {
    for (const { folder } of selected) {
      const message = stateLocationError(folder);
      if (message !== undefined) throw new UsageError(message);
    }
  }
  switch (command.verb) {
    case "diff":
      return diff(command, selected);
    case "deploy":
      return deploy(command, selected);
    case "destroy":
      return destroy(command, selected);
  }
}

function synthesize({ verb, isWatch }: DeployCommand) {
  const image = verb === "destroy" ? PLACEHOLDER_IMAGE : {};
  const env = { ...process.env, ...image, CDKTF_OUTDIR: outputFolder };
  const main = isWatch ? (["main.ts", "watch"] as const) : (["main.ts"] as const);
  return run([process.execPath, ...main], { cwd: root, env, accept: "any", stream: true });
}

/** Plans one stack after the other, because `cdktf diff` accepts a single stack. */
async function diff(command: DeployCommand, stacks: Stacks): Promise<number> {
  const results: DiffResult[] = [];
  for (const stack of stacks) {
    const options = { cwd: root, accept: "any", stream: true } as const;
    const result = await run(cdktf(command, [stack]), options).catch((error: unknown) => {
      if (!interrupted) throw error;
    });
    if (result === undefined) break;
    results.push(diffResultOf(stack, result.code, result.output, results));
    if (interrupted) break;
  }
  console.log(`\n${summaryOf(results)}`);
  return !interrupted && results.every(({ planned }) => planned) ? 0 : 1;
}

async function deploy(command: DeployCommand, stacks: Stacks): Promise<number> {
  const code = await runInOrder(command, stacks);
  const hint = code === 0 ? undefined : missingDependenciesHint(stacks);
  if (hint !== undefined) console.error(hint);
  return code;
}

/** Destroys the stacks that have deployed resources, and logs the ones it skips. */
async function destroy(command: DeployCommand, stacks: Stacks): Promise<number> {
  const deployed = await Promise.all(stacks.map(({ folder }) => isDeployed(folder)));
  const skipped = stacks.filter((_, index) => !deployed[index]).map(({ name }) => name);
  if (skipped.length > 0) console.log(`Not deployed, so left out: ${skipped.join(", ")}.`);
  const rest = stacks.filter((_, index) => deployed[index]);
  return rest.length === 0 ? 0 : runInOrder(command, rest);
}

/** Runs the CLI attached to this terminal, where it asks for confirmation. */
function runInOrder(command: DeployCommand, stacks: Stacks): Promise<number> {
  const names = stacks.map(({ name }) => name);
  return withReducedManifest(names, outputFolder, async () => {
    const [program, ...args] = cdktf(command, stacks);
    const [code] = await once(spawn(program, args, { cwd: root, stdio: "inherit" }), "close");
    return code ?? 1;
  });
}

/** The command line of the CLI. */
function cdktf({ verb, options }: DeployCommand, stacks: Stacks): Command {
  const names = stacks.map(({ name }) => name);
  const output = ["--output", outputFolder, "--skip-synth"];
  return [process.execPath, CDKTF, verb, ...names, ...output, ...options];
}
