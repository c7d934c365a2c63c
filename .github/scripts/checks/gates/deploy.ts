import { condition, oneLine, type Rule } from "../rule.ts";
import { actionOf, scriptOf } from "../workflow.ts";
import {
  guarded,
  inOrder,
  jobsThatRun,
  mustRun,
  mustRunWhen,
  needs,
  only,
  planned,
  role,
  SCANS,
  scanned,
  stepOf,
  UPLOAD,
  value,
  waitsFor,
} from "./parts.ts";

/** The steps of a deployment that must succeed one after the other. */
const DEPLOYMENT = [
  "image-digest.ts",
  "serving.ts",
  "push-image.ts",
  "apply.ts",
  "serving.ts",
  "smoke-test.ts",
];

/** What stands between a commit of main and AWS. */
export const deployGates: Readonly<Record<string, Rule>> = {
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
    for (const name of Object.keys(jobs)) {
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
    yield* value(stepOf(scan, "image-digest.ts")?.env.EXPECTED_DIGEST, built, "what scan expects");
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
    yield* value(apply?.env.REVIEWED, "${{ needs.plan.outputs.reviewed }}", "what apply holds to");
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
      if (!deploy?.steps.some((step) => step.id === id)) yield `the summary looks for a step ${id}`;
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
};
