import { changesOnlyImage, type PlannedChange, type PlannedChanges } from "./planned-changes.ts";

/** What follows a new image, and how: a new revision of the task definition, and the service that runs it. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  aws_ecs_task_definition: ["delete and create", "create and delete"],
  aws_ecs_service: ["update"],
};

/**
 * What a plan would change beyond the image that runs.
 * @param changes made with the digest of that image
 * @returns addresses; none: it swaps the image and does nothing else
 */
export function changesBeyondImage(changes: PlannedChanges): string[] {
  return [...changes]
    .filter(([address, change]) => !isImageSwap(address, change))
    .map(([at]) => at);
}

/** Whether a change is what every new image brings with it, and no more. */
export function isImageSwap(address: string, change: PlannedChange): boolean {
  const [type = ""] = address.split(".");
  return (FOLLOWS[type] ?? []).includes(change.actions) && changesOnlyImage(change);
}
