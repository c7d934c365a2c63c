import { z } from "zod";
import { optionalVariable, variable } from "./github/environment.ts";
import { addSummary } from "./github/runner-files.ts";
import { annotate, step } from "./github/step.ts";
import { code } from "./plan/markdown.ts";

/** What the steps of the deployment came to, as GitHub's `steps` context has it. */
const steps = z.record(
  z.string(),
  z.object({
    outcome: z.enum(["success", "failure", "cancelled", "skipped"]),
    outputs: z.record(z.string(), z.string()).default({}),
  }),
);
export type Steps = z.output<typeof steps>;

export interface Deployment {
  readonly environment: string;
  readonly commit: string;
  /** `sha256:…` of the image to deploy. */
  readonly digest: string;
  readonly steps: Steps;
}

/** Where the deployed service answers; or, after a failure, which version serves now. */
export function deploymentSummary({ environment, commit, digest, steps }: Deployment): {
  readonly failed: boolean;
  readonly markdown: string;
} {
  const output = (id: string, name: string) => steps[id]?.outputs[name] ?? "";
  const of = `commit ${code(commit.slice(0, 7))}, image ${code(digest)}`;
  const failed = Object.keys(STEPS).find((id) => steps[id]?.outcome !== "success");
  if (failed === undefined) {
    const url = output("apply", "endpoint");
    return {
      failed: false,
      markdown: [
        `### Deployed to ${environment}`,
        "| | |",
        "|---|---|",
        `| service | ${url} |`,
        `| its contract | ${url}/openapi.json |`,
        `| image | ${code(`${output("push", "repository")}@${digest}`)} |`,
        `| before | ${before(output("before", "digest"))} |`,
        `| commit | ${code(commit)} |`,
        "",
        "Its smoke test used one wrong Key, so the alarm kms-errors mails once within a quarter of an hour.",
      ].join("\n"),
    };
  }
  return {
    failed: true,
    markdown: [
      `### Not deployed to ${environment}`,
      `${STEPS[failed]} ${ended(steps[failed]?.outcome)} (${of}).`,
      "",
      `**${servesNow(steps, digest)}**`,
    ].join("\n"),
  };
}

function before(digest: string): string {
  return digest === "" ? "nothing: this is the first deployment" : code(digest);
}

/** In the order of the job. */
const STEPS: Readonly<Record<string, string>> = {
  before: "Finding what serves",
  push: "The push of the image",
  apply: "The apply",
  serving: "The new version's start",
  "smoke-test": "The smoke test",
};

/** A step that has no name here may have failed before it, such as the sign-in to AWS. */
function ended(outcome: Steps[string]["outcome"] = "skipped"): string {
  switch (outcome) {
    case "failure":
      return "failed";
    case "cancelled":
      return "was cancelled";
    default:
      return "was not reached, since a step before it failed";
  }
}

/** From what ECS says, and nothing else. */
function servesNow(all: Steps, digest: string): string {
  const previous = all.before?.outputs.digest ?? "";
  if (all.apply === undefined || all.apply.outcome === "skipped") {
    if (all.before?.outcome !== "success") {
      return "Nothing was changed: the version that served before, if any, goes on serving.";
    }
    return previous === ""
      ? "Nothing was changed; nothing serves yet."
      : `Nothing was changed: ${previous} goes on serving.`;
  }
  if (all.after?.outcome !== "success") {
    return "What serves now could not be found out: look at the ECS service.";
  }
  const now = all.after.outputs.digest ?? "";
  if (now === "") return "Nothing serves.";
  if (now === previous) {
    const how =
      all["roll-back"]?.outcome === "success" ? "was put back and serves" : "goes on serving";
    return `The old version, ${now}, ${how}.`;
  }
  return now === digest
    ? `The new version, ${now}, serves although the deployment failed. Run Deploy by hand for a commit that works.`
    : `${now} serves, which is neither the old version nor the new one.`;
}

if (import.meta.main) {
  await step(() => {
    const { failed, markdown } = deploymentSummary({
      environment: variable("ENVIRONMENT"),
      commit: variable("GITHUB_SHA"),
      digest: optionalVariable("IMAGE_DIGEST") ?? "",
      steps: steps.parse(JSON.parse(variable("STEPS"))),
    });
    addSummary(markdown);
    if (failed) annotate("error", markdown.replaceAll(/[*#`]/g, "").trim());
  });
}
