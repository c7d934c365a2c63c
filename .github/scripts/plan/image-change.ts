import { canonical, isContainer, isEmpty, type JsonContainer, parseEmbeddedJson } from "./json.ts";
import type { PlanJson } from "./plan-json.ts";
import { type PlannedChange, plannedChanges, UNBUILT_IMAGE } from "./planned-changes.ts";

/** Changes that a new image causes: a new revision of the task definition, and an update of the service. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  aws_ecs_task_definition: ["delete and create", "create and delete"],
  aws_ecs_service: ["update"],
};

/**
 * Lists the resources and outputs that a plan changes apart from the image.
 * @param image digest of the new image
 * @returns their addresses; empty if the plan changes only the image
 */
export function changesBeyondImage(plan: PlanJson, image: string): string[] {
  return plannedChanges(plan)
    .filter((change) => !isImageSwap(change, image))
    .map(({ object }) => object);
}

/**
 * Returns whether a change is caused by a new image only: nothing but the digest differs, or is unknown until
 * the apply. Another repository is another change.
 */
export function isImageSwap({ resource, actions, change }: PlannedChange, image: string): boolean {
  if (resource === undefined || resource.deposed !== undefined) return false;
  if (!(FOLLOWS[resource.type] ?? []).includes(actions)) return false;
  const { before, after, after_unknown } = change;
  return [...differing(before, after, after_unknown)].every(([from, to]) => {
    if (to === UNKNOWN) return true;
    const swapped = withoutDigest(to, image);
    return swapped !== undefined && swapped === withoutDigest(from, ANY_DIGEST);
  });
}

const ANY_DIGEST = /sha256:[0-9a-f]{64}/g;
const UNKNOWN = Symbol("known after apply");

/** Replaces the digest of an image. @returns undefined if the value contains none */
function withoutDigest(value: unknown, digest: string | RegExp): string | undefined {
  if (typeof value !== "string") return undefined;
  const replaced = value
    .replaceAll(digest, "sha256:(image)")
    .replaceAll(UNBUILT_IMAGE, "sha256:(image)");
  return replaced === value ? undefined : replaced;
}

/** Yields the old and new value of each difference, also within embedded JSON. */
function* differing(
  before: unknown,
  after: unknown,
  unknown: unknown,
): Generator<[before: unknown, after: unknown]> {
  if (unknown === true) {
    yield [before, UNKNOWN];
    return;
  }
  const [was, becomes] = [parseEmbeddedJson(before) ?? before, parseEmbeddedJson(after) ?? after];
  if (isEmpty(was) && isEmpty(becomes)) return; // AWS returns [] where nothing was set
  if (isContainer(becomes) && (isContainer(was) || isEmpty(was))) {
    const unknowns = isContainer(unknown) ? unknown : {};
    const from: JsonContainer = isContainer(was) ? was : {};
    for (const key of new Set([from, becomes, unknowns].flatMap(Object.keys))) {
      yield* differing(from[key], becomes[key], unknowns[key]);
    }
  } else if (canonical(was ?? null) !== canonical(becomes ?? null)) {
    yield [was, becomes];
  }
}
