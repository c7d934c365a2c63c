import { expect, test } from "vitest";
import { evaluate, interpolate, isConditionMet, type Scope } from "./expressions.ts";

const scope: Scope = {
  contexts: {
    github: { event_name: "push", event: { pull_request: { head: { repo: null } } } },
    vars: { ENVIRONMENTS: '["dev","prod"]', SETTINGS_DEV: "A=1\nB=2" },
    inputs: {},
    steps: { plan: { outputs: { plans: "own" } }, reviewed: { outcome: "skipped", outputs: {} } },
    needs: { build: { result: "success", outputs: { digest: "sha256:1" } } },
  },
};

test.each([
  ["${{ inputs.environment || fromJSON(vars.ENVIRONMENTS || '[\"dev\"]')[0] }}", "dev"],
  ["${{ vars[format('SETTINGS_{0}', 'dev')] }}", "A=1\nB=2"],
  ["a-${{ needs.build.outputs.digest }}-b", "a-sha256:1-b"],
  ["${{ github.event.pull_request.head.repo.full_name }}", ""],
  [
    "${{ github.event_name == 'workflow_dispatch' && steps.plan.outputs.plans || steps.reviewed.outputs.plans }}",
    "",
  ],
])("interpolates %s", (text, expected) => {
  expect(interpolate(text, scope)).toBe(expected);
});

test("evaluates fromJSON to a value", () => {
  expect(evaluate("${{ fromJSON(vars.ENVIRONMENTS) }}", scope)).toEqual(["dev", "prod"]);
});

test.each([
  [undefined, true, false],
  ["", true, false],
  ["github.event_name == 'push'", true, false],
  ["${{ !cancelled() }}", true, true],
  ["always()", true, true],
  ["failure()", false, true],
  ["failure() && steps.reviewed.outcome == 'skipped'", false, true],
  ["steps.missing.outcome != 'skipped'", true, false],
])("%j runs after success: %s, after a failure: %s", (condition, afterSuccess, afterFailure) => {
  expect(isConditionMet(condition, scope)).toBe(afterSuccess);
  const failed = { ...scope, status: { failed: true, cancelled: false } };
  expect(isConditionMet(condition, failed)).toBe(afterFailure);
});
