import { z } from "zod";
import { StepError } from "../github/step.ts";
import { comparePlans, type Difference } from "./compare.ts";
import { listOf } from "./markdown.ts";
import { type PlanJson, parsePlan } from "./plan-json.ts";
import { plannedChanges } from "./planned-changes.ts";
import type { SavedPlans } from "./saved-plans.ts";

/** What was reviewed, against which fresh plans are held. */
export interface Review {
  /** @returns where a fresh plan of the stack differs from what was reviewed; nowhere: it may be applied */
  readonly check: (stack: string, fresh: PlanJson) => Promise<readonly Difference[]>;
}

const digests = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));

/**
 * @param reviewed stack → SHA-256 of its saved plan, as JSON
 * @param image digest of the image that was built from the commit
 */
export function review(reviewed: string, saved: SavedPlans, image: string): Review {
  const parsed = digests.safeParse(JSON.parse(reviewed));
  if (!parsed.success) {
    throw new StepError(
      `The reviewed plans must be stack → SHA-256:\n${z.prettifyError(parsed.error)}`,
    );
  }
  return {
    check: async (stack, fresh) => {
      const changes = plannedChanges(fresh, image);
      const digest = parsed.data[stack];
      if (changes.size === 0) return [];
      if (digest === undefined) {
        return [...changes].map(([address, { actions }]) => ({
          address,
          what: `${actions}: no plan of ${stack} was reviewed`,
        }));
      }
      const then = parsePlan(await saved.read(stack, digest), `the reviewed plan of ${stack}`);
      return comparePlans(plannedChanges(then, image), changes);
    },
  };
}

/** What stops the deployment, for the log. */
export function differenceMessage(
  environment: string,
  differences: ReadonlyMap<string, readonly Difference[]>,
): string {
  const lines = [...differences].flatMap(([stack, of]) =>
    of.map(({ address, what }) => `  ${stack}: ${address}: ${what}`),
  );
  return [
    `The plan of ${environment} is not the one that was reviewed:`,
    ...lines,
    "Something changed since the review: a stack before it, a setting, or AWS itself by another hand. " +
      `Find out what, then run Deploy by hand for ${environment}: it plans anew, and waits for your approval of that plan.`,
  ].join("\n");
}

/** The same for the run's summary. */
export function differenceSummary(differences: ReadonlyMap<string, readonly Difference[]>): string {
  return [
    `### Not what was reviewed: ${listOf([...differences.keys()])}`,
    ...[...differences].flatMap(([stack, of]) =>
      of.map(({ address, what }) => `- \`${stack}\`: \`${address}\`: ${what}`),
    ),
  ].join("\n");
}
