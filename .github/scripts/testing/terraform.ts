import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countsOf } from "../plan/counts.ts";
import { parsePlan } from "../plan/plan-json.ts";
import { plannedChanges } from "../plan/planned-changes.ts";
import type { Runner } from "./runner.ts";

/** Fakes of the synthesis and of Terraform, for one step. */
export interface FakeTerraform {
  /** Lists the stacks that were applied, in order. */
  readonly applied: () => readonly string[];
  /** Lists the stacks whose plan was read as JSON. */
  readonly shown: () => readonly string[];
}

/** A stack, and the plans that Terraform makes of it, one after the other; the last one repeats. */
export interface FakeStack {
  readonly dependencies?: readonly string[];
  /** JSON of each plan, or a text that starts with `Error:`. */
  readonly plans: readonly string[];
  /** Whether somebody else has locked the state for a moment; an apply waits for that. */
  readonly locked?: boolean;
}

export function fakeTerraform(
  runner: Runner,
  stacks: Readonly<Record<string, FakeStack>>,
): FakeTerraform {
  for (const name of ["applied", "shown"]) runner.write(name, "");
  // Synthesized before: main.ts has nothing to do.
  runner.write("main.ts", "");
  const manifest = Object.entries(stacks).map(([name, { dependencies = [] }]) => [
    name,
    { name, workingDirectory: `stacks/${name}`, dependencies },
  ]);
  runner.write(
    "cdktf.out/manifest.json",
    JSON.stringify({ version: "0.21.0", stacks: Object.fromEntries(manifest) }),
  );
  for (const [name, { plans, locked = false }] of Object.entries(stacks)) {
    if (locked) runner.write(`cdktf.out/stacks/${name}/locked`, "");
    for (let call = 0; call < MOST_PLANS; call += 1) {
      const folder = `cdktf.out/stacks/${name}/plan-${call}`;
      const plan = plans[Math.min(call, plans.length - 1)] ?? "";
      runner.write(`${folder}/json`, plan);
      runner.write(`${folder}/text`, plan.startsWith("Error") ? "" : line(plan));
      runner.write(`${folder}/code`, exitCode(plan));
    }
  }
  runner.fake("terraform", TERRAFORM);
  const lines = (file: string) =>
    readFileSync(join(runner.folder, file), "utf8").split("\n").filter(Boolean);
  return { applied: () => lines("applied"), shown: () => lines("shown") };
}

/** Most times that a test plans a stack. */
const MOST_PLANS = 3;

function line(json: string): string {
  const counts = countsOf(parsePlan(json, "the plan"));
  return `Plan: ${counts.add} to add, ${counts.change} to change, ${counts.destroy} to destroy.`;
}

function exitCode(json: string): string {
  if (json.startsWith("Error")) return "1";
  return plannedChanges(parsePlan(json, "the plan")).length === 0 ? "0" : "2";
}

const TERRAFORM = `#!/bin/sh
next=$(cat next 2>/dev/null || echo 0)
case $1 in
  plan)
    if [ -f locked ] && ! echo "$*" | grep -q -e -lock=false; then
      echo "Error: Error acquiring the state lock" >&2
      exit 1
    fi
    echo $((next + 1)) > next
    code=$(cat plan-$next/code)
    [ "$code" = 1 ] && cat plan-$next/json >&2 || cat plan-$next/text
    exit "$code" ;;
  show)
    basename "$PWD" >> ../../../shown
    cat plan-$((next - 1))/json ;;
  apply) basename "$PWD" >> ../../../applied ;;
  output) echo '{}' ;;
esac
`;

/** Returns the plan `image` with another value of the task definition. */
export function withTaskChange(plan: string, change: Readonly<Record<string, unknown>>): string {
  const document = JSON.parse(plan) as {
    resource_changes: { type: string; change: { after: object } }[];
  };
  for (const resource of document.resource_changes) {
    if (resource.type === "aws_ecs_task_definition") Object.assign(resource.change.after, change);
  }
  return JSON.stringify(document);
}
