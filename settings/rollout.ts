import { integer, oneOf, type Refinement, same, type ValuesOf } from "./setting.ts";

/**
 * Longest time to shift all requests to a new version, in minutes. Tasks must also start and stop within the
 * hour for which the credentials of a deployment are valid.
 */
const MAX_SHIFT_MINUTES = 30;

export const settings = {
  deploymentStrategy: oneOf(
    ["rolling", "blue-green", "canary", "linear"],
    "is not a deployment strategy that ECS offers",
    {
      description:
        "How ECS replaces tasks. rolling: task by task. blue-green: all requests at once, after all new tasks are healthy. canary: first a share of the requests, then all. linear: in equal shares.",
      defaults: same("rolling"),
    },
  ),

  shiftPercent: integer(3, 50, {
    description:
      "Share of the requests that a new version gets first (canary), or with each step (linear).",
    defaults: same(20),
  }),

  shiftMinutes: integer(1, MAX_SHIFT_MINUTES, {
    description: "Minutes until a new version gets more requests (canary, linear).",
    defaults: same(5),
  }),

  bakeMinutes: integer(1, MAX_SHIFT_MINUTES, {
    description:
      "Minutes for which the previous version keeps running after a new version gets all requests, for a fast rollback (blue-green, canary, linear).",
    defaults: same(5),
  }),

  rollbackErrorPercent: integer(1, 100, {
    description:
      "Share of requests with a status of 500 or above that rolls a deployment back, from 5 such responses a minute.",
    defaults: same(5),
  }),

  rollbackDeniedPercent: integer(1, 100, {
    description:
      "Share of denied decrypts that rolls a deployment back, from 10 denied decrypts a minute.",
    defaults: same(50),
  }),

  rollbackLatencyMs: integer(50, 60_000, {
    description:
      "Response time in milliseconds that rolls a deployment back if a tenth of the requests take longer.",
    defaults: same(2000),
  }),
};

type Values = ValuesOf<typeof settings>;

/** Minutes from the first request to a new version until ECS stops the previous one. */
export function shiftDuration({
  deploymentStrategy,
  shiftPercent,
  shiftMinutes,
  bakeMinutes,
}: Pick<Values, "deploymentStrategy" | "shiftPercent" | "shiftMinutes" | "bakeMinutes">): number {
  switch (deploymentStrategy) {
    case "rolling":
      return 0;
    case "blue-green":
      return bakeMinutes;
    case "canary":
      return shiftMinutes + bakeMinutes;
    case "linear":
      // ECS does not wait after the last step.
      return (Math.ceil(100 / shiftPercent) - 1) * shiftMinutes + bakeMinutes;
  }
}

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["deploymentStrategy", "shiftPercent", "shiftMinutes", "bakeMinutes"],
    check: (values) =>
      shiftDuration(values) > MAX_SHIFT_MINUTES &&
      `takes ${shiftDuration(values)} minutes with CIPHERWATCH_SHIFT_PERCENT, CIPHERWATCH_SHIFT_MINUTES and CIPHERWATCH_BAKE_MINUTES, more than ${MAX_SHIFT_MINUTES}`,
    allowed: `a strategy that takes at most ${MAX_SHIFT_MINUTES} minutes, because the credentials of a deployment expire`,
    next: "raise CIPHERWATCH_SHIFT_PERCENT, or lower CIPHERWATCH_SHIFT_MINUTES or CIPHERWATCH_BAKE_MINUTES",
  },
];
