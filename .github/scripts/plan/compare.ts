import { isImageSwap } from "./image-change.ts";
import { canonical, isContainer, parseEmbeddedJson } from "./json.ts";
import { type Facts, isRead, planFacts } from "./plan-facts.ts";
import { objectOf, type PlanJson } from "./plan-json.ts";
import { type PlannedChange, plannedChanges } from "./planned-changes.ts";

/** A difference between a new plan and the reviewed plan. */
export interface Difference {
  /** Address of the resource, `output.<name>`, or a part of the plan such as `configuration`. */
  readonly address: string;
  /** Describes the difference without values, which may be secret. */
  readonly what: string;
}

/** Paths of a resource that a message lists before it counts the rest. */
const NAMED = 5;

/**
 * Compares a new plan with the reviewed plan. A new plan without changes always matches: the reviewed changes
 * are already applied.
 * @param image digest of the image that was built from the commit
 */
export function comparePlans(reviewed: PlanJson, fresh: PlanJson, image: string): Difference[] {
  const changes = plannedChanges(fresh);
  if (changes.length === 0) return [];
  const byObject = (all: readonly PlannedChange[]) =>
    new Map(all.map((change) => [change.object, change]));
  const [reviewedChanges, freshChanges] = [byObject(plannedChanges(reviewed)), byObject(changes)];
  const reads = new Set(reviewed.resource_changes.filter(isRead).map(objectOf));
  const [then, now] = [
    planFacts(withoutPassing(reviewed, fresh), image),
    planFacts(withoutPassing(fresh, fresh), image),
  ];
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((address) => {
    const [before, after] = [reviewedChanges.get(address), freshChanges.get(address)];
    if (before !== undefined && after === undefined) {
      // The image is already running.
      if (isImageSwap(before, image)) return [];
      return { address, what: `${before.actions}: reviewed, but no longer planned` };
    }
    if (before === undefined && after !== undefined) {
      return { address, what: `${after.actions}: not in the reviewed plan` };
    }
    if (before?.actions !== after?.actions) {
      return {
        address,
        what: `${after?.actions} is planned, but ${before?.actions} was reviewed`,
      };
    }
    // What it reads is known by now, and so are the values that depend on it.
    if (reads.has(address) && !now.has(address)) return [];
    const what = differenceOf(then.get(address), now.get(address));
    return what === undefined ? [] : { address, what };
  });
}

/** Leaves out the checks that hold in the new plan: one that failed in the review may hold by now. */
function withoutPassing(plan: PlanJson, { checks }: PlanJson): PlanJson {
  const nameOfCheck = ({ address }: PlanJson["checks"][number]) => address.to_display;
  const passing = new Set(checks.filter(({ status }) => status === "pass").map(nameOfCheck));
  return { ...plan, checks: plan.checks.filter((check) => !passing.has(nameOfCheck(check))) };
}

function differenceOf(then: Facts = new Map(), now: Facts = new Map()): string | undefined {
  const paths = [...new Set([...then.keys(), ...now.keys()])].filter(
    (path) => then.get(path) !== now.get(path),
  );
  if (paths.length === 0) return undefined;
  const exact = paths.flatMap((path) => within(path, then.get(path), now.get(path)));
  const named = [...new Set(exact.map(nameOf))];
  const left = named.length - NAMED;
  return `${named.slice(0, NAMED).join(", ")}${left > 0 ? ` and ${left} more values` : ""} would have another value than reviewed`;
}

function nameOf(path: string): string {
  const [, old] = /^before\.(.+)$/.exec(path) ?? [];
  if (old !== undefined) return `${old} (old value)`;
  return path.replace(/^after\./, "").replace(/^after$/, "its value");
}

/** Lists the paths that differ within embedded JSON, or the path itself. */
function within(path: string, then?: string, now?: string): string[] {
  const [a, b] = [then, now].map((json) =>
    json === undefined ? undefined : parseEmbeddedJson(JSON.parse(json)),
  );
  const inner = a === undefined || b === undefined ? [] : [...differingPaths(a, b, path)];
  return inner.length === 0 ? [path] : inner;
}

function* differingPaths(a: unknown, b: unknown, path: string): Generator<string> {
  if (canonical(a) === canonical(b)) return;
  if (!isContainer(a) || !isContainer(b)) {
    yield path;
    return;
  }
  for (const key of new Set([a, b].flatMap(Object.keys))) {
    yield* differingPaths(a[key], b[key], `${path}.${key}`);
  }
}
