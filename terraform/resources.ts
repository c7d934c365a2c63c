import type { Block, Stacks } from "./json.ts";

/** A resource of a stack as configured, with unresolved references. */
export interface ConfiguredResource {
  readonly stack: string;
  readonly type: string;
  readonly name: string;
  readonly values: Block;
}

/** `<stack>/<type>.<name>` */
export function addressOf({ stack, type, name }: Omit<ConfiguredResource, "values">): string {
  return `${stack}/${type}.${name}`;
}

/** Returns the resources of a type in all stacks. */
export function resourcesOf(stacks: Stacks, type: string): readonly ConfiguredResource[] {
  return [...stacks].flatMap(([stack, { resource }]) =>
    Object.entries(resource?.[type] ?? {}).map(([name, values]) => ({ stack, type, name, values })),
  );
}

/** Copies the stacks with one resource added or replaced. */
export function withResource(stacks: Stacks, resource: ConfiguredResource): Stacks {
  return withBlock(stacks, "resource", resource);
}

/** Copies the stacks with one data source added or replaced. */
export function withData(stacks: Stacks, data: ConfiguredResource): Stacks {
  return withBlock(stacks, "data", data);
}

/** Copies the stacks without one resource. */
export function withoutResource(stacks: Stacks, resource: ConfiguredResource): Stacks {
  return withBlock(stacks, "resource", { ...resource, values: undefined });
}

function withBlock(
  stacks: Stacks,
  kind: "resource" | "data",
  {
    stack,
    type,
    name,
    values,
  }: Omit<ConfiguredResource, "values"> & { readonly values: Block | undefined },
): Stacks {
  const json = stacks.get(stack);
  if (json === undefined) {
    throw new RangeError(`Unknown stack ${stack}. Stacks: ${[...stacks.keys()].join(", ")}.`);
  }
  const { [name]: _, ...others } = json[kind]?.[type] ?? {};
  const blocks = values === undefined ? others : { ...others, [name]: values };
  return new Map(stacks).set(stack, { ...json, [kind]: { ...json[kind], [type]: blocks } });
}
