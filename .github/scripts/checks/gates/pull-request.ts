import { readdirSync } from "node:fs";
import { condition, type Rule } from "../rule.ts";
import { actionOf, type Job, type Step } from "../workflow.ts";
import {
  type Jobs,
  mustRun,
  mustRunWhen,
  needs,
  only,
  planned,
  SCANS,
  scanned,
  UPLOAD,
  value,
} from "./parts.ts";

const OWN_CODE =
  "github.event.pull_request.head.repo.full_name == github.repository && github.event.pull_request.user.login != 'dependabot[bot]'";

/** The folders of e2e that hold a suite, in the order of the alphabet. */
function suites(): string[] {
  const folder = new URL("../../../../e2e/", import.meta.url);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .flatMap((file) => /^(\w+)\/[\w-]+\.e2e\.ts$/.exec(file)?.[1] ?? [])
    .filter((name, index, all) => all.indexOf(name) === index)
    .sort();
}

/** What a pull request must pass, and what it must not get. */
export const pullRequestGates: Readonly<Record<string, Rule>> = {
  "everything is checked, for everybody": only(function* ({ on, jobs }) {
    yield* value(JSON.stringify(on), '{"pull_request":{"branches":["main"]}}', "on");
    yield* mustRun(jobs, "check", ["npm test", "npm run synth"]);
    // By name: where a tool is missing, a suite that is not named is left out without a failure.
    yield* mustRun(jobs, "end-to-end", ["npm ci", `npm run e2e -- ${suites().join(" ")}`]);
    const has = (holds: (step: Step) => boolean) => jobs["end-to-end"]?.steps.some(holds) ?? false;
    if (!has((step) => actionOf(step) === "hashicorp/setup-terraform"))
      yield "end-to-end must have Terraform";
    if (
      !has(
        ({ run = "", env }) =>
          run.startsWith("pip install 'moto[server]==") && env.PIP_BREAK_SYSTEM_PACKAGES === "1",
      )
    ) {
      yield "end-to-end must have the emulator";
    }
    if (!has(({ run = "" }) => /postgresql.*>> "\$GITHUB_PATH"$/.test(run)))
      yield "end-to-end must have PostgreSQL";
    for (const name of ["check", "end-to-end"]) {
      const { if: when, needs = [] } = jobs[name] ?? {};
      if (when !== undefined || needs.length > 0) yield `${name} must run whatever else does`;
    }
  }),

  "only the repository's own code gets a secret or a role": only(function* ({ jobs }) {
    for (const [name, job] of Object.entries(jobs)) {
      if (harmless(job) || ownCodeAlone(name, jobs)) continue;
      yield `${name} must have the condition ${OWN_CODE}`;
    }
  }),

  "other people are told what is withheld": only(function* ({ jobs }) {
    yield* mustRunWhen(
      jobs.check,
      "fork-summary.ts",
      "always() && (github.event.pull_request.head.repo.full_name != github.repository || github.event.pull_request.user.login == 'dependabot[bot]')",
    );
  }),

  "dependencies, image and plans are scanned": only(function* ({ jobs }) {
    for (const scan of SCANS) yield* scanned(jobs, scan);
    if (!needs(jobs, "scan").includes("image")) yield "scan must need image";
    if (!needs(jobs, "scan-plans").includes("plan")) yield "scan-plans must need plan";
  }),

  "each environment is planned with the plan role": only(function* ({ jobs }) {
    yield* planned(jobs.plan, "matrix.environment");
    const matrix = JSON.stringify(jobs.plan?.strategy ?? "");
    if (!matrix.includes("${{ fromJSON(vars.ENVIRONMENTS) }}"))
      yield "plan must be of each environment";
  }),

  "whatever fails stops the merge": only(function* ({ jobs }) {
    const { passed } = jobs;
    yield* value(condition(passed?.if), "always()", "when passed runs");
    const others = Object.keys(jobs).filter((name) => name !== "passed");
    const overlooked = others.filter((name) => !needs(jobs, "passed").includes(name));
    if (overlooked.length > 0) yield `passed must need ${overlooked.join()}`;
    const fails = passed?.steps.find(({ run }) => run === "exit 1");
    const when = "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')";
    yield* value(condition(fails?.if), when, "when passed fails");
  }),

  "the comment is edited even after a plan that failed": only(function* ({ jobs }) {
    yield* mustRun(jobs, "comment", ["comment.ts"]);
    if (!needs(jobs, "comment").includes("plan")) yield "comment must need plan";
    if (!condition(jobs.comment?.if).startsWith("!cancelled() && ")) {
      yield "comment must run after a plan that failed";
    }
    const uploads = jobs.plan?.steps.filter((step) => actionOf(step) === UPLOAD) ?? [];
    for (const step of uploads) {
      if (condition(step.if) !== "!cancelled()") yield "a plan's report must outlive its failure";
    }
  }),
};

/** Whether a job could as well run for a fork: its token reads, and it has neither secret nor role. */
function harmless({ permissions = { undeclared: "write" }, environment }: Job): boolean {
  return environment === undefined && Object.values(permissions).every((level) => level === "read");
}

/** By its own condition; or by that of a job it needs, unless its own makes it run all the same. */
function ownCodeAlone(name: string, jobs: Jobs): boolean {
  const when = condition(jobs[name]?.if);
  if (when.endsWith(OWN_CODE))
    return /^((!cancelled\(\)|vars\.ENVIRONMENTS != '') && )*$/.test(
      when.slice(0, -OWN_CODE.length),
    );
  return when === "" && needs(jobs, name).some((needed) => ownCodeAlone(needed, jobs));
}
