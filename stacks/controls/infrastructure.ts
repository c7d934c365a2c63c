import type { Stacks, TerraformJson } from "../../terraform/json.ts";

type Values = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly stack: string;
  readonly type: string;
  readonly name: string;
  readonly values: Values;
}

/** `<stack>/<type>.<name>` */
export function addressOf({ stack, type, name }: Omit<Resource, "values">): string {
  return `${stack}/${type}.${name}`;
}

/** All resources of a type, of all stacks. */
export function resourcesOf(stacks: Stacks, type: string): readonly Resource[] {
  return [...stacks].flatMap(([stack, { resource }]) =>
    Object.entries(resource?.[type] ?? {}).map(([name, values]) => ({ stack, type, name, values })),
  );
}

/** The stacks with one resource made, or made otherwise; the given ones stay as they are. */
export function withResource(stacks: Stacks, resource: Resource): Stacks {
  return withBlock(stacks, "resource", resource);
}

export function withoutResource(stacks: Stacks, { stack, type, name }: Resource): Stacks {
  const json = stackOf(stacks, stack);
  const { [name]: _, ...others } = json.resource?.[type] ?? {};
  return new Map(stacks).set(stack, { ...json, resource: { ...json.resource, [type]: others } });
}

/** As `withResource`, for a data source. */
export function withData(stacks: Stacks, data: Resource): Stacks {
  return withBlock(stacks, "data", data);
}

function withBlock(stacks: Stacks, kind: "resource" | "data", block: Resource): Stacks {
  const { stack, type, name, values } = block;
  const json = stackOf(stacks, stack);
  const blocks = json[kind];
  return new Map(stacks).set(stack, {
    ...json,
    [kind]: { ...blocks, [type]: { ...blocks?.[type], [name]: values } },
  });
}

function stackOf(stacks: Stacks, id: string): TerraformJson {
  const json = stacks.get(id);
  if (json === undefined) {
    throw new RangeError(`There is no stack ${id}; there are ${[...stacks.keys()].join(", ")}.`);
  }
  return json;
}

/** A resource or a data source, and the attribute of it that somebody reads. */
export interface Reference extends Resource {
  readonly kind: "resource" | "data";
  readonly attribute: string;
}

const REFERENCE =
  /^\$\{(?<data>data\.)?(?<type>[a-z]\w*)\.(?<name>[\w-]+)\.(?<attribute>[\w.[\]-]+)\}$/;
const STATE_FILE = /([\w-]+)\.tfstate$/;

/**
 * What a value of a stack refers to, in that stack or, by its remote state, in another one.
 * @returns undefined for a literal, for an expression, and for a reference to what is not there
 */
export function resolve(stacks: Stacks, stack: string, value: unknown): Reference | undefined {
  const { data, type, name, attribute } = REFERENCE.exec(String(value))?.groups ?? {};
  if (type === undefined || name === undefined || attribute === undefined) return undefined;
  const kind = data === undefined ? "resource" : "data";
  const values = stacks.get(stack)?.[kind]?.[type]?.[name];
  if (values === undefined) return undefined;
  if (type !== "terraform_remote_state") return { kind, stack, type, name, values, attribute };
  const { path, key } = (values.config ?? {}) as Readonly<Record<string, unknown>>;
  const producer = STATE_FILE.exec(String(path ?? key))?.[1] ?? "";
  const output = stacks.get(producer)?.output?.[attribute.replace(/^outputs\./, "")];
  return resolve(stacks, producer, output?.value);
}
