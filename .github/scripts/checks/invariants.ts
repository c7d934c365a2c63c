import { treatsAsData } from "./branch-data.ts";
import { contextsOf, FAILED } from "./contexts.ts";
import { isConditionMet } from "./expressions.ts";
import { ancestors, indexOf, jobsRunning, simulate, sourcesOf } from "./graph.ts";
import { isPrivileged } from "./privileged.ts";
import { actionOf, type Job, scriptOf, type Workflow, type WorkflowFile } from "./workflow.ts";
import { forEachJob, forWorkflow, type WorkflowCheck } from "./workflow-check.ts";

const SCANS = ["scan.ts dependencies", "scan.ts image", "scan.ts plans"];
const CREDENTIALS = "aws-actions/configure-aws-credentials";
const DEPLOYMENT = [
  "newer-deployment.ts",
  "image-digest.ts",
  "push-image.ts",
  "verify-image.ts",
  "apply.ts",
  "serving.ts",
  "smoke-test.ts",
] as const;

/**
 * The guarantees of the pipeline as a whole, checked on the graph of jobs: by simulating which jobs run,
 * and by tracing values to the steps that set them.
 */
export const invariants: Readonly<Record<string, WorkflowCheck>> = {
  "runs the code of a branch without secrets, roles and tokens that can write": forWorkflow(
    function* ({ workflow }) {
      if (!("pull_request" in workflow.on)) return;
      for (const [name, job] of Object.entries(workflow.jobs)) {
        if (isPrivileged(job))
          yield `${name} has a secret, a role or a token that can write, and runs the code of a branch`;
      }
    },
  ),

  "treats what a branch built as data": treatsAsData,

  "lets a pull request merge only if every job passed": forWorkflow(function* ({ workflow }) {
    if ("workflow_run" in workflow.on) {
      const { review, ...others } = workflow.jobs;
      const missing = Object.keys(others).filter((name) => !review?.needs.includes(name));
      if (missing.length > 0) yield `review must need ${missing.join(", ")}`;
      if (step(review, "review-status.ts")?.env.RESULTS !== "${{ toJSON(needs.*.result) }}")
        yield "review must report the results of all jobs";
      for (const name of Object.keys(others)) {
        const conclusions = simulate(workflow, contextsOf(), [name]);
        if (name !== "pull-request" && conclusions.get("review") !== "success")
          yield `review must report that ${name} failed`;
      }
      return;
    }
    if (!("pull_request" in workflow.on) || !("end-to-end" in workflow.jobs)) return;
    const { passed, ...others } = workflow.jobs;
    for (const name of Object.keys(others)) {
      if (!passed?.needs.includes(name)) yield `passed must need ${name}`;
      if (!failsWith(workflow, name, "failure")) yield `passed must fail when ${name} fails`;
      if (!failsWith(workflow, name, "cancelled"))
        yield `passed must fail when ${name} is cancelled`;
    }
    if (failsWith(workflow, "check", "skipped")) yield "passed must accept a skipped job";
  }),

  "deploys only main, after a merge or by hand": forWorkflow(function* ({ workflow }) {
    if (deployJobs(workflow).length === 0) return;
    const { push, ...events } = workflow.on;
    if (JSON.stringify(push) !== '{"branches":["main"]}') yield "must run on a push to main only";
    if (Object.keys(events).join() !== "workflow_dispatch") yield "must also run by hand only";
    const conclusions = simulate(workflow, contextsOf({ ref: "refs/heads/other" }));
    for (const [name, conclusion] of conclusions) {
      if (conclusion !== "skipped") yield `${name} runs for another branch than main`;
    }
  }),

  "deploys only after every scan and the plan succeeded": forWorkflow(function* ({ workflow }) {
    for (const deploy of deployJobs(workflow)) {
      for (const script of [...SCANS, "plan.ts"]) {
        const required = jobsRunning(workflow.jobs, script);
        const waits = required.some((name) => ancestors(workflow.jobs, deploy).includes(name));
        if (!waits) yield `${deploy} must need a job that runs ${script}`;
        for (const name of required) {
          if (simulate(workflow, contextsOf(), [name]).get(deploy) !== "skipped")
            yield `${deploy} runs although ${name} failed`;
        }
      }
    }
  }),

  "runs every scan, even after another scan failed": forEachJob(function* (job) {
    for (const step of job.steps.filter((each) => scriptOf(each)?.startsWith("scan.ts "))) {
      if (!isConditionMet(step.if, { contexts: contextsOf() })) yield `may skip ${scriptOf(step)}`;
    }
    const upload = job.steps.find((step) => actionOf(step) === "github/codeql-action/upload-sarif");
    const scope = { contexts: contextsOf(), status: FAILED, hashFiles: () => "hash" };
    if (upload !== undefined && !isConditionMet(upload.if, scope)) {
      yield "must upload the results of a failed scan";
    }
  }),

  "pushes, attests and deploys only the image that was scanned": forWorkflow(function* ({
    workflow: { jobs },
  }) {
    for (const name of deployJobs({ jobs })) {
      const deploy = jobs[name] as Job;
      const scanned = jobsRunning(jobs, "scan.ts image").map((scan) => `${scan}: image-digest.ts`);
      const digests = {
        "env.IMAGE_DIGEST": deploy.env.IMAGE_DIGEST,
        "EXPECTED_DIGEST of image-digest.ts": step(deploy, "image-digest.ts")?.env.EXPECTED_DIGEST,
        "EXPECTED_DIGEST of serving.ts": deploy.steps.find(({ id }) => id === "serving")?.env
          .EXPECTED_DIGEST,
        "the attested digest": step(deploy, "actions/attest-build-provenance")?.with[
          "subject-digest"
        ],
      };
      for (const [what, value] of Object.entries(digests)) {
        if (sourcesOf(value, name, jobs).join() !== scanned.join())
          yield `${name}: ${what} must come from the job that scans the image`;
      }
    }
    for (const name of jobsRunning(jobs, "scan.ts image")) {
      const job = jobs[name] as Job;
      const digest = indexOf(job, "image-digest.ts");
      if (deployJobs({ jobs }).length > 0 && (digest < 0 || digest > indexOf(job, "scan.ts image")))
        yield `${name} must compute the digest of the image before it scans it`;
    }
  }),

  "deploys an existing image only after it verified where it was built": forWorkflow(function* ({
    workflow: { jobs },
  }) {
    for (const name of jobsRunning(jobs, "fetch-image.ts")) {
      const job = jobs[name] as Job;
      const order = ["fetch-image.ts", "verify-image.ts", "actions/upload-artifact"];
      const positions = order.map((program) => indexOf(job, program));
      if (positions.some((position, index) => position <= (positions[index - 1] ?? -1)))
        yield `${name} must run ${order.join(", ")} in this order`;
      const verify = step(job, "verify-image.ts");
      if (verify?.if !== step(job, "fetch-image.ts")?.if)
        yield `${name} must verify every image that it copies`;
    }
    for (const name of deployJobs({ jobs })) {
      const attest = step(jobs[name], "actions/attest-build-provenance");
      const attests = (digest: string) =>
        isConditionMet(attest?.if, {
          contexts: { ...contextsOf(), needs: { source: { outputs: { digest } } } },
        });
      if (!attests("")) yield `${name} must attest the image that the run built`;
      if (attests("sha256:1")) yield `${name} must not attest an image that another run built`;
    }
  }),

  "applies only what was reviewed": forWorkflow(function* ({ workflow: { jobs } }) {
    for (const name of jobsRunning(jobs, "apply.ts")) {
      const reviewed = step(jobs[name], "apply.ts")?.env.REVIEWED;
      const sources = sourcesOf(reviewed, name, jobs).map((source) => source.split(": ")[1]);
      if (sources.join() !== "plan.ts,reviewed.ts") {
        yield `${name}: REVIEWED must come from plan.ts and reviewed.ts, received ${sources.join()}`;
      }
      for (const planJob of jobsRunning(jobs, "reviewed.ts")) {
        const scope = { contexts: contextsOf({ steps: { review: { outputs: { run: "1" } } } }) };
        for (const script of ["review-run.ts", "reviewed.ts"]) {
          const find = step(jobs[planJob], script);
          if (find === undefined || !isConditionMet(find.if, scope))
            yield `${planJob} must run ${script} after a merge`;
        }
        const download = step(jobs[planJob], "actions/download-artifact");
        if (
          sourcesOf(download?.with["run-id"], planJob, jobs).join() !== `${planJob}: review-run.ts`
        )
          yield `${planJob} must download the record of the run that review-run.ts found`;
        const image = step(jobs[planJob], "plan.ts")?.env.IMAGE_DIGEST;
        if (!sourcesOf(image, planJob, jobs).some((source) => source.endsWith("image-digest.ts")))
          yield `${planJob} must plan the image that was built`;
      }
    }
  }),

  "gives the deploy role to deployments in a GitHub environment only": forEachJob(function* (
    job,
    name,
    { workflow: { jobs } },
  ) {
    const credentials = step(job, CREDENTIALS)?.with;
    if (credentials === undefined) return;
    const { environment } = job;
    const deploys = jobsRunning(jobs, "apply.ts").includes(name);
    const role = deploys ? "deploy-role" : "plan-role";
    if (!credentials["role-to-assume"]?.includes(`.outputs.${role} `))
      yield `must assume the ${role}`;
    for (const input of ["role-to-assume", "allowed-account-ids", "aws-region"]) {
      if (sourcesOf(credentials[input], name, jobs).join() !== `${name}: settings.ts`)
        yield `${input} must come from the settings`;
    }
    if (!credentials["role-session-name"]?.includes("github.run_id"))
      yield "role-session-name must contain the run id, for CloudTrail";
    const sources = sourcesOf(environment?.name, name, jobs).map((each) => each.split(": ")[1]);
    if (deploys && sources.join() !== "settings.ts") yield "must be in the settings' environment";
    if (!deploys && environment !== undefined) yield "must not be in an environment";
  }),

  "verifies a deployment, rolls back after a failed smoke test, and always reports": forWorkflow(
    function* ({ workflow }) {
      for (const name of jobsRunning(workflow.jobs, "apply.ts")) {
        const job = workflow.jobs[name] as Job;
        const steps = job.steps.filter(({ id }) => id !== "before" && id !== "after");
        const positions = DEPLOYMENT.map((script) => steps.map(scriptOf).indexOf(script));
        if (positions.some((position, index) => position <= (positions[index - 1] ?? -1)))
          yield `${name} must run ${DEPLOYMENT.join(", ")} in this order`;
        for (const position of positions) {
          if (steps[position]?.if !== undefined)
            yield `${name}: ${scriptOf(steps[position])} must not have an if`;
        }
        const rollsBack = (outcome: string) =>
          isConditionMet(step(job, "roll-back.ts")?.if, {
            contexts: contextsOf({ steps: { "smoke-test": { outcome } } }),
            status: FAILED,
          });
        if (!rollsBack("failure")) yield `${name} must roll back after a failed smoke test`;
        if (rollsBack("skipped")) yield `${name} must not roll back before the smoke test`;
        const previous = step(job, "roll-back.ts")?.env.PREVIOUS_DIGEST;
        if (sourcesOf(previous, name, workflow.jobs).join() !== `${name}: serving.ts`)
          yield `${name} must roll back to the image that served before`;
        const summary = step(job, "deployment-summary.ts");
        if (summary === undefined || !isConditionMet(summary.if, { contexts: {}, status: FAILED }))
          yield `${name} must report a failure`;
        const stopped = simulate(workflow, contextsOf(), ["build"]).get("stopped");
        if (stopped !== "success") yield "stopped must report that nothing was deployed";
      }
    },
  ),

  "monitors what was deployed, and never waits for it": forWorkflow(function* ({
    workflow: { jobs },
  }) {
    for (const name of jobsRunning(jobs, "monitor.ts")) {
      if (!jobs[name]?.needs.some((needed) => deployJobs({ jobs }).includes(needed)))
        yield `${name} must need the deployment`;
      const waiting = Object.keys(jobs).filter((other) => jobs[other]?.needs.includes(name));
      if (waiting.length > 0) yield `${waiting.join(", ")} must not need ${name}`;
    }
    if (deployJobs({ jobs }).length > 0 && jobsRunning(jobs, "monitor.ts").length === 0)
      yield "a job must run monitor.ts";
  }),

  "compares AWS every night with the commit that was deployed": forWorkflow(function* ({
    workflow: { on, jobs },
  }) {
    if (!("schedule" in on)) return;
    if (!/"cron":"\d+ \d+ \* \* \*"/.test(JSON.stringify(on.schedule)))
      yield "must run every night";
    for (const name of jobsRunning(jobs, "plan.ts")) {
      const job = jobs[name];
      const sources = {
        "the checkout": [step(job, "actions/checkout")?.with.ref, "deployed-commits.ts"],
        "the planned commit": [step(job, "plan.ts")?.env.COMMIT, "deployed-commits.ts"],
        "the planned image": [step(job, "plan.ts")?.env.IMAGE_DIGEST, "deployed-image.ts"],
      } as const;
      for (const [what, [value, script]] of Object.entries(sources)) {
        if (!sourcesOf(value, name, jobs).some((source) => source.endsWith(script)))
          yield `${name}: ${what} must come from ${script}`;
      }
    }
  }),

  "passes the signals of a cancelled job to Terraform": forEachJob(function* ({ steps }) {
    for (const { run = "" } of steps.filter((each) =>
      ["apply.ts", "roll-back.ts"].includes(scriptOf(each) ?? ""),
    )) {
      // GitHub signals only the step's shell, which does not pass signals on.
      if (!run.startsWith("exec ")) yield `must run exec ${run}`;
    }
  }),

  "never compares AWS while a deployment changes it": forWorkflow(function* ({ workflow }) {
    const { on, jobs, concurrency } = workflow;
    if (deployJobs(workflow).length > 0 && !concurrency?.group.startsWith("deploy-${{ "))
      yield "the concurrency group must be deploy-<environment>";
    if (!("schedule" in on)) return;
    for (const name of jobsRunning(jobs, "plan.ts")) {
      const job = jobs[name];
      const group = job?.concurrency;
      if (group?.group !== "deploy-${{ matrix.environment }}")
        yield `${name} must be in the concurrency group of the deployments`;
      if (group?.["cancel-in-progress"] !== false || group.queue !== "max")
        yield `${name} must wait without cancelling a deployment: cancel-in-progress: false, queue: max`;
      if (step(job, "plan.ts")?.env.DRIFT !== "true")
        yield `${name} must skip stacks that are being applied: DRIFT: "true"`;
    }
  }),

  "reports a plan that failed": forWorkflow(function* ({ workflow }) {
    const reporters = ["comment.ts", "drift.ts"].flatMap((script) =>
      jobsRunning(workflow.jobs, script),
    );
    for (const name of reporters) {
      const conclusions = simulate(workflow, contextsOf(), ["plan"]);
      if (conclusions.get(name) !== "success") yield `${name} must run after plan failed`;
      const scope = { contexts: contextsOf(), status: FAILED };
      for (const { if: condition, uses, with: inputs } of workflow.jobs.plan?.steps ?? []) {
        if (uses?.startsWith("actions/upload-artifact@") && !isConditionMet(condition, scope))
          yield `plan must upload ${inputs.name} after a failure`;
      }
    }
  }),
};

/** Returns the jobs that change anything in AWS. */
function deployJobs({ jobs }: Pick<Workflow, "jobs">): string[] {
  return Object.keys(jobs).filter((name) =>
    ["push-image.ts", "apply.ts", "roll-back.ts"].some((script) =>
      jobsRunning(jobs, script).includes(name),
    ),
  );
}

function step(job: Job | undefined, program: string): Job["steps"][number] | undefined {
  return job?.steps[indexOf(job, program)];
}

/** Returns whether the job `passed` fails when another job has a result. */
function failsWith({ jobs: { passed } }: WorkflowFile["workflow"], name: string, result: string) {
  const needs = Object.fromEntries(
    (passed?.needs ?? []).map((needed) => [
      needed,
      { result: needed === name ? result : "success" },
    ]),
  );
  const status = { failed: result === "failure", cancelled: result === "cancelled" };
  const contexts = { ...contextsOf(), needs };
  return (
    isConditionMet(passed?.if, { contexts, status }) &&
    (passed?.steps ?? []).some(
      ({ run, if: condition }) => run === "exit 1" && isConditionMet(condition, { contexts }),
    )
  );
}
