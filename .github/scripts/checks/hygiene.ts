import { ARTIFACTS, artifactOf, matches, PLACES } from "./artifacts.ts";
import { BEFORE, buildsImage, CONTRACTS, isBuildx, neededBy } from "./contracts.ts";
import { actionPins } from "./pins.ts";
import { condition, ofJobs, ofSteps, oneLine, type Rule } from "./rule.ts";
import { actionOf, scriptOf } from "./workflow.ts";

/** What holds of any workflow, whatever it is for. */
export const hygiene: Readonly<Record<string, Rule>> = {
  "events that run other people's code with rights are not used": ({ name, workflow }) => {
    const allowed = ["pull_request", "push", "schedule", "workflow_dispatch"];
    return Object.keys(workflow.on)
      .filter((event) => !allowed.includes(event))
      .map((event) => `${name}: on: ${event} is none of ${allowed.join(", ")}`);
  },

  "nothing is permitted but by a job": ({ name, workflow }) =>
    JSON.stringify(workflow.permissions) === "{}" ? [] : [`${name}: permissions must be {}`],

  "a job may do what its steps need and no more": ofJobs(function* ({ permissions, steps }) {
    const stated = Object.entries(permissions ?? { undeclared: "all" });
    const lines = stated.map(([scope, level]) => `${scope}: ${level}`).sort();
    const needed = [...new Set(steps.flatMap(neededBy))].sort();
    if (lines.join() !== needed.join()) {
      yield `has permissions {${lines.join(", ")}}, and its steps need {${needed.join(", ")}}`;
    }
  }),

  "a run of the same takes its turn": ({ name, workflow: { on, concurrency } }) => {
    if (concurrency === undefined) return [`${name}: has no concurrency`];
    const cancels = concurrency["cancel-in-progress"];
    const wanted = "pull_request" in on;
    return cancels === wanted
      ? []
      : [`${name}: cancel-in-progress must be ${wanted}, and is ${cancels}`];
  },

  "a failing command in a pipe fails its step": ({ name, workflow: { defaults } }) =>
    JSON.stringify(defaults) === '{"run":{"shell":"bash"}}'
      ? []
      : [`${name}: defaults.run.shell must be bash, which GitHub starts with -eo pipefail`],

  "a job ends": ofJobs(function* (job) {
    const minutes = job["timeout-minutes"];
    if (minutes === undefined || minutes > 60) yield `has timeout-minutes ${minutes}`;
  }),

  "a runner does not change overnight": ofJobs(function* (job) {
    if (
      !/^(ubuntu-\d\d\.\d\d|\$\{\{ vars\.\w+ \|\| 'ubuntu-\d\d\.\d\d' \}\})$/.test(job["runs-on"])
    ) {
      yield `runs-on ${job["runs-on"]} names no version`;
    }
  }),

  "no failure is passed over": ofJobs(function* (job) {
    for (const place of [job, ...job.steps]) {
      if ("continue-on-error" in place) yield "has continue-on-error";
    }
    for (const { run = "" } of job.steps) {
      if (/\|\|\s*(true|:|exit 0)|set \+e/.test(run)) yield `passes over a failure: ${run}`;
    }
  }),

  "an action is a commit that is known, with its version beside it": ({ name, source }) =>
    source.split("\n").flatMap((line, index) => {
      const uses = /^\s*(?:- )?uses:\s*(.*)$/.exec(line)?.[1];
      const problem = uses === undefined ? undefined : pinProblem(uses);
      return problem === undefined ? [] : [`${name}:${index + 1}: ${problem}`];
    }),

  "no expression becomes part of a script": ofSteps(function* (step) {
    if (step.run?.includes("${{")) yield "has an expression in its run: it goes by env";
    if ("script" in step.with) yield "has a script in its with: it goes to .github/scripts";
  }),

  "a checkout leaves no credentials behind": ofSteps(function* (step) {
    if (actionOf(step) === "actions/checkout" && step.with["persist-credentials"] !== "false") {
      yield "must have persist-credentials: false";
    }
  }),

  "Terraform's exit codes are its own": ofSteps(function* (step, _, __, { workflow }) {
    if (actionOf(step) !== "hashicorp/setup-terraform") return;
    if (step.with.terraform_wrapper !== "false") yield "must have terraform_wrapper: false";
    const version = step.with.terraform_version;
    const pinned = /^\d+\.\d+\.\d+$/.test(workflow.env.TERRAFORM_VERSION ?? "");
    if (version !== "${{ env.TERRAFORM_VERSION }}" || !pinned)
      yield "must be of the workflow's version";
  }),

  "a secret is an environment's, and goes to one step": ({ name, source, workflow }) => {
    const stray = Object.entries(workflow.jobs).flatMap(([jobName, job]) => {
      const { steps, ...rest } = job;
      const around = /\bsecrets\b/.test(JSON.stringify(rest)) ? [`${jobName}: names secrets`] : [];
      const inSteps = steps.filter((step) => /\bsecrets\b/.test(JSON.stringify(step)));
      const unguarded = job.environment === undefined && inSteps.length > 0;
      const elsewhere = inSteps.filter(
        ({ env, ...step }) =>
          /\bsecrets\b/.test(JSON.stringify(step)) ||
          Object.entries(env).some(
            ([variable, value]) =>
              value.includes("secrets") && value !== `\${{ secrets.${variable} }}`,
          ),
      );
      return [
        ...around,
        ...(unguarded ? [`${jobName}: uses a secret, and no environment guards it`] : []),
        ...elsewhere.map(
          (step) => `${jobName}: ${step.name}: has a secret elsewhere than in its env`,
        ),
      ];
    });
    const { jobs: _, ...rest } = workflow;
    const global = /\bsecrets\b/.test(JSON.stringify(rest)) ? ["names secrets for all jobs"] : [];
    const inherited = /secrets:\s*inherit/.test(source) ? ["hands all secrets on"] : [];
    return [...stray, ...global, ...inherited].map((problem) => `${name}: ${problem}`);
  },

  "scripts get what they need": ofSteps(function* (step, earlier, job, { workflow }) {
    const name = scriptOf(step);
    if (name === undefined) return;
    const contract = CONTRACTS[name];
    if (contract === undefined) {
      yield `runs ${name}, which has no contract`;
      return;
    }
    const given = new Set([step.env, job.env, workflow.env].flatMap((env) => Object.keys(env)));
    for (const variable of contract.env) if (!given.has(variable)) yield `lacks ${variable}`;
    for (const [what, done] of Object.entries(BEFORE)) {
      const needed = what === "repository" || what === "packages" || contract.after.includes(what);
      if (needed && !earlier.some(done)) yield `comes before its ${what}`;
    }
  }),

  "a command gets what it needs": ofSteps(function* (step, earlier) {
    const command = oneLine(step.run ?? "");
    const uploadsImage = actionOf(step) === "actions/upload-artifact" && step.with.name === "image";
    if (uploadsImage && !earlier.some(buildsImage)) yield "comes before the image is built";
    if (command === "npm run synth" && step.env.CIPHERWATCH_ALERT_EMAIL === undefined) {
      yield "lacks the settings that have no default";
    }
    if (command.startsWith("docker buildx build ") && !earlier.some(isBuildx)) {
      yield "comes before a builder that can export an OCI archive";
    }
    for (const [variable] of command.matchAll(/(?<=\$)(?!GITHUB_|PWD\b)\w+/g)) {
      if (step.env[variable] === undefined && variable !== "ENVIRONMENT") yield `lacks ${variable}`;
    }
  }),

  "an artifact is what another job left": ({ name, workflow: { jobs } }) => {
    const leaves = (job: string, artifact: string) =>
      (jobs[job]?.steps ?? []).some(
        (step) =>
          actionOf(step) === "actions/upload-artifact" &&
          matches(artifact, step.with.name ?? "") &&
          step.with.path === ARTIFACTS[artifactOf(step)],
      );
    const before = (job: string): string[] =>
      (jobs[job]?.needs ?? []).flatMap((needed) => [needed, ...before(needed)]);
    return Object.entries(jobs).flatMap(([job, { steps }]) =>
      steps.flatMap((step) => {
        if (actionOf(step) !== "actions/download-artifact") return [];
        const artifact = step.with.name ?? step.with.pattern ?? "";
        const place = PLACES[artifactOf(step)];
        return [
          ...(before(job).some((needed) => leaves(needed, artifact))
            ? []
            : [`no job that it needs leaves ${artifact}`]),
          ...(step.with.path === place
            ? []
            : [`${artifact} must go to ${place ?? "the workspace"}`]),
          ...(step.with.pattern !== undefined && step.with["merge-multiple"] !== "true"
            ? [`those of ${artifact} must be in one folder`]
            : []),
          ...steps.flatMap(({ env }) =>
            (env.PLANS ?? env.REPORTS ?? step.with.path) === step.with.path
              ? []
              : ["a script looks elsewhere than where it goes"],
          ),
        ].map((problem) => `${name}: ${job}: ${problem}`);
      }),
    );
  },

  "credentials come when foreign code has been installed": ofSteps(function* (step, earlier) {
    const action = actionOf(step);
    if (
      !["aws-actions/configure-aws-credentials", "aws-actions/amazon-ecr-login"].includes(
        action ?? "",
      )
    ) {
      return;
    }
    if (!earlier.some(BEFORE.packages)) yield "comes before npm ci, whose packages could read them";
  }),

  "a step is left out for a reason that is known": ofSteps(function* (step) {
    const text = condition(step.if);
    if (text !== "" && !CONDITIONS.includes(text)) yield `has the condition ${text}`;
  }),
};

function pinProblem(uses: string): string | undefined {
  const [, action = "", sha = "", version = ""] =
    /^([\w.-]+\/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(uses) ?? [];
  if (action === "") return `${uses} must be owner/name@<commit> # v<version>`;
  const pin = actionPins[action];
  if (pin === undefined) return `${action} is not in .github/action-pins.json`;
  if (pin.sha === sha && pin.version === version) return undefined;
  return `${action} must be ${pin.sha} # ${pin.version}, as in .github/action-pins.json`;
}

/** Conditions of steps; a step with another might be left out unseen. */
const CONDITIONS = [
  "!cancelled()",
  "!cancelled() && hashFiles('sarif/*.sarif') != '' && vars.CODE_SCANNING != 'off'",
  "always()",
  "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')",
  "failure() && steps.smoke-test.outcome == 'failure'",
  "failure() && steps.apply.outcome != 'skipped'",
  "github.event_name != 'workflow_dispatch'",
  "!github.event.repository.private",
  "steps.settings.outputs.platform == 'linux/arm64'",
  "always() && (github.event.pull_request.head.repo.full_name != github.repository || github.event.pull_request.user.login == 'dependabot[bot]')",
];
