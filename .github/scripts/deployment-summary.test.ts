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
  apply: ok({ endpoint: "https://vault.example.com" }),
  serving: ok({ digest: NEW }),
  "smoke-test": ok(),
  "roll-back": skipped,
  after: skipped,
};

test("a deployment that went well says where it is", () => {
  const { failed: red, markdown } = summaryOf(deployed);
  expect(red).toBe(false);
  expect(markdown).toMatch(/Deployed to prod/);
  expect(markdown).toMatch(/\| service \| https:\/\/vault\.example\.com \|/);
  expect(markdown).toMatch(new RegExp(`registry/repository@${NEW}`));
  expect(markdown).toMatch(new RegExp(`before \\| .*${OLD}`));
});

test("so does the first one, before which nothing served", () => {
  const { markdown } = summaryOf({ ...deployed, before: ok({ digest: "" }) });
  expect(markdown).toMatch(/before \| nothing: this is the first deployment/);
});

describe("a failure says which step it was and what serves", () => {
  test.each<[string, Steps, RegExp, RegExp]>([
    [
      "the push",
      { ...deployed, push: failed, apply: skipped, serving: skipped, "smoke-test": skipped },
      /The push of the image failed/,
      new RegExp(`Nothing was changed: ${OLD} goes on serving`),
    ],
    [
      "the apply, after which ECS went back",
      {
        ...deployed,
        apply: failed,
        serving: skipped,
        "smoke-test": skipped,
        after: ok({ digest: OLD }),
      },
      /The apply failed/,
      new RegExp(`The old version, ${OLD}, goes on serving`),
    ],
    [
      "the start of a new version that did not become healthy",
      { ...deployed, serving: failed, "smoke-test": skipped, after: ok({ digest: OLD }) },
      /The new version's start failed/,
      new RegExp(`The old version, ${OLD}, goes on serving`),
    ],
    [
      "the smoke test, after which the old image was put back",
      { ...deployed, "smoke-test": failed, "roll-back": ok(), after: ok({ digest: OLD }) },
      /The smoke test failed/,
      new RegExp(`The old version, ${OLD}, was put back and serves`),
    ],
    [
      "the smoke test and the way back",
      { ...deployed, "smoke-test": failed, "roll-back": failed, after: ok({ digest: NEW }) },
      /The smoke test failed/,
      new RegExp(`The new version, ${NEW}, serves although the deployment failed`),
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
      /The apply failed/,
      /Nothing serves\./,
    ],
    [
      "a step before anything was looked at",
      {},
      /Finding what serves was not reached, since a step before it failed/,
      /Nothing was changed: the version that served before, if any, goes on serving/,
    ],
    [
      "finding what serves",
      { before: failed, push: skipped, apply: skipped, serving: skipped, "smoke-test": skipped },
      /Finding what serves failed/,
      /Nothing was changed: the version that served before, if any, goes on serving/,
    ],
    [
      "the signature, which is no step of the summary",
      { ...deployed, apply: skipped, serving: skipped, "smoke-test": skipped },
      /The apply was not reached, since a step before it failed/,
      new RegExp(`Nothing was changed: ${OLD} goes on serving`),
    ],
    [
      "the push of what would have been the first version",
      {
        ...deployed,
        before: ok({ digest: "" }),
        push: failed,
        apply: skipped,
        serving: skipped,
        "smoke-test": skipped,
      },
      /The push of the image failed/,
      /Nothing was changed; nothing serves yet/,
    ],
    [
      "the apply, at the end of the job's time",
      {
        ...deployed,
        apply: { outcome: "cancelled", outputs: {} },
        serving: skipped,
        "smoke-test": skipped,
      },
      /The apply was cancelled/,
      /could not be found out/,
    ],
    [
      "the apply, and nobody can tell what serves",
      { ...deployed, apply: failed, serving: skipped, "smoke-test": skipped, after: failed },
      /The apply failed/,
      /could not be found out/,
    ],
  ])("%s", (_, steps, step, serves) => {
    const { failed: red, markdown } = summaryOf(steps);
    expect(red).toBe(true);
    expect(markdown).toMatch(/Not deployed to prod/);
    expect(markdown).toMatch(step);
    expect(markdown).toMatch(serves);
  });
});
