import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";
import { ancestors } from "./graph.ts";
import { actionPins } from "./pins.ts";
import { isPrivileged } from "./privileged.ts";
import { actionOf, type Step, scriptOf } from "./workflow.ts";
import { forEachJob, forEachStep, forWorkflow, type WorkflowCheck } from "./workflow-check.ts";

const EVENTS = ["pull_request", "push", "schedule", "workflow_dispatch", "workflow_run"];

const NODE_VERSION = z
  .object({ devDependencies: z.object({ node: z.string() }) })
  .parse(JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")))
  .devDependencies.node;

/** What the root folder has in a checkout with installed packages. */
const CHECKOUT = ["node_modules", ...readdirSync(new URL("../../../", import.meta.url))];

/** The permissions of the job's token that an action or a script uses. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "actions/attest-build-provenance": ["attestations: write", "id-token: write"],
  "actions/checkout": ["contents: read"],
  "aws-actions/configure-aws-credentials": ["id-token: write"],
  "branch-files.ts": ["contents: read"],
  "comment.ts": ["pull-requests: write"],
  "deployed-commits.ts": ["contents: read", "deployments: read"],
  "drift.ts": ["issues: write"],
  "github/codeql-action/upload-sarif": ["actions: read", "security-events: write"],
  "newer-deployment.ts": ["contents: read", "deployments: read"],
  "pull-request.ts": ["actions: read", "pull-requests: read", "statuses: write"],
  "replan.ts": ["actions: write", "pull-requests: read"],
  "review-run.ts": ["actions: read", "contents: read", "pull-requests: read"],
  "rescan.ts": ["contents: write", "issues: write"],
  "review-status.ts": ["statuses: write"],
  "reviewed.ts": ["actions: read", "contents: read", "pull-requests: read"],
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
    const expected = "pull_request" in on || "workflow_run" in on;
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
      const installed = earlier.findIndex(({ run }) => run?.startsWith("npm ci"));
      const checkedOut = earlier.findIndex((each) => actionOf(each) === "actions/checkout");
      if (checkedOut < 0 || installed < checkedOut) yield "must follow a checkout and npm ci";
    },
  ),

  "installs packages without their scripts, and the pinned Node, beside credentials": forEachJob(
    function* (job) {
      if (!isPrivileged(job)) return;
      for (const { run = "" } of job.steps) {
        if (/\bnpm (ci|install|i|exec)\b/.test(run) && !run.includes("npm ci --ignore-scripts"))
          yield `must install with npm ci --ignore-scripts, received ${run}`;
        if (/\b(npm (test|run)|npx)\b/.test(run))
          yield `must run scripts of this folder only, received ${run}`;
        const rebuilt = /\bnpm rebuild\b(.*)/.exec(run)?.[1];
        if (rebuilt !== undefined && !/^ snyk\b/.test(rebuilt))
          yield `must rebuild snyk only, received ${run}`;
        if (rebuilt !== undefined && !job.steps.some(usesSnyk))
          yield "must not run the script of snyk, which it does not use";
      }
      const node = job.steps.find((step) => actionOf(step) === "actions/setup-node");
      const installs = job.steps.some(({ run = "" }) => run.includes("npm ci"));
      if (!installs) return;
      if (node?.with["node-version"] !== "${{ env.NODE_VERSION }}")
        yield "must set up env.NODE_VERSION, as the package node needs its script";
      if (node?.with["package-manager-cache"] !== "false")
        yield "must have package-manager-cache: false";
    },
  ),

  "uses the Node version of package.json": forWorkflow(function* ({ workflow: { env } }) {
    if (env.NODE_VERSION !== undefined && env.NODE_VERSION !== NODE_VERSION)
      yield `NODE_VERSION must be ${NODE_VERSION}, as in package.json`;
  }),

  "shares no cache, which a pull request could poison": forEachStep(function* (step) {
    if (/^actions\/cache\b/.test(actionOf(step) ?? "")) yield "must not use a cache";
    const { cache, "cache-binary": binary, "cache-to": to } = step.with;
    if (cache !== undefined || to !== undefined || binary === "true") yield "must not set a cache";
  }),

  "passes no token but to the actions and scripts that need it": forEachStep(function* (step) {
    const token = "${{ github.token }}";
    for (const [name, value] of Object.entries({ ...step.env, ...step.with })) {
      if (!value.includes("github.token") && !value.includes("GITHUB_TOKEN")) continue;
      const isKnown =
        value === token &&
        (name === "GITHUB_TOKEN"
          ? scriptOf(step) !== undefined
          : name === "github-token" && actionOf(step) === "actions/download-artifact");
      if (!isKnown) yield `must not pass the token as ${name}`;
    }
  }),

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
      if (step.with["run-id"] !== undefined) continue; // see the invariants
      const prefix = artifact.replace(/\*$/, "");
      const isUploaded = uploads.some(({ with: { name: uploaded = "" } }) =>
        artifact.endsWith("*") ? uploaded.startsWith(prefix) : uploaded === artifact,
      );
      if (!isUploaded) yield `downloads ${artifact}, which no job it needs uploads`;
    }
  }),

  // https://github.com/actions/upload-artifact#overwriting-an-artifact
  "can upload an artifact again when its job is run again": forEachStep(function* (step) {
    if (actionOf(step) === "actions/upload-artifact" && step.with.overwrite !== "true")
      yield "must have overwrite: true";
  }),

  "downloads each artifact to a folder of its own, where it replaces no file of the checkout":
    forEachJob(function* ({ steps }) {
      const used = new Set(CHECKOUT);
      for (const step of steps) {
        if (actionOf(step) !== "actions/download-artifact") continue;
        const { path = "." } = step.with;
        if (!/^[a-z][a-z-]*$/.test(path) || used.has(path))
          yield `must download to a folder that has nothing else, received ${path}`;
        used.add(path);
      }
    }),
};

function permissionsOf(step: Step): readonly string[] {
  const fromOtherRun = step.with["run-id"] === undefined ? [] : ["actions: read"];
  const program = scriptOf(step)?.split(" ")[0] ?? actionOf(step) ?? "";
  return [...(PERMISSIONS[program] ?? []), ...fromOtherRun];
}

function usesSnyk(step: Step): boolean {
  return /^(scan|monitor)\.ts\b/.test(scriptOf(step) ?? "");
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
