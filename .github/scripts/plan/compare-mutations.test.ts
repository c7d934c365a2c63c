import fc from "fast-check";
import { expect, test } from "vitest";
import { StepError } from "../github/step.ts";
import { fixture } from "../testing/fixtures.ts";
import { type Mutation, mutated, mutationsOf } from "../testing/plan-mutations.ts";
import { actionOf } from "./action.ts";
import { comparePlans } from "./compare.ts";
import { isImageSwap } from "./image-change.ts";
import { isContainer, isEmpty } from "./json.ts";
import { isRead, UNCOMPARED, VOLATILE } from "./plan-facts.ts";
import { type PlanJson, parsePlan } from "./plan-json.ts";
import { plannedChanges, UNBUILT_IMAGE } from "./planned-changes.ts";

const NAMES = [
  "create",
  "change",
  "destroy-key",
  "image",
  "replace-database",
  "sensitive",
  "shapes",
];
const plans = NAMES.map((name) => {
  const document: unknown = JSON.parse(fixture(`${name}.json`));
  const plan = parsePlan(fixture(`${name}.json`), name);
  return {
    name,
    document,
    plan,
    mutations: mutationsOf(document).filter((mutation) => !mayVary(mutation, plan, document)),
  };
});

test("sees every value that is changed, removed, added or reordered anywhere in a plan", () => {
  const anyMutation = fc.constantFrom(...plans).chain(({ name, document, plan, mutations }) =>
    fc.record({ name: fc.constant(name), mutation: fc.constantFrom(...mutations) }).map((of) => ({
      ...of,
      found: () => differences(plan, mutated(document, of.mutation)),
    })),
  );
  fc.assert(
    fc.property(anyMutation, ({ found }) => found() > 0),
    { numRuns: 500 },
  );
});

const shapes = plans[NAMES.indexOf("shapes")] as (typeof plans)[number];

test("compares most of a plan", () => {
  expect(shapes.mutations.length).toBeGreaterThan(700);
});

test.each(Object.entries(UNCOMPARED))("lets %s vary: %s", (part) => {
  const versions: Record<string, string> = { format_version: "1.9", terraform_version: "1.99.0" };
  const absent = part === "resource_drift" || part === "cipherwatch_warnings";
  expect(shapes.document).toHaveProperty(absent ? "prior_state" : part);
  const other = { ...(shapes.document as object), [part]: versions[part] };
  expect(differences(shapes.plan, other)).toBe(0);
});

/** Counts the differences; 1 if the mutated document is not a valid plan. */
function differences(reviewed: PlanJson, document: unknown): number {
  let fresh: PlanJson;
  try {
    fresh = parsePlan(JSON.stringify(document), "the plan");
  } catch (error) {
    if (error instanceof StepError) return 1;
    throw error;
  }
  // Nothing is applied.
  if (plannedChanges(fresh).length === 0) return 1;
  return comparePlans(reviewed, fresh, UNBUILT_IMAGE).length;
}

/** Returns whether two plans that do the same may differ in this. Each reason is listed. */
function mayVary({ path, kind }: Mutation, plan: PlanJson, document: unknown): boolean {
  const [part = "", index, section = "", side = "", attribute = ""] = path.map(String);
  const value = path.reduce<unknown>(
    (inner, key) => (inner as Record<string, unknown>)[key],
    document,
  );
  if (Object.hasOwn(UNCOMPARED, part)) return true;
  // A missing part is read as Terraform's default, which it otherwise writes.
  const isDefault = part === "complete" || part === "errored" || isEmpty(value);
  if (path.length === 1 && kind === "remove" && isDefault) return true;
  // Changes are identified by their address, not by their position.
  if (part === "resource_changes" && path.length === 1 && kind === "reverse") return true;
  if (part === "output_changes") {
    const outputs = Object.entries(plan.output_changes).filter(
      ([name]) => index === undefined || name === index,
    );
    const unchanged = outputs.every(([, { actions }]) => actions.every((each) => each === "no-op"));
    const noticed = ["before", "after", "actions"].includes(section) || path.length === 1;
    return isUnsetMark(path.slice(2), value) || (unchanged && (!noticed || kind === "remove"));
  }
  if (part !== "resource_changes" || path.length < 2) return false;
  const resource = plan.resource_changes[Number(index)] as PlanJson["resource_changes"][number];
  // Known by now.
  if (isRead(resource) && path.length === 2 && kind === "remove") return true;
  // The image is already running.
  const change = plannedChanges(plan).find((each) => each.resource === resource);
  const swap = change !== undefined && isImageSwap(change, UNBUILT_IMAGE);
  if (swap && path.length === 2 && kind === "remove") return true;
  // Nothing happens to it; a change of its values is noticed all the same.
  const touched = actionOf(resource) !== undefined || isRead(resource);
  if (!touched && !["before", "after", "actions"].includes(side)) return true;
  // AWS or another deployment changes it.
  if (side === "before" && Object.hasOwn(VOLATILE[resource.type] ?? {}, attribute)) return true;
  return section === "change" && isUnsetMark(path.slice(3), value);
}

/** Marks that are not set repeat the shape of the value. */
function isUnsetMark([side]: Mutation["path"], value: unknown): boolean {
  const marks = ["after_unknown", "before_sensitive", "after_sensitive"].includes(String(side));
  return marks && !JSON.stringify(isContainer(value) ? value : [value]).includes("true");
}
