import type { Block, Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import {
  addressOf,
  type ConfiguredResource,
  resourcesOf,
  withoutResource,
  withResource,
} from "../../terraform/resources.ts";
import type { Finding, Violation } from "./finding.ts";
import { UNRESOLVABLE } from "./matchers.ts";

/** A resource, or a part of one, such as a statement of its policy. */
export interface SubjectItem {
  readonly address: string;
  readonly stack: string;
  readonly values: unknown;
  /** Copies the stacks with other values for this item. */
  readonly replace: (values: unknown) => Stacks;
}

/** What a check is about. */
export interface Subject {
  readonly types: readonly string[];
  /** A finding stands for an item that is missing or cannot be read. */
  readonly items: (stacks: Stacks) => readonly (SubjectItem | Finding)[];
  /** Ways to hide an item. */
  readonly violations: readonly Violation[];
}

/** The resources of a type for which `where` holds. Default: all. */
export function resources(type: string, where: (values: Block) => boolean = () => true): Subject {
  return {
    types: [type],
    items: (stacks) =>
      resourcesOf(stacks, type)
        .filter(({ values }) => where(values))
        .map((resource) => itemOf(stacks, resource)),
    violations: [],
  };
}

/** The items of both subjects. Only the first must occur, so violations are made of it alone. */
export function including(subject: Subject, other: Subject): Subject {
  return {
    types: subject.types,
    items: (stacks) => [...subject.items(stacks), ...other.items(stacks)],
    violations: subject.violations,
  };
}

function itemOf(stacks: Stacks, resource: ConfiguredResource): SubjectItem {
  return {
    address: addressOf(resource),
    stack: resource.stack,
    values: resource.values,
    replace: (values) => withResource(stacks, { ...resource, values: values as Block }),
  };
}

/** A resource type that configures another one, such as the versioning of a bucket. */
export interface Companion {
  readonly type: string;
  /** Attribute that refers to the owner, or a list of references. */
  readonly link: string;
  readonly where?: (values: Block) => boolean;
}

/** The companions that refer to the resource at an address. */
export function companionsOf(
  stacks: Stacks,
  { type, link, where = () => true }: Companion,
  address: string,
): readonly ConfiguredResource[] {
  return resourcesOf(stacks, type).filter(
    ({ stack, values }) =>
      where(values) &&
      [values[link]].flat().some((value) => {
        const target = resolveReference(stacks, stack, value);
        return target !== undefined && addressOf(target) === address;
      }),
  );
}

/** The companions of every resource of a type, at their owner's address. One without is a finding. */
export function companions(owner: string, companion: Companion): Subject {
  const { type, link } = companion;
  const violation = (
    title: string,
    change: (stacks: Stacks, resource: ConfiguredResource) => Stacks,
  ): Violation => ({
    title,
    apply: (stacks) =>
      resourcesOf(stacks, owner)
        .map((resource) => addressOf(resource))
        .map((address) => ({ address, linked: companionsOf(stacks, companion, address) }))
        .filter(({ linked }) => linked.length > 0)
        .map(({ address, linked }) => ({ address, stacks: linked.reduce(change, stacks) })),
  });
  return {
    types: [owner],
    items: (stacks) =>
      resourcesOf(stacks, owner).flatMap((resource): (SubjectItem | Finding)[] => {
        const address = addressOf(resource);
        const linked = companionsOf(stacks, companion, address);
        if (linked.length === 0) return [{ address, attribute: type, problem: "is missing" }];
        return linked.map((companionOfOwner) => ({
          ...itemOf(stacks, companionOfOwner),
          address,
        }));
      }),
    violations: [
      violation(`${owner} without ${type}`, withoutResource),
      violation(`${type} with ${link} unresolvable`, (stacks, resource) =>
        withResource(stacks, { ...resource, values: { ...resource.values, [link]: UNRESOLVABLE } }),
      ),
    ],
  };
}

/** Every container of the task definitions, which hold them as a JSON string. */
export const containers: Subject = {
  types: ["aws_ecs_task_definition"],
  items: (stacks) =>
    resourcesOf(stacks, "aws_ecs_task_definition").flatMap((task): (SubjectItem | Finding)[] => {
      const definitions = parseContainers(task.values.container_definitions);
      if (definitions === undefined) {
        const problem = "must be a JSON list of containers";
        return [{ address: addressOf(task), attribute: "container_definitions", problem }];
      }
      return definitions.map((values, index) => ({
        address: `${addressOf(task)} ${(values as { name?: unknown }).name}`,
        stack: task.stack,
        values,
        replace: (other) =>
          withAttribute(
            stacks,
            task,
            "container_definitions",
            JSON.stringify(definitions.with(index, other)),
          ),
      }));
    }),
  violations: attributeViolations("aws_ecs_task_definition", "container_definitions", [
    UNRESOLVABLE,
    "[]",
  ]),
};

function parseContainers(json: unknown): readonly unknown[] | undefined {
  try {
    const definitions: unknown = JSON.parse(String(json));
    return Array.isArray(definitions) && definitions.length > 0 ? definitions : undefined;
  } catch {
    return undefined;
  }
}

/** Violations that give an attribute of every resource of a type each of the values. */
export function attributeViolations(
  type: string,
  attribute: string,
  values: readonly unknown[],
): readonly Violation[] {
  return values.map((value) => ({
    title: `${type} ${attribute} ${value ?? "absent"}`,
    apply: (stacks) =>
      resourcesOf(stacks, type).map((resource) => ({
        address: addressOf(resource),
        stacks: withAttribute(stacks, resource, attribute, value),
      })),
  }));
}

function withAttribute(
  stacks: Stacks,
  resource: ConfiguredResource,
  attribute: string,
  value: unknown,
): Stacks {
  return withResource(stacks, { ...resource, values: { ...resource.values, [attribute]: value } });
}
