import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type CommandResult, run } from "../../../common/run.ts";
import { isCrossStackOutput } from "../../../terraform/cdktf/names.ts";
import { optionalVariable } from "../github/environment.ts";
import { StepError } from "../github/step.ts";
import type { Stack } from "./stacks.ts";

/** A plan that Terraform made, or why it did not. */
export type Planned =
  | {
      readonly file: string;
      readonly json: string;
      readonly text: string;
      /** Whether the plan would do anything, as Terraform's exit code says. */
      readonly changes: boolean;
    }
  | { readonly error: string };

const SAVED_PLAN = "tfplan";
/** https://developer.hashicorp.com/terraform/cli/commands/plan#detailed-exitcode */
const CHANGES = 2;
/** Beside the plan in Terraform's own form. */
export const PLAN_JSON = "plan.json";
const LOCK_FILE = ".terraform.lock.hcl";

/**
 * Prepares the stacks one after the other. What the first locks, the provider's version and hashes,
 * holds for all: another package of the same version is refused.
 */
export async function initialize(stacks: readonly Stack[]): Promise<void> {
  const [first] = stacks;
  for (const stack of stacks) {
    const lock = first === undefined ? "" : join(first.folder, LOCK_FILE);
    if (stack !== first && existsSync(lock)) copyFileSync(lock, join(stack.folder, LOCK_FILE));
    await run(["terraform", "init", "-no-color", "-input=false"], {
      cwd: stack.folder,
      env: { ...process.env, ...pluginCache() },
    });
  }
}

/** On a runner the provider is fetched once for all stacks, into the folder that goes with the job. */
function pluginCache(): Readonly<Record<string, string>> {
  const temporary = optionalVariable("RUNNER_TEMP");
  if (temporary === undefined) return {};
  const TF_PLUGIN_CACHE_DIR = join(temporary, "terraform-plugins");
  mkdirSync(TF_PLUGIN_CACHE_DIR, { recursive: true });
  return { TF_PLUGIN_CACHE_DIR };
}

/**
 * Plans one stack and keeps the plan, in its folder.
 * @param args `-lock=false` for who may not write the state
 */
export async function plan(stack: Stack, args: readonly string[] = []): Promise<Planned> {
  const command = ["plan", "-input=false", "-detailed-exitcode", `-out=${SAVED_PLAN}`, ...args];
  const { code, stdout, stderr } = await terraform(stack, command, "any");
  if (code !== 0 && code !== CHANGES) return { error: stderr.trim() || stdout.trim() };
  const { stdout: json } = await terraform(stack, ["show", "-json", SAVED_PLAN]);
  const file = join(stack.folder, PLAN_JSON);
  writeFileSync(file, json);
  return { file, json, text: stdout, changes: code === CHANGES };
}

/** Applies what was planned last, showing its progress. */
export async function apply(stack: Stack): Promise<void> {
  await run(["terraform", "apply", "-no-color", "-input=false", SAVED_PLAN], {
    cwd: stack.folder,
    stream: true,
  });
}

/** Outputs of a stack as applied last, those for other stacks left out; none when it never was. */
export async function outputs(stack: Stack): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await terraform(stack, ["output", "-json"]);
  const values = z.record(z.string(), z.object({ value: z.unknown() })).parse(JSON.parse(stdout));
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, { value }]) =>
      typeof value === "string" && !isCrossStackOutput(name) ? [[name, value]] : [],
    ),
  );
}

/** The state of a stack as JSON; it holds sensitive values. */
export async function state(stack: Stack): Promise<string> {
  return (await terraform(stack, ["show", "-json"])).stdout;
}

/** @throws StepError when the settings make no such stack */
export function stackNamed(stacks: readonly Stack[], name: string): Stack {
  const stack = stacks.find((candidate) => candidate.name === name);
  if (stack !== undefined) return stack;
  const names = stacks.map((candidate) => candidate.name).join(", ");
  throw new StepError(
    `There is no stack ${name}; there are ${names}. Without CIPHERWATCH_IMAGE_DIGEST there is no service.`,
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
