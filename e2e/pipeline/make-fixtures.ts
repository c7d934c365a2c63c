import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../common/run.ts";
import { startEmulator } from "../terraform/emulator.ts";
import { terraform } from "../terraform/terraform.ts";
import {
  makeWorkspace,
  root,
  type SettingsVariables,
  type SynthOutput,
} from "../terraform/workspace.ts";
import { planOfEveryShape } from "./plan-of-every-shape.ts";

/**
 * Regenerates .github/scripts/fixtures: plans of the stacks of this project, made by Terraform against the
 * emulator. Run it with `node e2e/pipeline/make-fixtures.ts`; it takes some minutes.
 */
const folder = join(root, ".github/scripts/fixtures");

/** Marks a secret that no report of a plan may show. */
const CANARY = "canary-4f1d7c";

const SETTINGS: SettingsVariables = {
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
};
const image = (digit: string) => ({ CIPHERWATCH_IMAGE_DIGEST: `sha256:${digit.repeat(64)}` });

/** Terraform's own summary line of each plan. */
const lines: Record<string, string> = {};

const emulator = await startEmulator("ap-southeast-2");
const workspace = makeWorkspace(emulator);
mkdirSync(folder, { recursive: true });
try {
  const first = await workspace.synth("first", { ...SETTINGS, ...image("1") });
  for (const stack of first.dependencies.keys()) await terraform(first, stack).init();

  keepError("no-state", await failure(first, "alarm"));
  await keepPlan("create", first, "kms");
  for (const stack of ["network", "registry", "trail"])
    await keepPlan(`long-${stack}`, first, stack);

  await applyWithoutOutputs(first, "kms");
  keepError("no-output", await failure(first, "alarm"));
  await Promise.all(["kms", "network", "registry"].map((stack) => apply(first, stack)));
  await keepPlan("no-change", first, "kms");
  await keepPlan("long-database", first, "database");
  await keepPlan("destroy-key", first, "kms", "-destroy");
  await apply(first, "database");
  await keepPlan("long-service", first, "service");

  const rotated = await synthesizeWith("rotated", { CIPHERWATCH_KEY_ROTATION_DAYS: "180" }, [
    "kms",
  ]);
  await keepPlan("change", rotated, "kms");
  const otherAccount = await synthesizeWith("account", { CIPHERWATCH_ACCOUNT_ID: "210987654321" }, [
    "kms",
  ]);
  keepError("failed", await failure(otherAccount, "kms"));

  const replaced = await synthesizeWith("replaced", {}, ["database"]);
  change(replaced, "database", "aws_db_instance", { storage_encrypted: false, kms_key_id: null });
  await keepPlan("replace-database", replaced, "database");

  const secret = await synthesizeWith("secret", {}, ["database"]);
  change(secret, "database", "aws_db_instance", {
    manage_master_user_password: null,
    master_user_secret_kms_key_id: null,
    password: "${var.password}",
  });
  extend(secret, "database", { variable: { password: { sensitive: true, default: CANARY } } });
  await keepPlan("sensitive", secret, "database");

  await apply(first, "service");
  const other = await synthesizeWith("image", image("0"), ["service"]);
  await keepPlan("image", other, "service");
  await keepShapes();
  keep("lines.json", `${JSON.stringify(lines, null, 2)}\n`);
} finally {
  await emulator.stop();
  workspace.remove();
}

/** Synthesizes the stacks with other settings against the same states. */
async function synthesizeWith(
  name: string,
  settings: SettingsVariables,
  stacks: readonly string[],
) {
  const output = await workspace.synth(name, { ...SETTINGS, ...image("1"), ...settings });
  for (const stack of stacks) await terraform(output, stack).init();
  return output;
}

async function apply(output: SynthOutput, stack: string): Promise<void> {
  const tf = terraform(output, stack);
  await tf.plan();
  await tf.apply();
  console.log(`applied ${stack}`);
}

/** Applies a stack without its outputs, like an older version that no other stack read. */
async function applyWithoutOutputs(output: SynthOutput, stack: string): Promise<void> {
  const file = join(output.stackFolder(stack), "cdk.tf.json");
  const whole = readFileSync(file, "utf8");
  const { output: _, ...rest } = JSON.parse(whole);
  writeFileSync(file, JSON.stringify(rest));
  await apply(output, stack);
  writeFileSync(file, whole);
}

/** Returns the standard error of a plan that must fail. */
async function failure(output: SynthOutput, stack: string): Promise<string> {
  const { code, stderr } = await run(["terraform", "plan", "-no-color", "-input=false"], {
    cwd: output.stackFolder(stack),
    env: output.env,
    accept: "any",
  });
  if (code === 0) throw new Error(`The plan of ${stack} must fail, but succeeded.`);
  return stderr.trim();
}

/** Overrides arguments of the only resource of a type. */
function change(
  output: SynthOutput,
  stack: string,
  type: string,
  set: Readonly<Record<string, unknown>>,
) {
  const text = readFileSync(join(output.stackFolder(stack), "cdk.tf.json"), "utf8");
  const [name = "", ...more] = Object.keys(JSON.parse(text).resource[type]);
  if (more.length > 0) throw new Error(`${stack} has more than one ${type}.`);
  extend(output, stack, { resource: { [type]: { [name]: set } } });
}

/** Adds Terraform JSON to a stack; Terraform merges files named `*_override` over the others. */
function extend(output: SynthOutput, stack: string, json: Readonly<Record<string, unknown>>): void {
  const name = "variable" in json ? "fixture.tf.json" : "fixture_override.tf.json";
  writeFileSync(join(output.stackFolder(stack), name), JSON.stringify(json));
}

async function keepPlan(name: string, output: SynthOutput, stack: string, ...args: string[]) {
  const { json, output: text } = await terraform(output, stack).plan(...args);
  lines[name] = planLine(text);
  const plan = trimmed(JSON.parse(json), name === "sensitive");
  keep(`${name}.json`, `${JSON.stringify(plan)}\n`);
}

/** Keeps a whole plan, and its text, as the text also has the warnings. */
async function keepShapes(): Promise<void> {
  const { json, text } = await planOfEveryShape(join(workspace.folder, "shapes"), CANARY);
  lines.shapes = planLine(text);
  keep("shapes.json", json);
  keep("shapes.txt", text);
}

function planLine(text: string): string {
  return /^Plan: .*|^No changes\..*|^Changes to Outputs:/m.exec(text)?.[0] ?? "";
}

function keepError(name: string, text: string): void {
  keep(`${name}.txt`, `${text}\n`);
}

function keep(name: string, text: string): void {
  if (text.includes(workspace.folder)) throw new Error(`${name} contains a path of this machine.`);
  // Remove the registry host from provider addresses.
  writeFileSync(join(folder, name), text.replace(/[\w.-]+\/(?=hashicorp\/aws\b)/g, ""));
  console.log(`${name}: ${text.length} characters`);
}

interface Plan {
  readonly resource_changes?: readonly {
    readonly change: { readonly actions: readonly string[] };
  }[];
  readonly [part: string]: unknown;
}

/** Removes what no test reads. @param whole keeps the planned values and the variables */
function trimmed(plan: Plan, whole: boolean): Plan {
  const { prior_state, timestamp, relevant_attributes, checks, resource_drift, ...kept } = plan;
  if (whole) return kept;
  const { planned_values, variables, ...changes } = kept;
  return {
    ...changes,
    resource_changes: (plan.resource_changes ?? []).map(({ change, ...resource }) => ({
      ...resource,
      change: change.actions.includes("no-op") ? { actions: change.actions } : change,
    })),
  };
}
