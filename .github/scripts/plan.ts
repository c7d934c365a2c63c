import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../../settings/index.ts";
import { recordedWrites } from "./aws/recorded-writes.ts";
import { lockedStacks } from "./aws/state-lock.ts";
import { optionalVariable, runUrl, variable } from "./github/environment.ts";
import { addSummary, SUMMARY_BYTES, setOutputs } from "./github/runner-files.ts";
import { annotate, group, step } from "./github/step.ts";
import { withCallers } from "./plan/changed-by.ts";
import type { PlanJson } from "./plan/plan-json.ts";
import {
  type EnvironmentReport,
  type PlannedStack,
  reportStack,
  type StackReport,
} from "./plan/plan-report.ts";
import { UNBUILT_IMAGE } from "./plan/planned-changes.ts";
import { renderPlans } from "./plan/render-plans.ts";
import { savedPlans } from "./plan/saved-plans.ts";
import { scannablePlan } from "./plan/scannable-plan.ts";
import { mapConcurrent } from "./system/map-concurrent.ts";
import type { StackLocation } from "./terraform/foreign-stack.ts";
import { admitForeignStacks } from "./terraform/foreign-stacks.ts";
import { planStacks, type StackPlan } from "./terraform/plan-stacks.ts";
import { OUTPUT, type Stack, synthesize } from "./terraform/stacks.ts";
import { initialize } from "./terraform/terraform.ts";

/** Folders of the artifacts for later jobs: the report, and the plans for Snyk. */
const REPORT = "plan-report";
const SCANNABLE = "scannable-plans";

const SAVES_AT_ONCE = 3;

/** GitHub limits summaries in bytes; a UTF-16 code unit has at most 3 in UTF-8. */
const SUMMARY_CHARACTERS = SUMMARY_BYTES / 4;

/**
 * Plans all stacks of an environment, saves the plans, and reports them to later jobs and in the summary.
 * Fails if a plan failed, unless the stack only waits for another stack to be applied.
 *
 * With FOREIGN_STACKS, plans the stacks in that folder, which the code of a pull request synthesized, as data.
 * With DRIFT=true, skips stacks that are being applied, and asks CloudTrail who changed a resource.
 */
async function planEnvironment(): Promise<void> {
  const environment = variable("ENVIRONMENT");
  const commit = variable("COMMIT");
  const image = optionalVariable("IMAGE_DIGEST") ?? UNBUILT_IMAGE;
  const isDriftCheck = optionalVariable("DRIFT") === "true";
  const saved = savedPlans(variable("PLAN_BUCKET"), environment);

  const foreign = optionalVariable("FOREIGN_STACKS");
  const stacks =
    foreign === undefined
      ? await synthesize({ CIPHERWATCH_IMAGE_DIGEST: image })
      : admitForeignStacks(foreign, OUTPUT, stackLocation());
  await initialize(stacks);
  const findLocks = async () => (isDriftCheck ? await lockedStacks(stacks) : []);
  const lockedBefore = await findLocks();
  const plans = await planStacks(stacks);
  const locked = new Map([...lockedBefore, ...(await findLocks())]);
  const digests = await mapConcurrent(SAVES_AT_ONCE, plans, async (planned) =>
    "error" in planned ? "" : await saved.save(planned.stack.name, planned.file),
  );
  const reports: StackReport[] = [];
  const scannable = join(SCANNABLE, environment);
  mkdirSync(scannable, { recursive: true });
  for (const [index, planned] of plans.entries()) {
    const { stack } = planned;
    const by = locked.get(stack.name);
    if (by !== undefined) {
      annotate("warning", `${stack.name} is not checked: ${by} is applying it.`);
      reports.push({ outcome: "locked", stack: stack.name, by });
      continue;
    }
    await group(stack.name, async () => {
      console.log("error" in planned ? planned.error : planned.text);
    });
    if ("error" in planned) {
      reports.push(failureOf(planned));
      continue;
    }
    const report = reportStack(stack.name, planned.plan, {
      digest: digests[index] ?? "",
      image,
      readBy: readersOf(stack, stacks),
    });
    reports.push(isDriftCheck ? await addCallers(report, planned.plan) : report);
    writeFileSync(
      join(scannable, `${stack.name}.json`),
      JSON.stringify(scannablePlan(planned.plan)),
    );
  }

  const report: EnvironmentReport = { environment, commit, stacks: reports };
  mkdirSync(REPORT, { recursive: true });
  writeFileSync(join(REPORT, `${environment}.json`), JSON.stringify(report));
  addSummary(
    renderPlans(
      { environments: [report], missing: [], commit, runUrl: runUrl() },
      SUMMARY_CHARACTERS,
    ),
  );
  setOutputs({ plans: JSON.stringify(digestsOf(reports)) });

  const failed = reports.filter(({ outcome }) => outcome === "failed");
  if (failed.length > 0) {
    annotate(
      "error",
      `Terraform could not plan ${failed.map(({ stack }) => stack).join(", ")}. See the log of each stack.`,
    );
    process.exitCode = 1;
  }
}

/** Where the settings of the environment, which the step before exported, place the stacks. */
function stackLocation(): StackLocation {
  const { env, stateBucket = "", region, accountId = "" } = loadSettings(process.env);
  return { env, stateBucket, region, accountId };
}

/** Returns the report unchanged if CloudTrail cannot be asked: the drift is more important. */
async function addCallers(report: PlannedStack, plan: PlanJson): Promise<PlannedStack> {
  try {
    return await withCallers(report, plan, recordedWrites);
  } catch (error) {
    annotate("warning", `Cannot find out who changed ${report.stack}: ${error}`);
    return report;
  }
}

function failureOf({
  stack: { name: stack },
  error,
  waitsFor,
}: Extract<StackPlan, { readonly error: string }>): StackReport {
  return waitsFor.length === 0
    ? { outcome: "failed", stack, error }
    : { outcome: "waiting", stack, for: [...waitsFor], error };
}

function readersOf({ name }: Stack, stacks: readonly Stack[]): string[] {
  return stacks
    .filter(({ dependencies }) => dependencies.includes(name))
    .map((stack) => stack.name);
}

function digestsOf(reports: readonly StackReport[]): Record<string, string> {
  return Object.fromEntries(
    reports.flatMap((report) =>
      report.outcome === "planned" ? [[report.stack, report.digest]] : [],
    ),
  );
}

if (import.meta.main) await step(planEnvironment);
