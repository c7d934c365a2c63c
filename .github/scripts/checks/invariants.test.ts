import { describe, expect, test } from "vitest";
import { invariants } from "./invariants.ts";
import { documentOf, readWorkflow, type WorkflowFile, workflowSources } from "./workflow.ts";

type Path = readonly (string | number)[];

describe.each(workflowSources)("%s", (name, source) => {
  test.each(Object.entries(invariants))("%s", (_, check) => {
    expect(check(readWorkflow(name, source))).toEqual([]);
  });
});

/** Returns a workflow with one value replaced, or removed where the value is undefined. */
function mutate(name: string, path: Path, value: unknown): WorkflowFile {
  const [, source = ""] = workflowSources.find(([file]) => file === name) ?? [];
  const document = documentOf(source);
  const resolved = path[2] === "steps" ? resolveStep(name, path) : path;
  expect(document.hasIn(resolved) || value !== undefined, `${path.join(".")} exists`).toBe(true);
  if (value === undefined) document.deleteIn(resolved);
  else document.setIn(resolved, value);
  return readWorkflow(name, String(document));
}

/** Replaces the program that a path names a step by, as in `["jobs", "deploy", "steps", "apply.ts"]`. */
function resolveStep(name: string, path: Path): Path {
  const [jobs = "", job = "", steps = "", program = "", ...rest] = path;
  const [, source = ""] = workflowSources.find(([file]) => file === name) ?? [];
  const all = readWorkflow(name, source).workflow.jobs[job]?.steps ?? [];
  const index = all.findIndex(
    ({ id, run = "", uses = "" }) =>
      id === program ||
      run === program ||
      run.endsWith(`/${program}`) ||
      uses.startsWith(`${program}@`),
  );
  expect(index, `${job} has a step ${program}`).toBeGreaterThanOrEqual(0);
  return [jobs, job, steps, index, ...rest];
}

type Mutation = readonly [file: string, path: Path, value: unknown, message: RegExp];
const step = (job: string, program: string, ...rest: Path): Path => [
  ...["jobs", job, "steps", program],
  ...rest,
];

const mutations: Readonly<Record<keyof typeof invariants, readonly Mutation[]>> = {
  "runs the code of a branch without secrets, roles and tokens that can write": [
    [
      "pull-request.yml",
      ["jobs", "check", "permissions", "id-token"],
      "write",
      /check has a secret, a role/,
    ],
    ["build.yml", ["jobs", "stacks", "environment"], { name: "snyk" }, /stacks has a secret/],
    ["build.yml", ["jobs", "image", "permissions"], undefined, /image has a secret/],
  ],
  "treats what a branch built as data": [
    ["review.yml", ["on", "workflow_run", "workflows"], ["Evil"], /must run after Build/],
    ["review.yml", ["jobs", "pull-request", "if"], undefined, /runs for another branch/],
    [
      "review.yml",
      step("plan", "actions/checkout", "with", "ref"),
      "${{ github.event.workflow_run.head_sha }}",
      /plan must check out main/,
    ],
    [
      "review.yml",
      step("plan", "actions/download-artifact", "with", "path"),
      ".",
      /must download results of a branch to foreign-stacks or image/,
    ],
    [
      "review.yml",
      step("comment", "comment.ts", "env", "REPORTS"),
      "foreign-stacks",
      /comment\.ts must not read foreign-stacks/,
    ],
    [
      "review.yml",
      step("plan", "plan.ts", "run"),
      "npm run synth",
      /must run scripts of main only/,
    ],
  ],
  "lets a pull request merge only if every job passed": [
    ["pull-request.yml", ["jobs", "passed", "if"], undefined, /must fail when end-to-end fails/],
    ["pull-request.yml", ["jobs", "passed", "needs"], ["check"], /passed must need end-to-end/],
    [
      "pull-request.yml",
      step("passed", "exit 1", "if"),
      "contains(needs.*.result, 'failure')",
      /passed must fail when check is cancelled/,
    ],
    [
      "pull-request.yml",
      step("passed", "exit 1", "if"),
      "always()",
      /passed must accept a skipped job/,
    ],
    ["review.yml", ["jobs", "review", "needs"], ["pull-request"], /review must need scan/],
    [
      "review.yml",
      ["jobs", "review", "if"],
      "needs.pull-request.outputs.number != ''",
      /review must report that scan failed/,
    ],
    [
      "review.yml",
      step("review", "review-status.ts", "env", "RESULTS"),
      "[]",
      /review must report the results/,
    ],
  ],
  "deploys only main, after a merge or by hand": [
    ["deploy.yml", ["jobs", "source", "if"], "vars.ENVIRONMENTS != ''", /source runs for another/],
    ["deploy.yml", ["jobs", "plan", "needs"], undefined, /plan runs for another branch/],
    ["deploy.yml", ["on", "push", "branches"], ["main", "next"], /push to main only/],
    ["deploy.yml", ["on", "schedule"], [], /by hand only/],
  ],
  "deploys only after every scan and the plan succeeded": [
    ["deploy.yml", ["jobs", "deploy", "needs"], ["build", "scan", "plan"], /scan\.ts plans/],
    ["deploy.yml", ["jobs", "deploy", "if"], "${{ !cancelled() }}", /although scan failed/],
    ["deploy.yml", step("scan", "scan.ts dependencies"), undefined, /scan\.ts dependencies/],
  ],
  "runs every scan, even after another scan failed": [
    [
      "deploy.yml",
      step("scan", "scan.ts image", "if"),
      "github.event_name == 'workflow_dispatch'",
      /may skip scan\.ts image/,
    ],
    [
      "review.yml",
      step("scan-plans", "github/codeql-action/upload-sarif", "if"),
      undefined,
      /must upload the results of a failed scan/,
    ],
  ],
  "pushes, attests and deploys only the image that was scanned": [
    [
      "deploy.yml",
      ["jobs", "deploy", "env", "IMAGE_DIGEST"],
      "${{ needs.build.outputs.digest }}",
      /env\.IMAGE_DIGEST must come from the job that scans/,
    ],
    [
      "deploy.yml",
      step("deploy", "image-digest.ts", "env", "EXPECTED_DIGEST"),
      "${{ needs.build.outputs.digest }}",
      /EXPECTED_DIGEST of image-digest\.ts/,
    ],
    [
      "deploy.yml",
      step("deploy", "serving", "env", "EXPECTED_DIGEST"),
      "${{ needs.build.outputs.digest }}",
      /EXPECTED_DIGEST of serving\.ts/,
    ],
    [
      "deploy.yml",
      step("deploy", "actions/attest-build-provenance", "with", "subject-digest"),
      "${{ needs.build.outputs.digest }}",
      /the attested digest/,
    ],
    ["deploy.yml", step("scan", "image-digest.ts"), undefined, /must compute the digest/],
  ],
  "deploys an existing image only after it verified where it was built": [
    ["deploy.yml", step("source", "verify-image.ts"), undefined, /in this order/],
    ["deploy.yml", step("source", "verify-image.ts", "if"), "always()", /verify every image/],
    [
      "deploy.yml",
      step("deploy", "actions/attest-build-provenance", "if"),
      "${{ !github.event.repository.private }}",
      /must not attest an image that another run built/,
    ],
    [
      "deploy.yml",
      step("deploy", "actions/attest-build-provenance", "if"),
      "needs.source.outputs.digest != ''",
      /must attest the image that the run built/,
    ],
  ],
  "applies only what was reviewed": [
    [
      "deploy.yml",
      step("deploy", "apply.ts", "env", "REVIEWED"),
      "{}",
      /must come from plan\.ts and reviewed\.ts/,
    ],
    [
      "deploy.yml",
      ["jobs", "plan", "outputs", "reviewed"],
      "${{ steps.plan.outputs.plans }}",
      /received plan\.ts$/,
    ],
    [
      "deploy.yml",
      step("plan", "reviewed.ts", "if"),
      "github.event_name == 'workflow_dispatch'",
      /must run reviewed\.ts after a merge/,
    ],
    [
      "deploy.yml",
      step("plan", "review-run.ts"),
      undefined,
      /must run review-run\.ts after a merge/,
    ],
    [
      "deploy.yml",
      step("plan", "actions/download-artifact", "with", "run-id"),
      "${{ github.run_id }}",
      /the run that review-run\.ts found/,
    ],
    [
      "deploy.yml",
      step("plan", "plan.ts", "env", "IMAGE_DIGEST"),
      undefined,
      /must plan the image that was built/,
    ],
  ],
  "gives the deploy role to deployments in a GitHub environment only": [
    [
      "deploy.yml",
      step("plan", "aws-actions/configure-aws-credentials", "with", "role-to-assume"),
      "${{ steps.settings.outputs.deploy-role }}",
      /plan: must assume the plan-role/,
    ],
    ["deploy.yml", ["jobs", "deploy", "environment"], undefined, /must be in the settings'/],
    [
      "drift.yml",
      step("plan", "aws-actions/configure-aws-credentials", "with", "allowed-account-ids"),
      "123456789012",
      /allowed-account-ids must come from the settings/,
    ],
    [
      "review.yml",
      step("plan", "aws-actions/configure-aws-credentials", "with", "role-session-name"),
      "plan",
      /must contain the run id/,
    ],
  ],
  "verifies a deployment, rolls back after a failed smoke test, and always reports": [
    ["deploy.yml", step("deploy", "smoke-test.ts"), undefined, /in this order/],
    ["deploy.yml", step("deploy", "newer-deployment.ts"), undefined, /in this order/],
    ["deploy.yml", step("deploy", "verify-image.ts"), undefined, /in this order/],
    ["deploy.yml", step("deploy", "verify-image.ts", "if"), "always()", /must not have an if/],
    ["deploy.yml", step("deploy", "serving", "if"), "always()", /must not have an if/],
    ["deploy.yml", step("deploy", "roll-back.ts", "if"), "failure()", /must not roll back before/],
    ["deploy.yml", step("deploy", "roll-back.ts", "if"), undefined, /must roll back after/],
    [
      "deploy.yml",
      step("deploy", "roll-back.ts", "env", "PREVIOUS_DIGEST"),
      "${{ needs.scan.outputs.digest }}",
      /the image that served before/,
    ],
    ["deploy.yml", step("deploy", "deployment-summary.ts", "if"), undefined, /report a failure/],
    ["deploy.yml", ["jobs", "stopped", "if"], undefined, /stopped must report/],
  ],
  "monitors what was deployed, and never waits for it": [
    ["deploy.yml", ["jobs", "monitor", "needs"], ["build"], /monitor must need the deployment/],
    ["deploy.yml", ["jobs", "stopped", "needs"], ["build", "monitor"], /must not need monitor/],
    ["deploy.yml", ["jobs", "monitor"], undefined, /a job must run monitor\.ts/],
  ],
  "compares AWS every night with the commit that was deployed": [
    ["drift.yml", step("plan", "actions/checkout", "with", "ref"), undefined, /the checkout/],
    ["drift.yml", step("plan", "plan.ts", "env", "COMMIT"), "main", /the planned commit/],
    ["drift.yml", step("plan", "plan.ts", "env", "IMAGE_DIGEST"), undefined, /the planned image/],
    ["drift.yml", ["on", "schedule", 0, "cron"], "0 0 * * 1", /must run every night/],
  ],
  "passes the signals of a cancelled job to Terraform": [
    [
      "deploy.yml",
      step("deploy", "apply.ts", "run"),
      "node .github/scripts/apply.ts",
      /must run exec node \.github\/scripts\/apply\.ts/,
    ],
    [
      "deploy.yml",
      step("deploy", "roll-back.ts", "run"),
      "node .github/scripts/roll-back.ts",
      /must run exec node/,
    ],
  ],
  "never compares AWS while a deployment changes it": [
    ["deploy.yml", ["concurrency", "group"], "deploy", /must be deploy-<environment>/],
    ["drift.yml", ["jobs", "plan", "concurrency"], undefined, /group of the deployments/],
    ["drift.yml", ["jobs", "plan", "concurrency", "queue"], undefined, /without cancelling/],
    ["drift.yml", step("plan", "plan.ts", "env", "DRIFT"), undefined, /stacks that are being/],
  ],
  "reports a plan that failed": [
    ["drift.yml", ["jobs", "report", "if"], undefined, /report must run after plan failed/],
    [
      "review.yml",
      ["jobs", "comment", "if"],
      "needs.pull-request.outputs.number != ''",
      /comment must run after plan failed/,
    ],
    [
      "review.yml",
      step("plan", "actions/upload-artifact", "if"),
      undefined,
      /must upload plan-report.* after a failure/,
    ],
  ],
};

test("tests every invariant with a workflow that violates it", () => {
  expect(Object.keys(mutations).sort()).toEqual(Object.keys(invariants).sort());
});

describe.each(Object.entries(mutations))("rejects a violation of: %s", (name, violations) => {
  test.each(violations)("%s: %j = %j", (file, path, value, message) => {
    const messages = invariants[name]?.(mutate(file, path, value)) ?? [];
    expect(messages.join("\n")).toMatch(message);
  });
});
