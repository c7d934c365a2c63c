import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { inOrder, type Manifest, manifestOf } from "../terraform/cdktf/manifest.ts";
import { movedState } from "./backend.ts";
import { type Command, commandFrom, stacksMeant, USAGE, UsageError } from "./command.ts";
import { missingBefore, outcomeOf, summaryOf } from "./outcome.ts";
import { isDeployed, StateError } from "./state.ts";

/**
 * `npm run deploy | diff | destroy [-- STACK… --option-of-cdktf]`: the CDKTF CLI over all stacks, or
 * those named. Bootstrap is only meant by its name: it is there before the others and after them.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const CDKTF = join(root, "node_modules/.bin/cdktf");
const outputFolder = resolve(root, process.env.CDKTF_OUTDIR ?? "cdktf.out");
const manifestFile = join(outputFolder, "manifest.json");

/** What is destroyed needs no image, but without one the service would be left out, and left behind. */
const SERVICE = { CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST };

// Ctrl-C is the CLI's to answer, which lets Terraform finish what it has begun.
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof StateError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const command = commandFrom(args);
  if (command.help) {
    console.log(USAGE);
    return 0;
  }
  const destroys = command.verb === "destroy";
  const synthesized = spawnSync(process.execPath, ["main.ts"], {
    cwd: root,
    env: { ...process.env, ...(destroys ? SERVICE : {}), CDKTF_OUTDIR: outputFolder },
    stdio: "inherit",
  });
  if (synthesized.status !== 0) return synthesized.status ?? 1;
  const text = readFileSync(manifestFile, "utf8");
  const manifest = JSON.parse(text) as Manifest;
  const named = stacksMeant(command, inOrder(manifest));
  const folderOf = (stack: string) =>
    join(outputFolder, manifest.stacks[stack]?.workingDirectory ?? stack);
  if (!command.options.includes("--migrate-state")) {
    const [moved] = named.flatMap((stack) => movedState(folderOf(stack)) ?? []);
    if (moved !== undefined) throw new UsageError(moved);
  }
  if (command.verb === "diff") return diff(command, named, manifest);
  const meant = destroys ? await deployedOf(named, folderOf) : named;
  if (meant.length === 0) return 0;
  writeFileSync(manifestFile, JSON.stringify(manifestOf(manifest, meant)));
  const code = await cdktf(command, meant).finally(() => writeFileSync(manifestFile, text));
  if (code !== 0 && command.verb === "deploy") {
    const hint = missingBefore(meant, manifest);
    if (hint !== undefined) console.error(hint);
  }
  return code;
}

/** Those of the stacks that there is something of to destroy; the others are told. */
async function deployedOf(
  stacks: readonly string[],
  folderOf: (stack: string) => string,
): Promise<readonly string[]> {
  const found = await Promise.all(stacks.map((stack) => isDeployed(folderOf(stack))));
  const others = stacks.filter((_, index) => !found[index]);
  if (others.length > 0) console.log(`Not deployed, so left out: ${others.join(", ")}.`);
  return stacks.filter((_, index) => found[index]);
}

/** One after the other, since `cdktf diff` takes one stack. */
async function diff(
  command: Command,
  meant: readonly string[],
  { stacks }: Manifest,
): Promise<number> {
  const outcomes = [];
  for (const stack of meant) {
    if (interrupted) break;
    let printed = "";
    const code = await cdktf(command, [stack], (text) => {
      printed += text;
    });
    outcomes.push(outcomeOf(stack, code, printed, stacks[stack]?.dependencies ?? []));
  }
  console.log(`\n${summaryOf(outcomes)}`);
  return outcomes.some(({ planned }) => !planned) ? 1 : 0;
}

/** Runs the CLI at this terminal; what it prints goes to `onText`, too, where that is given. */
function cdktf(
  { verb, options }: Command,
  args: readonly string[],
  onText?: (text: string) => void,
): Promise<number> {
  const output = ["--output", outputFolder, "--skip-synth"];
  const child = spawn(process.execPath, [CDKTF, verb, ...args, ...output, ...options], {
    cwd: root,
    stdio: onText === undefined ? "inherit" : ["inherit", "pipe", "pipe"],
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    process.stdout.write(text);
    onText?.(text);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    process.stderr.write(text);
    onText?.(text);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
