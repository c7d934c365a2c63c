import { deployGates } from "./gates/deploy.ts";
import { driftGates } from "./gates/drift.ts";
import { pullRequestGates } from "./gates/pull-request.ts";
import type { Rule } from "./rule.ts";

/** What each workflow is for, beyond what holds of all. */
export const gates: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  "deploy.yml": deployGates,
  "drift.yml": driftGates,
  "pull-request.yml": pullRequestGates,
};
