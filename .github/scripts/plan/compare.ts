import { changesOnlyImage, type PlannedChange, type PlannedChanges } from "./planned-changes.ts";

/** Where a fresh plan is not what was reviewed. */
export interface Difference {
  readonly address: string;
  /** Without values, which may be secrets. */
  readonly what: string;
}

/** Paths of one resource that a message names before it counts the rest. */
const NAMED = 5;

/**
 * Where the fresh plan differs from the reviewed one. A fresh plan that changes nothing differs
 * nowhere: whatever was reviewed is already so.
 */
export function comparePlans(reviewed: PlannedChanges, fresh: PlannedChanges): Difference[] {
  if (fresh.size === 0) return [];
  return [...new Set([...reviewed.keys(), ...fresh.keys()])].flatMap((address) => {
    const [then, now] = [reviewed.get(address), fresh.get(address)];
    const what = differenceOf(then, now);
    return what === undefined ? [] : { address, what };
  });
}

function differenceOf(then?: PlannedChange, now?: PlannedChange): string | undefined {
  if (then === undefined) return `${now?.actions}: this was not in the reviewed plan`;
  if (now === undefined) {
    // The same image as the one that runs: built again, or deployed before.
    if (changesOnlyImage(then)) return undefined;
    return `${then.actions}: this was reviewed and is no longer planned`;
  }
  if (then.actions !== now.actions)
    return `${then.actions} was reviewed, ${now.actions} is planned`;
  const paths = [...new Set([...then.values.keys(), ...now.values.keys()])].filter(
    (path) => then.values.get(path) !== now.values.get(path),
  );
  if (paths.length === 0) return undefined;
  const named = paths.slice(0, NAMED).map((path) => path || "its value");
  const left = paths.length - named.length;
  return `${named.join(", ")}${left > 0 ? ` and ${left} more values` : ""} would become something else than was reviewed`;
}
