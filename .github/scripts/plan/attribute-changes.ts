import { changeAction } from "./action.ts";
import { canonical, isContainer, isEmpty, type JsonContainer, parseEmbeddedJson } from "./json.ts";
import { maskChange, withoutNumbers } from "./masking.ts";
import type { ChangeOfValue } from "./plan-json.ts";

/** A changed value of a resource, with sensitive values masked. */
export interface AttributeChange {
  /** Such as `policy.Statement[0].Action`; includes paths within embedded JSON. */
  readonly path: string;
  /** JSON of the old value; absent if there was none. */
  readonly before?: string;
  /** JSON of the new value, or a placeholder; absent if there will be none. */
  readonly after?: string;
  readonly forcesReplacement?: true;
}

export const UNKNOWN = "(known after apply)";

/** Repeats `tags` plus the provider's default tags on every resource. */
const REPEATED_ON_CREATION = "tags_all";

type Path = readonly (string | number)[];

interface Place {
  readonly path: Path;
  readonly unknown: unknown;
}

/**
 * Lists the changed values of a resource or an output: all set values for a creation, known differences for a
 * replacement, nothing for a destruction.
 * @param isConfigured returns whether the stack sets a value. Such values are listed even if they are unknown;
 *   others are chosen by AWS
 */
export function attributeChanges(
  change: ChangeOfValue,
  isConfigured: (path: Path) => boolean = () => false,
): AttributeChange[] {
  const action = changeAction(change);
  if (action === undefined || action === "destroy" || action === "forget") return [];
  const forcing = new Set((change.replace_paths ?? []).map((path) => JSON.stringify(path)));
  const { before, after } = maskChange(change);
  const place = { path: [], unknown: change.after_unknown };
  return [...walk(action === "create" ? undefined : before, after, place)]
    .map((found) => ({
      ...found,
      forces: found.path.some((_, i) => forcing.has(JSON.stringify(found.path.slice(0, i + 1)))),
    }))
    .filter(({ path, after: becomes, forces }) => {
      if (action === "create" && path[0] === REPEATED_ON_CREATION) return false;
      const created = action === "create" || action === "replace";
      return !created || becomes !== UNKNOWN || forces || path.length === 0 || isConfigured(path);
    })
    .map(({ path, forces, ...values }) => ({
      path: nameOf(path),
      ...values,
      ...(forces ? { forcesReplacement: true as const } : {}),
    }));
}

type Found = Pick<AttributeChange, "before" | "after"> & Pick<Place, "path">;

function* walk(before: unknown, after: unknown, place: Place): Generator<Found> {
  const { path, unknown } = place;
  if (unknown === true) {
    yield { path, ...shownAs("before", before), after: UNKNOWN };
    return;
  }
  const [was, becomes] = [parseEmbeddedJson(before) ?? before, parseEmbeddedJson(after) ?? after];
  const trees = [was, becomes].filter(isContainer);
  if (trees.length > 0 && [was, becomes].every((value) => isContainer(value) || isEmpty(value))) {
    const [a, b] = [isContainer(was) ? was : {}, isContainer(becomes) ? becomes : {}];
    yield* Array.isArray(trees[0]) ? walkLists(a, b, place) : walkTrees(a, b, place);
    return;
  }
  if (canonical(was ?? null) !== canonical(becomes ?? null)) {
    if (isEmpty(was) && isEmpty(becomes)) return;
    yield { path, ...shownAs("before", before), ...shownAs("after", after) };
  }
}

function* walkTrees(
  before: JsonContainer,
  after: JsonContainer,
  { path, unknown }: Place,
): Generator<Found> {
  const unknowns = isContainer(unknown) ? unknown : {};
  for (const key of new Set([before, after, unknowns].flatMap(Object.keys))) {
    yield* walk(before[key], after[key], { path: [...path, key], unknown: unknowns[key] });
  }
}

/** Pairs up the items that are only in one of the lists, and reports items in both in another order. */
function* walkLists(before: JsonContainer, after: JsonContainer, place: Place): Generator<Found> {
  const { path } = place;
  const unknown = isContainer(place.unknown) ? place.unknown : {};
  const removed = itemsOnlyIn(before, after);
  const added = itemsOnlyIn(after, before);
  yield* reordered(before, after, removed, added, path);
  if (removed.length === 0 && isPlain(after, added, unknown)) {
    yield {
      path,
      ...shownAs(
        "after",
        added.map((index) => after[index]),
      ),
    };
    return;
  }
  if (added.length === 0 && isPlain(before, removed, unknown)) {
    yield {
      path,
      ...shownAs(
        "before",
        removed.map((index) => before[index]),
      ),
    };
    return;
  }
  const rows = Math.max(removed.length, added.length);
  for (let row = 0; row < rows; row += 1) {
    const [from, to] = [removed[row], added[row]];
    yield* walk(
      from === undefined ? undefined : before[from],
      to === undefined ? undefined : after[to],
      { path: [...path, Number(to ?? from)], unknown: to === undefined ? undefined : unknown[to] },
    );
  }
  for (const index of Object.keys(unknown)) {
    if (unknown[index] === true && !(index in after)) {
      yield { path: [...path, Number(index)], after: UNKNOWN };
    }
  }
}

/** Returns the indexes of the items of a list that another list lacks. */
function itemsOnlyIn(list: JsonContainer, other: JsonContainer): string[] {
  const kept = Object.values(other).map(canonical);
  return Object.keys(list).filter((index) => {
    const same = kept.indexOf(canonical(list[index]));
    if (same >= 0) kept.splice(same, 1);
    return same < 0;
  });
}

/** Reports items that stay but change their order: the whole list, or the old indexes of long items. */
function* reordered(
  before: JsonContainer,
  after: JsonContainer,
  removed: readonly string[],
  added: readonly string[],
  path: Path,
): Generator<Found> {
  const was = Object.keys(before).filter((index) => !removed.includes(index));
  const left = [...was];
  const becomes = Object.keys(after)
    .filter((index) => !added.includes(index))
    .map((index) => {
      const at = left.findIndex((old) => canonical(before[old]) === canonical(after[index]));
      return left.splice(at, 1)[0] ?? "";
    });
  if (was.join() === becomes.join()) return;
  const short = Object.values(after).every((item) => !isContainer(item));
  yield short
    ? {
        path,
        ...shownAs("before", Object.values(before)),
        ...shownAs("after", Object.values(after)),
      }
    : {
        path,
        before: `items ${was.join(", ")}`,
        after: `items ${becomes.join(", ")} (only their order changes)`,
      };
}

/** Returns whether added or removed items fit in one line: several scalars, all known. */
function isPlain(list: JsonContainer, indexes: readonly string[], unknown: JsonContainer): boolean {
  return (
    indexes.length > 1 &&
    !canonical(unknown).includes("true") &&
    indexes.every((index) => !isContainer(list[index]))
  );
}

function shownAs(side: "before" | "after", value: unknown): Partial<Record<typeof side, string>> {
  return isEmpty(value) ? {} : { [side]: withoutNumbers(JSON.stringify(value)) };
}

function nameOf(path: Path): string {
  return path
    .map((key, i) =>
      typeof key === "number"
        ? `[${key}]`
        : /^[\w-]+$/.test(key)
          ? `${i === 0 ? "" : "."}${key}`
          : `[${JSON.stringify(key)}]`,
    )
    .join("");
}
