import type { ChangeOfValue, ResourceChange } from "./plan-json.ts";

/** What happens to a resource, in the words of a review. */
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

/** @returns undefined: nothing that needs a review, such as reading a data source */
export function actionOf({ change, previous_address, mode }: ResourceChange): Action | undefined {
  if (mode === "data") return undefined;
  const action = changeAction(change);
  if (change.importing !== undefined && action !== "replace") return "import";
  return action ?? (previous_address === undefined ? undefined : "move");
}

/** What happens to a value, be it a resource or an output. */
export function changeAction({ actions }: ChangeOfValue): Action | undefined {
  const has = (action: ChangeOfValue["actions"][number]) => actions.includes(action);
  if (has("create") && (has("delete") || has("forget"))) return "replace";
  if (has("delete")) return "destroy";
  if (has("forget")) return "forget";
  if (has("create")) return "create";
  if (has("update")) return "update";
  return undefined;
}
