import { describe, expect, test } from "vitest";
import { deploymentSummary, type Steps } from "./deployment-summary.ts";

const OLD = `sha256:${"1".repeat(64)}`;
const NEW = `sha256:${"2".repeat(64)}`;
const ok = (outputs: Record<string, string> = {}) => ({ outcome: "success" as const, outputs });
const failed = { outcome: "failure" as const, outputs: {} };
const skipped = { outcome: "skipped" as const, outputs: {} };

const summaryOf = (steps: Steps) =>
  deploymentSummary({ environment: "prod", commit: "a".repeat(40), digest: NEW, steps });

const deployed: Steps = {
  before: ok({ digest: OLD }),
  push: ok({ repository: "registry/repository" }),
  verify: ok(),
  apply: ok({ endpoint: "https://vault.example.com" }),
  serving: ok({ digest: NEW }),
  "smoke-test": ok(),
  "roll-back": skipped,
  after: skipped,
};

test("shows the addresses of a successful deployment", () => {
  const { failed: red, markdown } = summaryOf(deployed);
  expect(red).toBe(false);
  expect(markdown).toMatch(/Deployed to prod/);
  expect(markdown).toMatch(/\| service \| https:\/\/vault\.example\.com \|/);
  expect(markdown).toMatch(new RegExp(`registry/repository@${NEW}`));
  expect(markdown).toMatch(new RegExp(`previous image \\| .*${OLD}`));
});

test("shows that the first deployment has no previous image", () => {
  const { markdown } = summaryOf({ ...deployed, before: ok({ digest: "" }) });
  expect(markdown).toMatch(/previous image \| none: this is the first deployment/);
});

describe("shows the failed step and the running version", () => {
  test.each<[string, Steps, RegExp, RegExp]>([
    [
      "the push",
      {
        ...deployed,
        push: failed,
        verify: skipped,
        apply: skipped,
        serving: skipped,
        "smoke-test": skipped,
      },
      /Pushing the image failed/,
      new RegExp(`Nothing was changed: ${OLD} is still running`),
    ],
    [
      "the verification of the image",
      { ...deployed, verify: failed, apply: skipped, serving: skipped, "smoke-test": skipped },
      /Verifying the image failed/,
      new RegExp(`Nothing was changed: ${OLD} is still running`),
    ],
    [
      "the apply, followed by a rollback by ECS",
      {
        ...deployed,
        apply: failed,
        serving: skipped,
        "smoke-test": skipped,
        after: ok({ digest: OLD }),
      },
      /Applying the plan failed/,
      new RegExp(`The previous version, ${OLD}, is still running`),
    ],
    [
      "the start of a new version that did not become healthy",
      { ...deployed, serving: failed, "smoke-test": skipped, after: ok({ digest: OLD }) },
      /Starting the new version failed/,
      new RegExp(`The previous version, ${OLD}, is still running`),
    ],
    [
      "the smoke test, followed by a successful rollback",
      { ...deployed, "smoke-test": failed, "roll-back": ok(), after: ok({ digest: OLD }) },
      /The smoke test failed/,
      new RegExp(`The previous version, ${OLD}, was restored and is running`),
    ],
    [
      "the smoke test and the rollback",
      { ...deployed, "smoke-test": failed, "roll-back": failed, after: ok({ digest: NEW }) },
      /The smoke test failed/,
      new RegExp(`The new version, ${NEW}, is running although the deployment failed`),
    ],
    [
      "the first deployment",
      {
        ...deployed,
        before: ok({ digest: "" }),
        apply: failed,
        serving: skipped,
        "smoke-test": skipped,
        after: ok({ digest: "" }),
      },
      /Applying the plan failed/,
      /No version is running\./,
    ],
    [
      "a step before the first named step",
      {},
      /Reading the running image was skipped because an earlier step failed/,
      /Nothing was changed: the previous version, if any, is still running/,
    ],
    [
      "reading the running image",
      { before: failed, push: skipped, apply: skipped, serving: skipped, "smoke-test": skipped },
      /Reading the running image failed/,
      /Nothing was changed: the previous version, if any, is still running/,
    ],
    [
      "the attestation, which the summary does not name",
      { ...deployed, apply: skipped, serving: skipped, "smoke-test": skipped },
      /Applying the plan was skipped because an earlier step failed/,
      new RegExp(`Nothing was changed: ${OLD} is still running`),
    ],
    [
      "the push in the first deployment",
      {
        ...deployed,
        before: ok({ digest: "" }),
        push: failed,
        apply: skipped,
        serving: skipped,
        "smoke-test": skipped,
      },
      /Pushing the image failed/,
      /Nothing was changed, and no version is running/,
    ],
    [
      "the apply, at the end of the job's time",
      {
        ...deployed,
        apply: { outcome: "cancelled", outputs: {} },
        serving: skipped,
        "smoke-test": skipped,
      },
      /Applying the plan was cancelled/,
      /The running version is unknown/,
    ],
    [
      "the apply, with an unknown running version",
      { ...deployed, apply: failed, serving: skipped, "smoke-test": skipped, after: failed },
      /Applying the plan failed/,
      /The running version is unknown/,
    ],
  ])("%s", (_, steps, step, serves) => {
    const { failed: red, markdown } = summaryOf(steps);
    expect(red).toBe(true);
    expect(markdown).toMatch(/Not deployed to prod/);
    expect(markdown).toMatch(step);
    expect(markdown).toMatch(serves);
  });
});
