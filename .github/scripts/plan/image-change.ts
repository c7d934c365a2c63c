import { changesOnlyImage, type PlannedChange, type PlannedChanges } from "./planned-changes.ts";

/** Changes that a new image causes: a new revision of the task definition, and an update of the service. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  aws_ecs_task_definition: ["delete and create", "create and delete"],
  aws_ecs_service: ["update"],
};

/**
 * Lists the resources that a plan changes apart from the image.
 * @param changes planned changes, computed with the digest of the new image
 * @returns their addresses; empty if the plan changes only the image
 */
export function changesBeyondImage(changes: PlannedChanges): string[] {
  return [...changes]
    .filter(([address, change]) => !isImageSwap(address, change))
    .map(([at]) => at);
}

/** Returns whether a change is caused by a new image only. */
export function isImageSwap(address: string, change: PlannedChange): boolean {
  const [type = ""] = address.split(".");
  return (FOLLOWS[type] ?? []).includes(change.actions) && changesOnlyImage(change);
}
