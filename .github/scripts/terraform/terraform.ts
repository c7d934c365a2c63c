import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type CommandResult, run } from "../../../common/run.ts";
import { isCrossStackOutput } from "../../../terraform/cdktf/names.ts";
import { optionalVariable } from "../github/environment.ts";
import { StepError } from "../github/step.ts";
import { withWarnings } from "../plan/warnings.ts";
import { mapConcurrent } from "../system/map-concurrent.ts";
import type { Stack } from "./stacks.ts";

/** A plan that Terraform saved in the folder of its stack, or the error. */
export type SavedPlan =
  | {
      readonly text: string;
      /** Whether Terraform's exit code reports changes. */
      readonly changes: boolean;
    }
  | { readonly error: string };

/** The JSON of a saved plan. */
export interface PlanFile {
  readonly file: string;
  readonly json: string;
}

const SAVED_PLAN = "tfplan";
/** https://developer.hashicorp.com/terraform/cli/commands/plan#detailed-exitcode */
const CHANGES = 2;
/** Written next to Terraform's binary plan. */
export const PLAN_JSON = "plan.json";
const LOCK_FILE = ".terraform.lock.hcl";

const INITS_AT_ONCE = 3;

/**
 * Runs `terraform init` for each stack. All stacks use the lock file of the first, so every stack gets the
 * same provider package: the others find it in the cache, and may therefore be initialized at the same time.
 */
export async function initialize([first, ...others]: readonly Stack[]): Promise<void> {
  if (first === undefined) return;
  await init(first);
  const lock = join(first.folder, LOCK_FILE);
  await mapConcurrent(INITS_AT_ONCE, others, async (stack) => {
    if (existsSync(lock)) copyFileSync(lock, join(stack.folder, LOCK_FILE));
    await init(stack);
  });
}

async function init({ folder }: Stack): Promise<void> {
  await run(["terraform", "init", "-no-color", "-input=false"], {
    cwd: folder,
    env: { ...process.env, ...pluginCache() },
  });
}

/** Shares downloaded providers between the stacks, in a folder that GitHub deletes after the job. */
function pluginCache(): Readonly<Record<string, string>> {
  const temporary = optionalVariable("RUNNER_TEMP");
  if (temporary === undefined) return {};
  const TF_PLUGIN_CACHE_DIR = join(temporary, "terraform-plugins");
  mkdirSync(TF_PLUGIN_CACHE_DIR, { recursive: true });
  return { TF_PLUGIN_CACHE_DIR };
}

/**
 * Plans a stack and keeps the plan in its folder. Does not lock the state: the plan role cannot, and an apply waits for
 * the lock and rejects a plan of an older state.
 */
export async function plan(stack: Stack): Promise<SavedPlan> {
  const command = [
    ...["plan", "-input=false", "-detailed-exitcode", "-lock=false"],
    `-out=${SAVED_PLAN}`,
  ];
  const { code, stdout, stderr } = await terraform(stack, command, "any");
  if (code !== 0 && code !== CHANGES) return { error: stderr.trim() || stdout.trim() };
  return { text: stdout, changes: code === CHANGES };
}

/**
 * Reads the last plan of a stack as JSON. Terraform loads the provider's schemas again for it, which takes about as
 * long as a small plan.
 * @param text output of `terraform plan`, whose warnings are added
 */
export async function showPlan(stack: Stack, text: string): Promise<PlanFile> {
  const { stdout } = await terraform(stack, ["show", "-json", SAVED_PLAN]);
  const json = withWarnings(stdout, text);
  const file = join(stack.folder, PLAN_JSON);
  writeFileSync(file, json);
  return { file, json };
}

/** How long an apply waits for another one to release the state. */
const LOCK_TIMEOUT = "-lock-timeout=5m";

/**
 * Applies the last plan of a stack and prints the progress. When the job is cancelled, Terraform finishes the
 * requests in progress, saves the state and releases the lock.
 */
export async function apply(stack: Stack): Promise<void> {
  await run(["terraform", "apply", "-no-color", "-input=false", LOCK_TIMEOUT, SAVED_PLAN], {
    cwd: stack.folder,
    stream: true,
    forwardSignals: true,
  });
}

/** Reads the text outputs of a stack, without cross-stack references; empty if it was never applied. */
export async function outputs(stack: Stack): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await terraform(stack, ["output", "-json"]);
  const values = z.record(z.string(), z.object({ value: z.unknown() })).parse(JSON.parse(stdout));
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, { value }]) =>
      typeof value === "string" && !isCrossStackOutput(name) ? [[name, value]] : [],
    ),
  );
}

/** Returns the state of a stack as JSON, including sensitive values. */
export async function state(stack: Stack): Promise<string> {
  return (await terraform(stack, ["show", "-json"])).stdout;
}

/** @throws StepError if there is no such stack */
export function stackNamed(stacks: readonly Stack[], name: string): Stack {
  const stack = stacks.find((candidate) => candidate.name === name);
  if (stack !== undefined) return stack;
  const names = stacks.map((candidate) => candidate.name).join(", ");
  throw new StepError(
    `There is no stack ${name}, only ${names}. The stack service needs CIPHERWATCH_IMAGE_DIGEST.`,
  );
}

function terraform(
  { folder }: Stack,
  [command = "", ...args]: readonly string[],
  accept: readonly number[] | "any" = [0],
): Promise<CommandResult> {
  const plain = command === "output" || command === "show" ? [] : ["-no-color"];
  return run(["terraform", command, ...plain, ...args], { cwd: folder, accept });
}
