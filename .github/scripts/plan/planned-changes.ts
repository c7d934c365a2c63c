import { PLACEHOLDER_DIGEST } from "../../../common/placeholder-digest.ts";
import { actionOf, changeAction } from "./action.ts";
import { type ChangeOfValue, objectOf, type PlanJson, type ResourceChange } from "./plan-json.ts";

/**
 * The placeholder digest in the plan of a pull request, whose image is built after the merge. In comparisons
 * it equals the digest of that image.
 */
export const UNBUILT_IMAGE = PLACEHOLDER_DIGEST;

/** A resource or an output that an apply of the plan would change. */
export interface PlannedChange {
  /** Address of the resource, with the key of a deposed object, or `output.<name>`. */
  readonly object: string;
  /** Such as `create and delete`, with the previous address of a move and the id of an import. */
  readonly actions: string;
  readonly change: ChangeOfValue;
  /** Absent for an output. */
  readonly resource?: ResourceChange;
}

/** Lists what an apply of the plan would change; empty if it would change nothing. */
export function plannedChanges({ resource_changes, output_changes }: PlanJson): PlannedChange[] {
  return [
    ...resource_changes
      .filter((resource) => actionOf(resource) !== undefined)
      .map((resource) => ({
        object: objectOf(resource),
        actions: describeActions(resource),
        change: resource.change,
        resource,
      })),
    ...Object.entries(output_changes)
      .filter(([, change]) => changeAction(change) !== undefined)
      .map(([name, change]) => ({
        object: `output.${name}`,
        actions: change.actions.join(" and "),
        change,
      })),
  ];
}

function describeActions({ previous_address, change }: ResourceChange): string {
  const from = previous_address === undefined ? "" : ` from ${previous_address}`;
  const imported = change.importing === undefined ? "" : ` importing ${change.importing.id}`;
  return `${change.actions.join(" and ")}${from}${imported}`;
}
