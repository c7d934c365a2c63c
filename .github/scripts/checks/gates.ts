import { condition, oneLine, type Rule } from "./rule.ts";
import { actionOf, type Job, type Step, scriptOf, type Workflow } from "./workflow.ts";

/** What stands between a change and AWS, workflow by workflow. */
export const gates: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  "pull-request.yml": {
    "everything is checked, for everybody": only(function* ({ on, jobs }) {
      yield* value(JSON.stringify(on), '{"pull_request":{"branches":["main"]}}', "on");
      yield* mustRun(jobs, "check", ["npm test", "npm run synth"]);
      yield* mustRun(jobs, "end-to-end", ["npm ci", "npm run e2e"]);
      if (
        !jobs["end-to-end"]?.steps.some((step) => actionOf(step) === "hashicorp/setup-terraform")
      ) {
        yield "end-to-end must have Terraform";
      }
      if (
        !jobs["end-to-end"]?.steps.some(({ run }) =>
          /^pip install 'moto\[server\]==/.test(run ?? ""),
        )
      ) {
        yield "end-to-end must have the emulator";
      }
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
  },

  "deploy.yml": {
    "it starts by a merge or by hand": only(function* ({ on }) {
      const starts = JSON.stringify(on);
      const push = '"push":{"branches":["main"]}';
      if (!starts.includes(push) || Object.keys(on).sort().join() !== "push,workflow_dispatch") {
        yield `must start by a push to main or by hand, and starts by ${starts}`;
      }
      if (
        !/"environment":\{[^}]*"type":"choice","options":\["dev","prod"\],"required":true/.test(
          starts,
        )
      ) {
        yield "must ask for the environment";
      }
    }),

    "only main is deployed": only(function* ({ jobs }) {
      const when = condition(jobs.build?.if);
      if (when !== "vars.ENVIRONMENTS != '' && github.ref == 'refs/heads/main'") {
        yield `build has the condition ${when}`;
      }
      for (const [name] of Object.entries(jobs)) {
        if (name !== "build" && !waitsFor(jobs, name, "build")) yield `${name} must need build`;
      }
    }),

    "whatever fails stops it": only(function* ({ jobs }) {
      for (const [name, job] of Object.entries(jobs)) {
        if (!["build", "stopped"].includes(name) && job.if !== undefined) {
          yield `${name} must run only after what it needs, and has the condition ${job.if}`;
        }
      }
      for (const step of jobs.deploy?.steps ?? []) {
        const script = scriptOf(step) ?? "";
        if (step.if !== undefined && DEPLOYMENT.includes(script) && step.id !== "after") {
          yield `${script} must run only after the steps before it`;
        }
      }
    }),

    "it is scanned before it is deployed": only(function* ({ jobs }) {
      for (const scan of SCANS) {
        yield* scanned(jobs, scan);
        const [name = scan] = jobsThatRun(jobs, `scan.ts ${scan}`);
        if (!needs(jobs, "deploy").includes(name)) yield `deploy must need ${name}`;
      }
    }),

    "what is deployed is what was scanned": only(function* ({ jobs }) {
      const { build, scan, deploy } = jobs;
      const built = "${{ needs.build.outputs.digest }}";
      const scannedDigest = "${{ needs.scan.outputs.digest }}";
      yield* value(build?.outputs.digest, "${{ steps.image.outputs.digest }}", "build's digest");
      yield* value(scan?.outputs.digest, "${{ steps.image.outputs.digest }}", "scan's digest");
      yield* value(
        stepOf(scan, "image-digest.ts")?.env.EXPECTED_DIGEST,
        built,
        "what scan expects",
      );
      yield* value(stepOf(scan, "image-digest.ts")?.env.ARCHIVE, "image.tar", "what scan looks at");
      yield* value(stepOf(scan, "scan.ts image")?.env.ARCHIVE, "image.tar", "what Snyk scans");
      yield* value(
        stepOf(deploy, "image-digest.ts")?.env.EXPECTED_DIGEST,
        scannedDigest,
        "what deploy expects",
      );
      yield* value(deploy?.env.IMAGE_DIGEST, scannedDigest, "what deploy deploys");
      yield* value(
        stepOf(deploy, "serving.ts", "serving")?.env.EXPECTED_DIGEST,
        scannedDigest,
        "what must serve",
      );
      yield* inOrder(scan, ["image-digest.ts", "scan.ts image"]);
      const uploads = Object.values(jobs).flatMap(({ steps }) =>
        steps.filter((step) => actionOf(step) === UPLOAD && step.with.name === "image"),
      );
      if (uploads.length !== 1) yield "one job must build the image, and only one";
      yield* value(uploads[0]?.with.path, "image.tar", "what is uploaded");
      const emulator = build?.steps.find((step) => actionOf(step) === "docker/setup-qemu-action");
      const other = "steps.settings.outputs.platform == 'linux/arm64'";
      yield* value(condition(emulator?.if), other, "when another processor is emulated");
      yield* value(emulator?.with.platforms, "arm64", "which processor is emulated");
      const command = oneLine(build?.steps.find(({ run }) => run?.includes("buildx"))?.run ?? "");
      for (const option of ["--sbom=true", "--provenance=mode=max", '--platform "$PLATFORM"']) {
        if (!command.includes(option)) yield `the image must be built with ${option}`;
      }
    }),

    "what is applied is what was reviewed": only(function* ({ jobs }) {
      const { plan, deploy } = jobs;
      const byMerge = "github.event_name != 'workflow_dispatch'";
      yield* planned(plan, "env.ENVIRONMENT");
      yield* mustRunWhen(plan, "reviewed.ts", byMerge);
      yield* inOrder(plan, ["reviewed.ts", "plan.ts"]);
      yield* value(
        oneLine(plan?.outputs.reviewed ?? ""),
        "${{ github.event_name == 'workflow_dispatch' && steps.plan.outputs.plans || steps.reviewed.outputs.plans }}",
        "what was reviewed",
      );
      const digest = stepOf(plan, "plan.ts")?.env.IMAGE_DIGEST;
      yield* value(digest, "${{ needs.build.outputs.digest }}", "the image that is planned");
      if (!needs(jobs, "deploy").includes("plan")) yield "deploy must need plan";
      const apply = stepOf(deploy, "apply.ts");
      yield* value(
        apply?.env.REVIEWED,
        "${{ needs.plan.outputs.reviewed }}",
        "what apply holds to",
      );
    }),

    "the deploy role is the environment's": only(function* ({ jobs }) {
      const { build, deploy } = jobs;
      yield* value(
        deploy?.environment?.name,
        "${{ needs.build.outputs.github-environment }}",
        "deploy's environment",
      );
      const output = build?.outputs["github-environment"];
      yield* value(output, "${{ steps.settings.outputs.github-environment }}", "the environment");
      yield* role(deploy, "deploy-role");
      for (const [name, job] of Object.entries(jobs)) {
        if (name !== "deploy" && JSON.stringify(job).includes("deploy-role")) {
          yield `${name} must not have the deploy role`;
        }
      }
    }),

    "a deployment is looked at before it counts": only(function* ({ jobs }) {
      const { deploy } = jobs;
      yield* inOrder(deploy, DEPLOYMENT);
      yield* value(stepOf(deploy, "serving.ts")?.id, "before", "what served is asked before");
      const url = stepOf(deploy, "smoke-test.ts")?.env.URL;
      yield* value(url, "${{ steps.apply.outputs.endpoint }}", "what the smoke test tests");
      const when = "failure() && steps.smoke-test.outcome == 'failure'";
      yield* mustRunWhen(deploy, "roll-back.ts", when);
      const previous = stepOf(deploy, "roll-back.ts")?.env.PREVIOUS_DIGEST;
      yield* value(previous, "${{ steps.before.outputs.digest }}", "what is rolled back to");
      const signed = deploy?.steps.find(
        (step) => actionOf(step) === "actions/attest-build-provenance",
      );
      const repository = "${{ steps.push.outputs.repository }}";
      yield* value(signed?.with["subject-name"], repository, "the name that is signed");
      yield* value(
        signed?.with["subject-digest"],
        "${{ needs.scan.outputs.digest }}",
        "what is signed",
      );
    }),

    "a failure says what serves": only(function* ({ jobs }) {
      const { deploy, stopped } = jobs;
      yield* mustRunWhen(deploy, "deployment-summary.ts", "always()");
      for (const id of ["before", "push", "apply", "serving", "smoke-test", "roll-back", "after"]) {
        if (!deploy?.steps.some((step) => step.id === id))
          yield `the summary looks for a step ${id}`;
      }
      const steps = stepOf(deploy, "deployment-summary.ts")?.env.STEPS;
      yield* value(steps, "${{ toJSON(steps) }}", "what is summed up");
      const after = deploy?.steps.find(({ id }) => id === "after");
      if (after === undefined || scriptOf(after) !== "serving.ts")
        yield "deploy must find what serves";
      yield* value(
        condition(after?.if),
        "failure() && steps.apply.outcome != 'skipped'",
        "its condition",
      );
      const when = condition(stopped?.if);
      yield* value(when, "failure() && needs.deploy.result == 'skipped'", "when stopped runs");
      const all = Object.keys(jobs).filter((name) => !["stopped", "monitor"].includes(name));
      if (all.some((name) => !needs(jobs, "stopped").includes(name)))
        yield "stopped must need them all";
      if (!stopped?.steps.some(({ run }) => run?.includes("$GITHUB_STEP_SUMMARY"))) {
        yield "stopped must say so";
      }
    }),

    "what was deployed is watched, and that never gates": only(function* ({ jobs }) {
      yield* mustRun(jobs, "monitor", ["monitor.ts"]);
      for (const needed of ["deploy", "scan"]) {
        if (!needs(jobs, "monitor").includes(needed)) yield `monitor must need ${needed}`;
      }
      const waiting = Object.keys(jobs).filter((name) => needs(jobs, name).includes("monitor"));
      if (waiting.length > 0) yield `${waiting.join()} must not wait for monitor`;
      yield* guarded(jobs.monitor, "monitor");
    }),
  },

  "drift.yml": {
    "it runs every night, on main": only(function* ({ on, jobs }) {
      if (!/"schedule":\[\{"cron":"\d+ \d+ \* \* \*"\}\]/.test(JSON.stringify(on))) {
        yield "must run every night";
      }
      if (!("workflow_dispatch" in on)) yield "must run by hand, too";
      const when = condition(jobs.deployed?.if);
      yield* value(
        when,
        "vars.ENVIRONMENTS != '' && github.ref == 'refs/heads/main'",
        "its condition",
      );
    }),

    "what was deployed is planned": only(function* ({ jobs }) {
      const commit = "${{ fromJSON(needs.deployed.outputs.commits)[matrix.environment] }}";
      yield* planned(jobs.plan, "matrix.environment");
      yield* mustRun(jobs, "deployed", ["deployed-commits.ts"]);
      if (!needs(jobs, "plan").includes("deployed")) yield "plan must need deployed";
      yield* value(condition(jobs.plan?.if), "needs.deployed.outputs.environments != '[]'", "when");
      yield* inOrder(jobs.plan, ["deployed-image.ts", "plan.ts"]);
      const checkout = jobs.plan?.steps.find((step) => actionOf(step) === "actions/checkout");
      yield* value(checkout?.with.ref, commit, "what is checked out");
      const { COMMIT, IMAGE_DIGEST } = stepOf(jobs.plan, "plan.ts")?.env ?? {};
      yield* value(COMMIT, commit, "what is planned");
      yield* value(IMAGE_DIGEST, "${{ steps.image.outputs.digest }}", "the image");
      const matrix = JSON.stringify(jobs.plan?.strategy ?? "");
      if (!matrix.includes("${{ fromJSON(needs.deployed.outputs.environments) }}")) {
        yield "plan must be of each environment";
      }
      const upload = jobs.plan?.steps.find((step) => actionOf(step) === UPLOAD);
      yield* value(condition(upload?.if), "!cancelled()", "a report must outlive a failure");
    }),

    "one issue is kept, after a plan that failed, too": only(function* ({ jobs }) {
      yield* mustRun(jobs, "report", ["drift.ts"]);
      for (const needed of ["deployed", "plan"]) {
        if (!needs(jobs, "report").includes(needed)) yield `report must need ${needed}`;
      }
      const when =
        "!cancelled() && needs.deployed.result == 'success' && needs.deployed.outputs.environments != '[]'";
      yield* value(condition(jobs.report?.if), when, "its condition");
    }),
  },
};

const UPLOAD = "actions/upload-artifact";
const SCANS = ["dependencies", "image", "plans"] as const;
const OWN_CODE =
  "github.event.pull_request.head.repo.full_name == github.repository && github.event.pull_request.user.login != 'dependabot[bot]'";

/** The steps of a deployment that must succeed one after the other. */
const DEPLOYMENT = [
  "image-digest.ts",
  "serving.ts",
  "push-image.ts",
  "apply.ts",
  "serving.ts",
  "smoke-test.ts",
];

type Jobs = Workflow["jobs"];

function only(problems: (workflow: Workflow) => Iterable<string>): Rule {
  return ({ name, workflow }) => [...problems(workflow)].map((problem) => `${name}: ${problem}`);
}

function needs(jobs: Jobs, name: string): readonly string[] {
  return jobs[name]?.needs ?? [];
}

/** Directly or through others. */
function waitsFor(jobs: Jobs, name: string, other: string): boolean {
  return needs(jobs, name).some((needed) => needed === other || waitsFor(jobs, needed, other));
}

function commandsOf({ steps }: Job): string[] {
  return steps.map((step) => scriptOf(step) ?? oneLine(step.run ?? ""));
}

function jobsThatRun(jobs: Jobs, command: string): string[] {
  return Object.keys(jobs).filter((name) => commandsOf(jobs[name] as Job).includes(command));
}

function stepOf(job: Job | undefined, script: string, id?: string): Step | undefined {
  return job?.steps.find(
    (step) => scriptOf(step) === script && (id === undefined || step.id === id),
  );
}

function* value(actual: string | undefined, wanted: string, what: string): Generator<string> {
  if (actual !== wanted) yield `${what}: ${actual ?? "nothing"} instead of ${wanted}`;
}

function* mustRun(jobs: Jobs, name: string, commands: readonly string[]): Generator<string> {
  const job = jobs[name];
  for (const command of commands) {
    const step = job?.steps.find((each) => (scriptOf(each) ?? oneLine(each.run ?? "")) === command);
    if (step === undefined || step.if !== undefined) yield `${name} must run ${command}`;
  }
}

function* mustRunWhen(job: Job | undefined, script: string, when: string): Generator<string> {
  const step = stepOf(job, script);
  if (step === undefined) yield `must run ${script}`;
  else yield* value(condition(step.if), when, `the condition of ${script}`);
}

/** The scripts are all there, each after the one before it. */
function* inOrder(job: Job | undefined, scripts: readonly string[]): Generator<string> {
  const run = job === undefined ? [] : commandsOf(job);
  let at = -1;
  for (const script of scripts) {
    const next = run.indexOf(script, at + 1);
    if (next < 0) {
      yield `must run ${scripts.join(", ")} in this order`;
      return;
    }
    at = next;
  }
}

/** A scan whose job is red with it, whose token an environment guards, and whose results are shown. */
function* scanned(jobs: Jobs, scan: (typeof SCANS)[number]): Generator<string> {
  const [name, ...more] = jobsThatRun(jobs, `scan.ts ${scan}`);
  const job = jobs[name ?? ""];
  if (name === undefined || job === undefined || more.length > 0) {
    yield `one job must scan the ${scan}`;
    return;
  }
  const step = stepOf(job, `scan.ts ${scan}`);
  if (!["", "!cancelled()"].includes(condition(step?.if))) yield `${name} may leave out the scan`;
  yield* guarded(job, name);
  const upload = job.steps.find((each) => actionOf(each) === "github/codeql-action/upload-sarif");
  yield* value(
    condition(upload?.if),
    "!cancelled() && hashFiles('sarif/*.sarif') != ''",
    `the upload of ${name}`,
  );
  yield* value(upload?.with.sarif_file, step?.env.SARIF_FOLDER ?? "", `what ${name} uploads`);
}

function* guarded(job: Job | undefined, name: string): Generator<string> {
  if (job?.environment?.name !== "snyk" || job.environment.deployment !== false) {
    yield `${name} must be in the environment snyk, which is no deployment`;
  }
}

/** A job that plans with the plan role, in the account that the settings name. */
function* planned(job: Job | undefined, environment: string): Generator<string> {
  const settings = stepOf(job, "settings.ts")?.env.SETTINGS;
  yield* value(settings, `\${{ vars[format('SETTINGS_{0}', ${environment})] }}`, "the settings");
  yield* role(job, "plan-role");
  if (stepOf(job, "plan.ts") === undefined) yield "must run plan.ts";
  const bucket = stepOf(job, "plan.ts")?.env.PLAN_BUCKET;
  yield* value(bucket, "${{ steps.settings.outputs.plan-bucket }}", "where plans are saved");
}

function* role(job: Job | undefined, output: string): Generator<string> {
  const step = job?.steps.find(
    (each) => actionOf(each) === "aws-actions/configure-aws-credentials",
  );
  const wanted: Readonly<Record<string, string>> = {
    "role-to-assume": `\${{ steps.settings.outputs.${output} }}`,
    "allowed-account-ids": "${{ steps.settings.outputs.account-id }}",
    "aws-region": "${{ steps.settings.outputs.region }}",
  };
  for (const [input, expected] of Object.entries(wanted))
    yield* value(step?.with[input], expected, input);
  if (!step?.with["role-session-name"]?.endsWith("-${{ github.run_id }}")) {
    yield "role-session-name must name the run, for the trail";
  }
}

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
