import type { Action } from "./action.ts";
import type { PlannedStack } from "./plan-report.ts";

/** Counted changes. Moves, imports and forgotten resources change nothing in AWS. */
export const COLUMNS = ["add", "change", "replace", "destroy"] as const;
export type Counts = Readonly<Record<(typeof COLUMNS)[number], number>>;

const COLUMN: Readonly<Partial<Record<Action, keyof Counts>>> = {
  create: "add",
  update: "change",
  replace: "replace",
  destroy: "destroy",
};

export function countsOf({ resources }: PlannedStack): Counts {
  const counts = { add: 0, change: 0, replace: 0, destroy: 0 };
  for (const { action } of resources) {
    const column = COLUMN[action];
    if (column !== undefined) counts[column] += 1;
  }
  return counts;
}

/** `3 to add, 1 to replace` */
export function describeCounts(stack: PlannedStack): string {
  const counts = countsOf(stack);
  const others = stack.resources.filter(({ action }) => COLUMN[action] === undefined).length;
  const words = [
    ...COLUMNS.filter((column) => counts[column] > 0).map(
      (column) => `${counts[column]} to ${column}`,
    ),
    ...(others > 0 ? [`${others} moved, imported or forgotten`] : []),
  ];
  if (words.length > 0) return words.join(", ");
  return stack.outputs.length > 0 ? "only outputs" : "no changes";
}
