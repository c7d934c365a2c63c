import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import {
  addressOf,
  type ConfiguredResource,
  resourcesOf,
  withoutResource,
  withResource,
} from "../../terraform/resources.ts";
import type { Example, Finding } from "./finding.ts";
import type { Values } from "./values.ts";
import { UNRESOLVABLE } from "./wanted.ts";

/** Something that has attributes: a resource, or what is written within one. */
export interface Part {
  readonly address: string;
  readonly stack: string;
  readonly values: unknown;
  /** The stacks that it comes from, with other values in its place. */
  readonly replaced: (values: unknown) => Stacks;
}

/** What a rule is about. */
export interface Subject {
  readonly types: readonly string[];
  /** A finding stands for what should be there, or cannot be read. */
  readonly parts: (stacks: Stacks) => readonly (Part | Finding)[];
  /** Ways of hiding a part. None unless given. */
  readonly examples?: readonly Example[];
}

/** The resources of a type; all of them unless `where` says which. */
export function resources(type: string, where: (values: Values) => boolean = () => true): Subject {
  return {
    types: [type],
    parts: (stacks) =>
      resourcesOf(stacks, type)
        .filter(({ values }) => where(values))
        .map((resource) => partOf(stacks, resource)),
  };
}

function partOf(stacks: Stacks, resource: ConfiguredResource): Part {
  return {
    address: addressOf(resource),
    stack: resource.stack,
    values: resource.values,
    replaced: (values) => withResource(stacks, { ...resource, values: values as Values }),
  };
}

export interface Companion {
  readonly type: string;
  /** Attribute by which it names what it belongs to, or a list of those. */
  readonly link: string;
  /** Which of them count. All unless given. */
  readonly where?: (values: Values) => boolean;
}

/** Those that belong to the resource at an address. */
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

/**
 * What belongs to each resource of a type, such as to a bucket its versioning. It stands at the address
 * of what it belongs to, and what has none is a finding.
 */
export function companions(owner: string, companion: Companion): Subject {
  const { type, link } = companion;
  const example = (
    title: string,
    change: (stacks: Stacks, it: ConfiguredResource) => Stacks,
  ): Example => ({
    title,
    broken: (stacks) =>
      resourcesOf(stacks, owner)
        .map(addressOf)
        .map((address) => ({ address, own: companionsOf(stacks, companion, address) }))
        .filter(({ own }) => own.length > 0)
        .map(({ address, own }) => ({ address, stacks: own.reduce(change, stacks) })),
  });
  return {
    types: [owner],
    parts: (stacks) =>
      resourcesOf(stacks, owner).flatMap((resource): (Part | Finding)[] => {
        const address = addressOf(resource);
        const own = companionsOf(stacks, companion, address);
        if (own.length === 0) return [{ address, attribute: type, problem: "is missing" }];
        return own.map((it) => ({ ...partOf(stacks, it), address }));
      }),
    examples: [
      example(`${owner} without ${type}`, withoutResource),
      example(`${type}: ${link} unresolvable`, (stacks, it) =>
        withResource(stacks, { ...it, values: { ...it.values, [link]: UNRESOLVABLE } }),
      ),
    ],
  };
}
