import { canonical, isContainer, type JsonContainer } from "./json.ts";
import { type ChangeOfValue, objectOf, type PlanJson, type ResourceChange } from "./plan-json.ts";
import { plannedChanges, UNBUILT_IMAGE } from "./planned-changes.ts";

/** Everything that a plan says about an object, as canonical JSON by path, such as `after.policy`. */
export type Facts = ReadonlyMap<string, string>;

/** Parts of a plan that may differ from the reviewed plan, and why that is safe. */
export const UNCOMPARED: Readonly<Record<string, string>> = {
  timestamp: "the time of the plan",
  format_version: "belongs to the version of Terraform",
  terraform_version: "a version that plans something else differs in what it plans",
  planned_values: "repeats the new values of the resource changes",
  prior_state:
    "repeats the old values; Terraform applies a plan only to the state that it was made for",
  resource_drift:
    "what changed in AWS before the plan; what the plan does about it is a resource change",
  relevant_attributes: "explains resource_drift",
  cipherwatch_warnings: "a warning changes nothing",
  applyable: "whether there are changes, which are compared",
};

/** Old values that change between two plans although nobody changes anything. New values are always compared. */
export const VOLATILE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws_db_instance: { latest_restorable_time: "RDS moves it on every five minutes" },
  aws_ecs_service: {
    desired_count: "set by auto scaling",
    task_definition: "another deployment may come between",
  },
  aws_ecs_task_definition: {
    arn: "another deployment may come between",
    revision: "another deployment may come between",
  },
};

const THE_IMAGE = "sha256:(the image of this commit)";
const EARLIER_IMAGE = "sha256:(an earlier image)";

/**
 * Lists what a plan says, by object or by part of the plan, without what UNCOMPARED and VOLATILE list and
 * without objects that the plan does not change. Of a changed object, values that stay as they are are left
 * out, because AWS updates some on its own.
 * @param image digest of the image that was built from the commit
 */
export function planFacts(plan: PlanJson, image: string): ReadonlyMap<string, Facts> {
  const { resource_changes, output_changes, ...parts } = plan;
  const changed = new Set(plannedChanges(plan).map(({ object }) => object));
  const withImage = (facts: Iterable<Fact>) =>
    new Map(
      [...facts].map(([path, value]) => [
        path,
        path.startsWith("before.")
          ? value
          : value.replaceAll(image, THE_IMAGE).replaceAll(UNBUILT_IMAGE, THE_IMAGE),
      ]),
    );
  return new Map([
    ...resource_changes
      .filter((resource) => isRead(resource) || changed.has(objectOf(resource)))
      .map((resource): [string, Facts] => [objectOf(resource), withImage(resourceFacts(resource))]),
    ...Object.entries(output_changes)
      .map(([name, change]): [string, ChangeOfValue] => [`output.${name}`, change])
      .filter(([object]) => changed.has(object))
      .map(([object, change]): [string, Facts] => [object, withImage(changeFacts(change))]),
    ...Object.entries(parts)
      .filter(([name]) => !Object.hasOwn(UNCOMPARED, name))
      .map(([name, value]): [string, Facts] => [name, withImage(leaves(value, ""))]),
  ]);
}

/** Returns whether a data source is read during the apply. */
export function isRead({ change: { actions } }: ResourceChange): boolean {
  return actions.includes("read");
}

type Fact = readonly [path: string, value: string];

function* resourceFacts({ address: _, change, ...resource }: ResourceChange): Generator<Fact> {
  yield* leaves(resource, "");
  const volatile = VOLATILE[resource.type] ?? {};
  for (const [path, value] of changeFacts(change)) {
    if (path.startsWith("before.") && Object.hasOwn(volatile, path.slice("before.".length)))
      continue;
    const earlier = path === "before.container_definitions";
    yield [path, earlier ? value.replaceAll(/sha256:[0-9a-f]{64}/g, EARLIER_IMAGE) : value];
  }
}

function* changeFacts(change: ChangeOfValue): Generator<Fact> {
  const { before, after, before_sensitive, after_sensitive, after_unknown, ...others } = change;
  yield* differences(before, after, "");
  yield* marks(before_sensitive, "before_sensitive");
  yield* marks(after_sensitive, "after_sensitive");
  yield* marks(after_unknown, "after_unknown");
  yield* leaves(others, "");
}

/** Yields the old and the new value where they differ. */
function* differences(before: unknown, after: unknown, path: string): Generator<Fact> {
  if (canonical(before) === canonical(after)) return;
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([before, after].flatMap(Object.keys))) {
      yield* differences(before[key], after[key], joined(path, key));
    }
    return;
  }
  if (before !== undefined) yield* leaves(before, joined("before", path));
  if (after !== undefined) yield* leaves(after, joined("after", path));
  else yield [joined("after", path), '"(none, or known after the apply)"'];
}

/** Yields each scalar and empty container. */
function* leaves(value: unknown, path: string): Generator<Fact> {
  if (!isContainer(value) || Object.keys(value).length === 0) {
    yield [path, canonical(value)];
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* leaves(inner, joined(path, Array.isArray(value) ? named(key, inner) : key));
  }
}

/** Yields the marks that are set: the others only repeat the shape of the value. */
function* marks(value: unknown, path: string): Generator<Fact> {
  if (isContainer(value)) {
    for (const [key, inner] of Object.entries(value)) yield* marks(inner, joined(path, key));
  } else if (value !== false && value !== undefined) {
    yield [path, canonical(value)];
  }
}

/** Adds the address of a resource in the configuration to its index, so that messages name it. */
function named(index: string, item: unknown): string {
  const address = isContainer(item) ? (item as JsonContainer).address : undefined;
  return typeof address === "string" ? `${index} (${address})` : index;
}

function joined(path: string, key: string): string {
  return path === "" || key === "" ? path + key : `${path}.${key}`;
}
