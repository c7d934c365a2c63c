import { changesOnlyImage, type PlannedChange, type PlannedChanges } from "./planned-changes.ts";

/** A difference between a new plan and the reviewed plan. */
export interface Difference {
  readonly address: string;
  /** Describes the difference without values, which may be secret. */
  readonly what: string;
}

/** Paths of a resource that a message lists before it counts the rest. */
const NAMED = 5;

/**
 * Compares a new plan with the reviewed plan. A new plan without changes always matches: the reviewed changes
 * are already applied.
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
  if (then === undefined) return `${now?.actions}: not in the reviewed plan`;
  if (now === undefined) {
    // The image is already running.
    if (changesOnlyImage(then)) return undefined;
    return `${then.actions}: reviewed, but no longer planned`;
  }
  if (then.actions !== now.actions)
    return `${now.actions} is planned, but ${then.actions} was reviewed`;
  const paths = [...new Set([...then.values.keys(), ...now.values.keys()])].filter(
    (path) => then.values.get(path) !== now.values.get(path),
  );
  if (paths.length === 0) return undefined;
  const named = paths.slice(0, NAMED).map((path) => path || "its value");
  const left = paths.length - named.length;
  return `${named.join(", ")}${left > 0 ? ` and ${left} more values` : ""} would have another value than reviewed`;
}
