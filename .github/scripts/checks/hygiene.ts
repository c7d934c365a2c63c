import { readFileSync } from "node:fs";
import { ancestors } from "./graph.ts";
import { actionPins } from "./pins.ts";
import { actionOf, type Step, scriptOf } from "./workflow.ts";
import { forEachJob, forEachStep, forWorkflow, type WorkflowCheck } from "./workflow-check.ts";

const EVENTS = ["pull_request", "push", "schedule", "workflow_dispatch"];

/** The permissions of the job's token that an action or a script uses. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "actions/attest-build-provenance": ["attestations: write", "id-token: write"],
  "actions/checkout": ["contents: read"],
  "aws-actions/configure-aws-credentials": ["id-token: write"],
  "comment.ts": ["pull-requests: write"],
  "deployed-commits.ts": ["deployments: read"],
  "drift.ts": ["issues: write"],
  "github/codeql-action/upload-sarif": ["actions: read", "security-events: write"],
  "rescan.ts": ["contents: write", "issues: write"],
  "reviewed.ts": ["pull-requests: read"],
  "verify-image.ts": ["attestations: read"],
};

/** What every workflow must satisfy, whatever its purpose. */
export const hygiene: Readonly<Record<string, WorkflowCheck>> = {
  "uses no event that runs foreign code with a privileged token": forWorkflow(function* ({
    workflow,
  }) {
    for (const event of Object.keys(workflow.on)) {
      if (!EVENTS.includes(event)) yield `on: ${event} must be one of ${EVENTS.join(", ")}`;
    }
  }),

  "grants permissions per job only": forWorkflow(function* ({ workflow }) {
    if (JSON.stringify(workflow.permissions) !== "{}") yield "permissions must be {}";
  }),

  "grants each job exactly the permissions its steps need": forEachJob(function* (job) {
    const granted = Object.entries(job.permissions ?? { undeclared: "all" })
      .map(([scope, level]) => `${scope}: ${level}`)
      .sort();
    const all = new Set(job.steps.flatMap(permissionsOf));
    const needed = [...all]
      .filter((each) => !all.has(each.replace(/: read$/, ": write")) || each.endsWith(": write"))
      .sort();
    if (granted.join() !== needed.join()) {
      yield `has permissions {${granted.join(", ")}}, but its steps need {${needed.join(", ")}}`;
    }
  }),

  "has a concurrency group; only runs for pull requests are cancelled": forWorkflow(function* ({
    workflow: { on, concurrency },
  }) {
    const expected = "pull_request" in on;
    if (concurrency?.["cancel-in-progress"] !== expected) {
      yield `concurrency must have a group and cancel-in-progress: ${expected}`;
    }
  }),

  "fails a step when a command in a pipe fails": forWorkflow(function* ({ workflow }) {
    if (JSON.stringify(workflow.defaults) !== '{"run":{"shell":"bash"}}') {
      yield "defaults.run.shell must be bash, which GitHub starts with -eo pipefail";
    }
  }),

  "limits each job to 60 minutes": forEachJob(function* (job) {
    const minutes = job["timeout-minutes"] ?? Number.POSITIVE_INFINITY;
    if (minutes > 60) yield `timeout-minutes must be at most 60, received ${minutes}`;
  }),

  "pins the version of the runner": forEachJob(function* (job) {
    const label = job["runs-on"];
    if (!/^(ubuntu-\d\d\.\d\d|\$\{\{ vars\.\w+ \|\| 'ubuntu-\d\d\.\d\d' \}\})$/.test(label)) {
      yield `runs-on must name a version of Ubuntu, received ${label}`;
    }
  }),

  "ignores no failure": forEachJob(function* (job) {
    for (const place of [job, ...job.steps]) {
      if ("continue-on-error" in place) yield "must not have continue-on-error";
    }
    for (const { run = "" } of job.steps) {
      if (/\|\|\s*(true|:|exit 0)|set \+e/.test(run)) yield `ignores a failure: ${run}`;
    }
  }),

  "pins each action to a known commit, with its version as a comment": ({ name, source }) =>
    source.split("\n").flatMap((line, index) => {
      const uses = /^\s*(?:- )?uses:\s*(.*)$/.exec(line)?.[1];
      const message = uses === undefined ? undefined : validatePin(uses);
      return message === undefined ? [] : [`${name}:${index + 1}: ${message}`];
    }),

  "keeps expressions out of scripts": forEachStep(function* (step) {
    if (step.run?.includes("${{")) yield "has an expression in run; pass it in env";
    if ("script" in step.with) yield "has an inline script; move it to .github/scripts";
  }),

  "leaves no credentials in the checkout": forEachStep(function* (step) {
    if (actionOf(step) === "actions/checkout" && step.with["persist-credentials"] !== "false") {
      yield "must have persist-credentials: false";
    }
  }),

  "installs the pinned Terraform without the wrapper, which hides exit codes": forEachStep(
    function* (step, _, __, { workflow }) {
      if (actionOf(step) !== "hashicorp/setup-terraform") return;
      if (step.with.terraform_wrapper !== "false") yield "must have terraform_wrapper: false";
      if (
        !step.with.terraform_version?.includes("env.TERRAFORM_VERSION") ||
        !/^\d+\.\d+\.\d+$/.test(workflow.env.TERRAFORM_VERSION ?? "")
      ) {
        yield "must use env.TERRAFORM_VERSION, an exact version";
      }
    },
  ),

  "passes secrets to single steps of jobs in an environment": forWorkflow(function* ({
    workflow: { jobs, ...rest },
  }) {
    if (namesSecrets(rest)) yield "must not use secrets outside of jobs";
    for (const [name, { steps, ...job }] of Object.entries(jobs)) {
      if (namesSecrets(job)) yield `${name}: must use secrets in the env of single steps only`;
      for (const { env, ...step } of steps) {
        const values = Object.entries(env).filter(([, value]) => namesSecrets(value));
        if (namesSecrets(step) || values.some(([key, value]) => value !== `\${{ secrets.${key} }}`))
          yield `${name}: ${step.name}: must pass a secret in an env variable of the same name`;
        if (values.length > 0 && job.environment === undefined)
          yield `${name}: ${step.name}: uses a secret, so the job must be in an environment`;
      }
    }
  }),

  "sets every variable that a script or command reads": forEachStep(function* (
    step,
    _,
    job,
    { workflow },
  ) {
    const defined = new Set([step.env, job.env, workflow.env].flatMap((env) => Object.keys(env)));
    for (const variable of variablesOf(step)) {
      if (!defined.has(variable)) yield `must set ${variable} in env`;
    }
  }),

  "checks out and installs packages before it runs a script or receives credentials": forEachStep(
    function* (step, earlier) {
      const needsPackages =
        scriptOf(step) !== undefined || /^aws-actions\//.test(actionOf(step) ?? "");
      if (!needsPackages) return;
      // npm ci runs install scripts of other people's packages, which could read credentials.
      const installed = earlier.findIndex(({ run }) => run?.startsWith("npm ci"));
      const checkedOut = earlier.findIndex((each) => actionOf(each) === "actions/checkout");
      if (checkedOut < 0 || installed < checkedOut) yield "must follow a checkout and npm ci";
    },
  ),

  "downloads artifacts that a needed job uploads": forEachJob(function* (
    { steps },
    name,
    { workflow: { jobs } },
  ) {
    const uploads = ancestors(jobs, name).flatMap((needed) =>
      (jobs[needed]?.steps ?? []).filter((step) => actionOf(step) === "actions/upload-artifact"),
    );
    for (const step of steps.filter((each) => actionOf(each) === "actions/download-artifact")) {
      const artifact = step.with.name ?? step.with.pattern ?? "";
      const prefix = artifact.replace(/\*$/, "");
      const isUploaded = uploads.some(({ with: { name: uploaded = "" } }) =>
        artifact.endsWith("*") ? uploaded.startsWith(prefix) : uploaded === artifact,
      );
      if (!isUploaded) yield `downloads ${artifact}, which no job it needs uploads`;
    }
  }),
};

function permissionsOf(step: Step): readonly string[] {
  return PERMISSIONS[scriptOf(step)?.split(" ")[0] ?? actionOf(step) ?? ""] ?? [];
}

function namesSecrets(value: unknown): boolean {
  return /\bsecrets\b/.test(JSON.stringify(value));
}

/** Variables that a step must set: read by `variable("…")` in its script, or by `$…` in its command. */
function variablesOf(step: Step): string[] {
  const file = scriptOf(step)?.split(" ")[0];
  const source =
    file === undefined ? "" : readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  return [
    ...[...source.matchAll(/\bvariable\("(?!GITHUB_(?!TOKEN))(\w+)"/g)].map(
      ([, name = ""]) => name,
    ),
    ...[...(step.run ?? "").matchAll(/\$(?!GITHUB_|PWD\b)(\w+)/g)].map(([, name = ""]) => name),
  ];
}

function validatePin(uses: string): string | undefined {
  const [, action = "", sha = "", version = ""] =
    /^([\w.-]+\/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(uses) ?? [];
  if (action === "") return `${uses} must have the form owner/name@<commit> # v<version>`;
  const pin = actionPins[action];
  if (pin === undefined) return `${action} is not in .github/action-pins.json`;
  if (pin.sha === sha && pin.version === version) return undefined;
  return `${action} must be pinned to ${pin.sha} # ${pin.version}, as in .github/action-pins.json`;
}
