import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, run } from "../../common/run.ts";
import { differences } from "./differences.ts";
import type { Output } from "./workspace.ts";

/** Terraform on one synthesized stack. */
export interface TerraformStack {
  readonly init: (...args: readonly string[]) => Promise<CommandResult>;
  readonly validate: () => Promise<CommandResult>;
  readonly plan: (...args: readonly string[]) => Promise<Plan>;
  /** Applies what was planned last. */
  readonly apply: () => Promise<CommandResult>;
  readonly destroy: () => Promise<CommandResult>;
  readonly outputs: () => Promise<Readonly<Record<string, unknown>>>;
  /** Of the provider that it was initialized with. */
  readonly providerVersion: () => string;
}

export interface Plan {
  /** What Terraform printed. */
  readonly output: string;
  /** The saved plan, as `terraform show -json` has it. */
  readonly json: string;
  /** False: the plan is empty, outputs included. */
  readonly hasChanges: boolean;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly address: string;
  readonly type: string;
  readonly actions: readonly Action[];
  /** Paths of the attributes that differ, such as `setting.0.value`. */
  readonly attributes: readonly string[];
}

export type Action = "create" | "update" | "delete" | "read" | "no-op" | "forget";

interface PlanJson {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly type: string;
    readonly change: {
      readonly actions: readonly Action[];
      readonly before: unknown;
      readonly after: unknown;
      readonly after_unknown: unknown;
    };
  }[];
}

const SAVED_PLAN = "tfplan";

export function terraform({ env, stackFolder }: Output, stack: string): TerraformStack {
  const cwd = stackFolder(stack);
  const tf = (args: readonly string[], accept: readonly number[] = [0]) =>
    run(["terraform", ...args], { cwd, env, accept });
  return {
    init: (...args) => tf(["init", "-no-color", ...args]),
    validate: () => tf(["validate", "-no-color"]),
    plan: async (...args) => {
      const plan = ["plan", "-no-color", "-detailed-exitcode", `-out=${SAVED_PLAN}`, ...args];
      const { code, output } = await tf(plan, [0, 2]);
      const { stdout: json } = await tf(["show", "-json", SAVED_PLAN]);
      return { output, json, hasChanges: code === 2, changes: changesIn(JSON.parse(json)) };
    },
    apply: () => tf(["apply", "-no-color", SAVED_PLAN]),
    destroy: () => tf(["destroy", "-no-color", "-auto-approve"]),
    outputs: async () => {
      const { stdout } = await tf(["output", "-json"]);
      const outputs = JSON.parse(stdout) as Record<string, { readonly value: unknown }>;
      return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
    },
    providerVersion: () => {
      const lock = readFileSync(join(cwd, ".terraform.lock.hcl"), "utf8");
      const version = /hashicorp\/aws"\s*\{\s*version\s*=\s*"([^"]+)"/.exec(lock)?.[1];
      if (version === undefined) throw new Error(`${cwd} has no AWS provider locked:\n${lock}`);
      return version;
    },
  };
}

function changesIn({ resource_changes = [] }: PlanJson): Change[] {
  return resource_changes
    .filter(({ change }) => !change.actions.every((action) => action === "no-op"))
    .map(({ address, type, change }) => ({
      address,
      type,
      actions: change.actions,
      attributes: differences(change.before, change.after, change.after_unknown),
    }));
}
