import { oneLine } from "./rule.ts";
import { actionOf, type Step, scriptOf } from "./workflow.ts";

const READ = "contents: read";
/** What an action or a script does with the token of its job. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "actions/attest-build-provenance": ["attestations: write", "id-token: write"],
  "actions/checkout": [READ],
  "aws-actions/configure-aws-credentials": ["id-token: write"],
  "comment.ts": ["pull-requests: write"],
  "deployed-commits.ts": ["deployments: read"],
  "drift.ts": ["issues: write"],
  "github/codeql-action/upload-sarif": ["actions: read", "security-events: write"],
  "reviewed.ts": ["pull-requests: read"],
};

export function neededBy(step: Step): readonly string[] {
  return PERMISSIONS[scriptOf(step) ?? actionOf(step) ?? ""] ?? [];
}

/** What must have been done earlier in the same job. */
export const BEFORE = {
  repository: (step) => actionOf(step) === "actions/checkout",
  packages: (step) => /^npm ci && .*>> "\$GITHUB_PATH"$/.test(step.run ?? ""),
  settings: (step) => scriptOf(step) === "settings.ts",
  terraform: (step) => actionOf(step) === "hashicorp/setup-terraform",
  credentials: (step) => actionOf(step) === "aws-actions/configure-aws-credentials",
  registry: (step) => actionOf(step) === "aws-actions/amazon-ecr-login",
  image: (step) =>
    (actionOf(step) === "actions/download-artifact" && step.with.name === "image") ||
    oneLine(step.run ?? "").startsWith("docker buildx build "),
  reports: (step) =>
    actionOf(step) === "actions/download-artifact" && step.with.pattern === "plan-report-*",
  plans: (step) =>
    actionOf(step) === "actions/download-artifact" &&
    (step.with.pattern ?? step.with.name ?? "").startsWith("scannable-plans"),
} satisfies Readonly<Record<string, (step: Step) => boolean>>;

export interface Contract {
  /** Variables that the workflow must set; GitHub sets others. */
  readonly env: readonly string[];
  readonly after: readonly string[];
}

const IN_AWS = ["settings", "terraform", "credentials"];

/** Every script that a workflow runs. */
export const CONTRACTS: Readonly<Record<string, Contract>> = {
  "apply.ts": {
    env: ["ENVIRONMENT", "IMAGE_DIGEST", "PLAN_BUCKET", "REVIEWED"],
    after: [...IN_AWS, "image"],
  },
  "comment.ts": {
    env: ["COMMIT", "ENVIRONMENTS", "GITHUB_TOKEN", "PULL_REQUEST", "REPORTS"],
    after: ["reports"],
  },
  "deployed-commits.ts": {
    env: ["ENVIRONMENTS", "GITHUB_TOKEN", "SETTINGS_DEV", "SETTINGS_PROD"],
    after: [],
  },
  "deployed-image.ts": { env: [], after: IN_AWS },
  "deployment-summary.ts": { env: ["ENVIRONMENT", "IMAGE_DIGEST", "STEPS"], after: [] },
  "drift.ts": { env: ["ENVIRONMENTS", "GITHUB_TOKEN", "REPORTS"], after: ["reports"] },
  "fork-summary.ts": { env: ["ACTOR", "HEAD_REPOSITORY"], after: [] },
  "image-digest.ts": { env: ["ARCHIVE"], after: ["image"] },
  "monitor.ts": { env: ["ARCHIVE", "PLATFORM", "SNYK_API", "SNYK_TOKEN"], after: ["image"] },
  "plan.ts": { env: ["COMMIT", "ENVIRONMENT", "PLAN_BUCKET"], after: IN_AWS },
  "push-image.ts": { env: ["ARCHIVE", "IMAGE_DIGEST"], after: [...IN_AWS, "registry", "image"] },
  "reviewed.ts": { env: ["ENVIRONMENT", "GITHUB_TOKEN"], after: [] },
  "roll-back.ts": { env: ["IMAGE_DIGEST", "PREVIOUS_DIGEST"], after: IN_AWS },
  "scan.ts dependencies": { env: ["SARIF_FOLDER", "SNYK_API", "SNYK_TOKEN"], after: [] },
  "scan.ts image": {
    env: ["ARCHIVE", "PLATFORM", "SARIF_FOLDER", "SNYK_API", "SNYK_TOKEN"],
    after: ["image"],
  },
  "scan.ts plans": { env: ["PLANS", "SARIF_FOLDER", "SNYK_API", "SNYK_TOKEN"], after: ["plans"] },
  "serving.ts": { env: [], after: IN_AWS },
  "settings.ts": { env: ["ENVIRONMENT", "SETTINGS"], after: [] },
  "smoke-test.ts": { env: ["URL"], after: [] },
};

export function buildsImage({ run = "" }: Step): boolean {
  const command = oneLine(run);
  return (
    command.startsWith("docker buildx build --file service/Dockerfile ") &&
    command.endsWith(" --output type=oci,dest=image.tar .")
  );
}

export function isBuildx(step: Step): boolean {
  return actionOf(step) === "docker/setup-buildx-action";
}
