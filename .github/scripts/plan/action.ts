import type { ChangeOfValue, ResourceChange } from "./plan-json.ts";

/** Changes of a resource as shown in a review. */
export const ACTIONS = [
  "create",
  "import",
  "update",
  "move",
  "replace",
  "destroy",
  "forget",
] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Returns the main change of a resource. An import that also changes it is the change, and so is a move.
 * @returns undefined if there is nothing to review, such as reading a data source
 */
export function actionOf({ change, previous_address, mode }: ResourceChange): Action | undefined {
  if (mode === "data") return undefined;
  const action = changeAction(change);
  if (action !== undefined) return action;
  if (change.importing !== undefined) return "import";
  return previous_address === undefined ? undefined : "move";
}

/** Returns the change of a resource or an output. @returns undefined if nothing changes */
export function changeAction({ actions }: ChangeOfValue): Action | undefined {
  const has = (action: ChangeOfValue["actions"][number]) => actions.includes(action);
  if (has("create") && (has("delete") || has("forget"))) return "replace";
  if (has("delete")) return "destroy";
  if (has("forget")) return "forget";
  if (has("create")) return "create";
  if (has("update")) return "update";
  return undefined;
}
