import { z } from "zod";
import { StepError } from "../github/step.ts";
import { comparePlans, type Difference } from "./compare.ts";
import { listOf } from "./markdown.ts";
import { type PlanJson, parsePlan } from "./plan-json.ts";
import { plannedChanges } from "./planned-changes.ts";
import type { SavedPlans } from "./saved-plans.ts";

/** Compares new plans with the reviewed plans. */
export interface Review {
  /** @returns differences from the reviewed plan; empty means safe to apply */
  readonly check: (stack: string, fresh: PlanJson) => Promise<readonly Difference[]>;
}

const digests = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));

/**
 * @param reviewed JSON object with the SHA-256 of the saved plan by stack
 * @param image digest of the image that was built from the commit
 */
export function review(reviewed: string, saved: SavedPlans, image: string): Review {
  const parsed = digests.safeParse(JSON.parse(reviewed));
  if (!parsed.success) {
    throw new StepError(
      `REVIEWED must be a JSON object with the SHA-256 of each plan by stack:\n${z.prettifyError(parsed.error)}`,
    );
  }
  return {
    check: async (stack, fresh) => {
      const changes = plannedChanges(fresh);
      const digest = parsed.data[stack];
      if (changes.length === 0) return [];
      if (digest === undefined) {
        return changes.map(({ object, actions }) => ({
          address: object,
          what: `${actions}: no plan of ${stack} was reviewed`,
        }));
      }
      const then = parsePlan(await saved.read(stack, digest), `the reviewed plan of ${stack}`);
      return comparePlans(then, fresh, image);
    },
  };
}

/** Describes the differences that stop the deployment, for the log. */
export function differenceMessage(
  environment: string,
  differences: ReadonlyMap<string, readonly Difference[]>,
): string {
  const lines = [...differences].flatMap(([stack, of]) =>
    of.map(({ address, what }) => `  ${stack}: ${address}: ${what}`),
  );
  return [
    `The plan of ${environment} differs from the reviewed plan:`,
    ...lines,
    "A stack, a setting or AWS changed since the review. " +
      `Find out what, then run Deploy by hand for ${environment}: it creates a new plan and waits for your approval.`,
  ].join("\n");
}

/** Describes the differences that stop the deployment, for the summary. */
export function differenceSummary(differences: ReadonlyMap<string, readonly Difference[]>): string {
  return [
    `### Plans differ from the review: ${listOf([...differences.keys()])}`,
    ...[...differences].flatMap(([stack, of]) =>
      of.map(({ address, what }) => `- \`${stack}\`: \`${address}\`: ${what}`),
    ),
  ].join("\n");
}
