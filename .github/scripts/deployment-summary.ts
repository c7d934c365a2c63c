import { z } from "zod";
import { optionalVariable, variable } from "./github/environment.ts";
import { addSummary } from "./github/runner-files.ts";
import { annotate, step } from "./github/step.ts";
import { code } from "./plan/markdown.ts";

/** GitHub's `steps` context of the deploy job. */
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

/** Renders the addresses of the deployed service, or, after a failure, which version is running. */
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
        `| OpenAPI | ${url}/openapi.json |`,
        `| image | ${code(`${output("push", "repository")}@${digest}`)} |`,
        `| previous image | ${before(output("before", "digest"))} |`,
        `| commit | ${code(commit)} |`,
        "",
        "The smoke test used one wrong Key, so expect one email from the alarm kms-errors within 15 minutes.",
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
  return digest === "" ? "none: this is the first deployment" : code(digest);
}

/** Steps by id, in the order of the job. */
const STEPS: Readonly<Record<string, string>> = {
  before: "Reading the running image",
  push: "Pushing the image",
  verify: "Verifying the image",
  apply: "Applying the plan",
  serving: "Starting the new version",
  "smoke-test": "The smoke test",
};

/** Describes how a step ended. A skipped step follows a failed one that STEPS does not name, such as the login. */
function ended(outcome: Steps[string]["outcome"] = "skipped"): string {
  switch (outcome) {
    case "failure":
      return "failed";
    case "cancelled":
      return "was cancelled";
    default:
      return "was skipped because an earlier step failed";
  }
}

/** Describes which image runs, as ECS reports it. */
function servesNow(all: Steps, digest: string): string {
  const previous = all.before?.outputs.digest ?? "";
  if (all.apply === undefined || all.apply.outcome === "skipped") {
    if (all.before?.outcome !== "success") {
      return "Nothing was changed: the previous version, if any, is still running.";
    }
    return previous === ""
      ? "Nothing was changed, and no version is running."
      : `Nothing was changed: ${previous} is still running.`;
  }
  if (all.after?.outcome !== "success") {
    return "The running version is unknown: look at the ECS service.";
  }
  const now = all.after.outputs.digest ?? "";
  if (now === "") return "No version is running.";
  if (now === previous) {
    const how =
      all["roll-back"]?.outcome === "success" ? "was restored and is running" : "is still running";
    return `The previous version, ${now}, ${how}.`;
  }
  return now === digest
    ? `The new version, ${now}, is running although the deployment failed. Run Deploy by hand for a commit that works.`
    : `${now} is running, which is neither the previous nor the new version.`;
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
