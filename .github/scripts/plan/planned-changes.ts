import { PLACEHOLDER_DIGEST } from "../../../common/placeholder-digest.ts";
import { actionOf, changeAction } from "./action.ts";
import { canonical, isContainer, isEmpty, type JsonContainer, parseEmbeddedJson } from "./json.ts";
import type { ChangeOfValue, PlanJson } from "./plan-json.ts";

/**
 * What a plan would do, without what merely surrounds it: address, or `output.<name>`, → what changes.
 * Two plans that say the same here do the same. Of an update or a replacement only the values that
 * differ count, for AWS moves others meanwhile, such as how far a database can be restored.
 */
export type PlannedChanges = ReadonlyMap<string, PlannedChange>;

export interface PlannedChange {
  readonly actions: string;
  /** Path → what it becomes, as canonical JSON. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * The image that a pull request's plan names: it is built and gets its digest once it is merged. In a
 * comparison it stands for the image that was built.
 */
export const UNBUILT_IMAGE = PLACEHOLDER_DIGEST;
const THE_IMAGE = "sha256:(the image of this commit)";

/**
 * @param image digest of the image that was built from the commit, where that is known
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
      const { address, previous_address, change } = resource;
      const from = previous_address === undefined ? "" : ` from ${previous_address}`;
      const imported = change.importing === undefined ? "" : ` importing ${change.importing.id}`;
      const actions = `${change.actions.join(" and ")}${from}${imported}`;
      return [[address, { actions, values: values(change) }]];
    }),
    ...Object.entries(output_changes).flatMap(([name, change]): [string, PlannedChange][] =>
      changeAction(change) === undefined
        ? []
        : [[`output.${name}`, { actions: change.actions.join(" and "), values: values(change) }]],
    ),
  ]);
}

/** Whether nothing but the image differs; a new one makes its task definition and the service follow. */
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
  if (isEmpty(was) && isEmpty(becomes)) return; // AWS gives back [] where nothing was set
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
