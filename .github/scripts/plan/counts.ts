import { type Action, actionOf } from "./action.ts";
import type { PlanJson } from "./plan-json.ts";

/** Terraform's counts: a replacement counts as an addition and a destruction. */
export const COLUMNS = ["import", "add", "change", "destroy"] as const;
export type Counts = Record<(typeof COLUMNS)[number], number>;

export function countsOf({ resource_changes }: PlanJson): Counts {
  const counts = { import: 0, add: 0, change: 0, destroy: 0 };
  for (const resource of resource_changes.filter((each) => actionOf(each) !== undefined)) {
    const { actions, importing } = resource.change;
    if (importing !== undefined) counts.import += 1;
    if (actions.includes("create")) counts.add += 1;
    if (actions.includes("update")) counts.change += 1;
    if (actions.includes("delete")) counts.destroy += 1;
  }
  return counts;
}

/** Reads the counts from the text of `terraform plan`; all 0 without a line `Plan: …`. */
export function countsInText(text: string): Counts {
  const line = /^Plan: .*$/m.exec(text)?.[0] ?? "";
  const count = (word: string) => Number(new RegExp(`(\\d+) to ${word}\\b`).exec(line)?.[1] ?? 0);
  return {
    import: count("import"),
    add: count("add"),
    change: count("change"),
    destroy: count("destroy"),
  };
}

/** `3 to add, 1 to destroy (1 replaced), 1 to move` */
export function describeCounts({
  counts,
  resources,
  outputs,
}: {
  readonly counts: Counts;
  readonly resources: readonly { readonly action: Action }[];
  readonly outputs: readonly unknown[];
}): string {
  const number = (action: string) => resources.filter((each) => each.action === action).length;
  const replaced = number("replace");
  const others = (["move", "forget"] as const).filter((action) => number(action) > 0);
  const words = [
    ...COLUMNS.filter((column) => counts[column] > 0).map(
      (column) =>
        `${counts[column]} to ${column}${column === "destroy" && replaced > 0 ? ` (${replaced} replaced)` : ""}`,
    ),
    ...others.map((action) => `${number(action)} to ${action}`),
  ];
  if (words.length > 0) return words.join(", ");
  return outputs.length > 0 ? "only outputs" : "no changes";
}
