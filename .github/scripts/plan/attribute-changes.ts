import { changeAction } from "./action.ts";
import { canonical, isContainer, isEmpty, type JsonContainer, parseEmbeddedJson } from "./json.ts";
import type { ChangeOfValue } from "./plan-json.ts";
import { maskSensitive, SENSITIVE } from "./sensitive.ts";

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

/** Attributes that are secret even if the provider does not mark them as sensitive. */
const SECRET_NAME =
  /^(.*_)?(password|passphrase|secret_(string|binary|key)|private_key(_pem)?|auth_token|client_secret|access_token)$/i;

/** Repeats `tags` plus the provider's default tags on every resource. */
const REPEATED_ON_CREATION = "tags_all";

interface Place {
  readonly path: readonly (string | number)[];
  readonly unknown: unknown;
  readonly sensitive: readonly unknown[];
}

/**
 * Lists the changed values of a resource or an output: all set values for a creation, known differences for a
 * replacement, nothing for a destruction.
 */
export function attributeChanges(change: ChangeOfValue): AttributeChange[] {
  const action = changeAction(change);
  if (action === undefined || action === "destroy" || action === "forget") return [];
  const forcing = new Set((change.replace_paths ?? []).map((path) => JSON.stringify(path)));
  const before = action === "create" ? undefined : change.before;
  const found = [
    ...walk(before, change.after, {
      path: [],
      unknown: change.after_unknown,
      sensitive: [change.before_sensitive, change.after_sensitive],
    }),
  ];
  return found
    .map(({ path, ...values }) => ({
      path: nameOf(path),
      ...values,
      ...(path.some((_, i) => forcing.has(JSON.stringify(path.slice(0, i + 1))))
        ? { forcesReplacement: true as const }
        : {}),
    }))
    .filter(({ path, after, forcesReplacement }) => {
      if (action === "create") return after !== UNKNOWN && !path.startsWith(REPEATED_ON_CREATION);
      return action !== "replace" || after !== UNKNOWN || forcesReplacement;
    });
}

type Found = Pick<AttributeChange, "before" | "after"> & Pick<Place, "path">;

function* walk(before: unknown, after: unknown, place: Place): Generator<Found> {
  const { path, unknown, sensitive } = place;
  if (sensitive.includes(true) || isSecret(path, before, after)) {
    if (unknown === true || canonical(before ?? null) !== canonical(after ?? null)) {
      yield {
        path,
        ...(isEmpty(before) ? {} : { before: SENSITIVE }),
        ...(isEmpty(after) && unknown !== true ? {} : { after: SENSITIVE }),
      };
    }
    return;
  }
  if (unknown === true) {
    yield { path, ...shownAs("before", maskSensitive(before, sensitive[0])), after: UNKNOWN };
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
    yield {
      path,
      ...shownAs("before", maskSensitive(before, sensitive[0])),
      ...shownAs("after", maskSensitive(after, sensitive[1])),
    };
  }
}

function* walkTrees(before: JsonContainer, after: JsonContainer, place: Place): Generator<Found> {
  const unknown = isContainer(place.unknown) ? place.unknown : {};
  for (const key of new Set([before, after, unknown].flatMap(Object.keys))) {
    yield* walk(before[key], after[key], inside(place, key));
  }
}

/** Treats lists as sets, as most are: skips items in both at any position, and pairs up the others. */
function* walkLists(before: JsonContainer, after: JsonContainer, place: Place): Generator<Found> {
  const unknown = isContainer(place.unknown) ? place.unknown : {};
  const left = (list: JsonContainer, other: JsonContainer) => {
    const kept = Object.values(other).map(canonical);
    return Object.keys(list).filter((index) => {
      const same = kept.indexOf(canonical(list[index]));
      if (same >= 0) kept.splice(same, 1);
      return same < 0;
    });
  };
  const removed = left(before, after);
  const added = left(after, before);
  const [marksBefore, marksAfter] = place.sensitive;
  if (removed.length === 0 && isPlain(after, added, [unknown, marksAfter])) {
    yield { path: place.path, after: JSON.stringify(added.map((index) => after[index])) };
    return;
  }
  if (added.length === 0 && isPlain(before, removed, [unknown, marksBefore])) {
    yield { path: place.path, before: JSON.stringify(removed.map((index) => before[index])) };
    return;
  }
  const unknowns = Object.keys(unknown).filter(
    (index) => unknown[index] === true && !(index in after),
  );
  const rows = Math.max(removed.length, added.length);
  for (let row = 0; row < rows; row += 1) {
    const [from, to] = [removed[row], added[row]];
    const index = Number(to ?? from);
    yield* walk(
      from === undefined ? undefined : before[from],
      to === undefined ? undefined : after[to],
      {
        path: [...place.path, index],
        unknown: to === undefined ? undefined : unknown[to],
        sensitive: [
          from === undefined ? undefined : part(place.sensitive[0], from),
          to === undefined ? undefined : part(place.sensitive[1], to),
        ],
      },
    );
  }
  for (const index of unknowns) yield { path: [...place.path, Number(index)], after: UNKNOWN };
}

/** Returns whether added or removed items fit in one line: several scalars, all known and not sensitive. */
function isPlain(
  list: JsonContainer,
  indexes: readonly string[],
  [unknown, sensitive]: readonly [unknown: unknown, sensitive: unknown],
): boolean {
  const marked = [unknown, sensitive].some(
    (marks) => isContainer(marks) && canonical(marks).includes("true"),
  );
  return indexes.length > 1 && !marked && indexes.every((index) => !isContainer(list[index]));
}

function inside({ path, unknown, sensitive }: Place, key: string): Place {
  return {
    path: [...path, key],
    unknown: part(unknown, key),
    sensitive: sensitive.map((marks) => part(marks, key)),
  };
}

function part(marks: unknown, key: string): unknown {
  return isContainer(marks) ? marks[key] : undefined;
}

function isSecret(path: readonly (string | number)[], ...values: readonly unknown[]): boolean {
  const name = path.findLast((key) => typeof key === "string") ?? "";
  return (
    SECRET_NAME.test(String(name)) &&
    values.some((value) => typeof value === "string" && value !== "")
  );
}

function shownAs(side: "before" | "after", value: unknown): Partial<Record<typeof side, string>> {
  return isEmpty(value) ? {} : { [side]: JSON.stringify(value) };
}

function nameOf(path: readonly (string | number)[]): string {
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
