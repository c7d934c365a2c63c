import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, run } from "../../common/run.ts";
import { differences } from "./differences.ts";
import type { SynthOutput } from "./workspace.ts";

/** Terraform commands for one synthesized stack. */
export interface TerraformStack {
  readonly init: (...args: readonly string[]) => Promise<CommandResult>;
  readonly validate: () => Promise<CommandResult>;
  readonly plan: (...args: readonly string[]) => Promise<Plan>;
  /** Applies the last plan. */
  readonly apply: () => Promise<CommandResult>;
  readonly destroy: () => Promise<CommandResult>;
  readonly outputs: () => Promise<Readonly<Record<string, unknown>>>;
  /** Returns the version of the AWS provider in the lock file. */
  readonly providerVersion: () => string;
}

export interface Plan {
  /** Output of `terraform plan`. */
  readonly output: string;
  /** Output of `terraform show -json` for the saved plan. */
  readonly json: string;
  /** False if the plan changes neither resources nor outputs. */
  readonly hasChanges: boolean;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly address: string;
  readonly type: string;
  readonly actions: readonly Action[];
  /** Paths of the changed attributes, such as `setting.0.value`. */
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

export function terraform({ env, stackFolder }: SynthOutput, stack: string): TerraformStack {
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
      return { output, json, hasChanges: code === 2, changes: parseChanges(JSON.parse(json)) };
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
      if (version === undefined)
        throw new Error(`The lock file in ${cwd} contains no AWS provider:\n${lock}`);
      return version;
    },
  };
}

function parseChanges({ resource_changes = [] }: PlanJson): Change[] {
  return resource_changes
    .filter(({ change }) => !change.actions.every((action) => action === "no-op"))
    .map(({ address, type, change }) => ({
      address,
      type,
      actions: change.actions,
      attributes: differences(change.before, change.after, change.after_unknown),
    }));
}

/** Returns one line for each changed attribute of updates, and one for each other change. */
export function describeChanges(changes: readonly Change[]): string[] {
  return changes.flatMap(({ address, actions, attributes }) =>
    actions.join() === "update"
      ? attributes.map((path) => `${address}: ${path}`)
      : [`${address}: ${actions.join(" and ")}`],
  );
}
