import { PLACEHOLDER_DIGEST } from "../../../common/placeholder-digest.ts";
import { actionOf, changeAction } from "./action.ts";
import { canonical, isContainer, isEmpty, type JsonContainer, parseEmbeddedJson } from "./json.ts";
import { type ChangeOfValue, objectOf, type PlanJson } from "./plan-json.ts";

/**
 * The changes of a plan by object, or by `output.<name>`, in a form that can be compared: plans with equal
 * changes do the same. Contains only changed values, as AWS updates others on its own, such as the latest
 * restorable time of a database.
 */
export type PlannedChanges = ReadonlyMap<string, PlannedChange>;

export interface PlannedChange {
  readonly actions: string;
  /** New values as canonical JSON, by path. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * The placeholder digest in the plan of a pull request, whose image is built after the merge. In comparisons
 * it equals the digest of that image.
 */
export const UNBUILT_IMAGE = PLACEHOLDER_DIGEST;
const THE_IMAGE = "sha256:(the image of this commit)";

/**
 * @param image digest of the image that was built from the commit, if it is known
 */
export function plannedChanges(
  { resource_changes, output_changes }: PlanJson,
  image: string = UNBUILT_IMAGE,
): PlannedChanges {
  const values = (change: ChangeOfValue) =>
    new Map(
      [...differing(change.before, change.after, change.after_unknown, [])].map(([path, value]) => [
        path.join("."),
        value.replaceAll(image, THE_IMAGE).replaceAll(UNBUILT_IMAGE, THE_IMAGE),
      ]),
    );
  return new Map([
    ...resource_changes.flatMap((resource): [string, PlannedChange][] => {
      if (actionOf(resource) === undefined) return [];
      const { previous_address, change } = resource;
      const from = previous_address === undefined ? "" : ` from ${previous_address}`;
      const imported = change.importing === undefined ? "" : ` importing ${change.importing.id}`;
      const actions = `${change.actions.join(" and ")}${from}${imported}`;
      return [[objectOf(resource), { actions, values: values(change) }]];
    }),
    ...Object.entries(output_changes).flatMap(([name, change]): [string, PlannedChange][] =>
      changeAction(change) === undefined
        ? []
        : [[`output.${name}`, { actions: change.actions.join(" and "), values: values(change) }]],
    ),
  ]);
}

/** Returns whether every changed value contains the image or is unknown until the apply. */
export function changesOnlyImage({ values }: PlannedChange): boolean {
  return [...values.values()].every((value) => value === UNKNOWN || value.includes(THE_IMAGE));
}

const UNKNOWN = "(known after apply)";

function* differing(
  before: unknown,
  after: unknown,
  unknown: unknown,
  path: readonly string[],
): Generator<[path: readonly string[], value: string]> {
  if (unknown === true) {
    yield [path, UNKNOWN];
    return;
  }
  const [was, becomes] = [parseEmbeddedJson(before) ?? before, parseEmbeddedJson(after) ?? after];
  if (isEmpty(was) && isEmpty(becomes)) return; // AWS returns [] where nothing was set
  if (isContainer(becomes) && (isContainer(was) || was === null || was === undefined)) {
    const unknowns = isContainer(unknown) ? unknown : {};
    const from: JsonContainer = isContainer(was) ? was : {};
    for (const key of new Set([from, becomes, unknowns].flatMap(Object.keys))) {
      yield* differing(from[key], becomes[key], unknowns[key], [...path, key]);
    }
  } else if (canonical(was ?? null) !== canonical(becomes ?? null)) {
    yield [path, canonical(becomes ?? null)];
  }
}
