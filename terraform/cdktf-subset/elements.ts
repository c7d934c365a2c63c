import { createHash } from "node:crypto";
import { Construct, type IConstruct } from "constructs";

export type Json = Record<string, unknown>;

/** The root of all stacks. */
export class App extends Construct {
  constructor() {
    super(undefined as unknown as Construct, "");
  }
}

export class TerraformStack extends Construct {
  readonly overrides: Json = {};

  static isStack(construct: IConstruct): construct is TerraformStack {
    return construct instanceof TerraformStack;
  }

  static of(construct: IConstruct): TerraformStack {
    const stack = construct.node.scopes.findLast(TerraformStack.isStack);
    if (stack === undefined) throw new Error(`${construct.node.path} is in no stack.`);
    return stack;
  }

  /** @param path names separated by dots */
  addOverride(path: string, value: unknown): void {
    setPath(this.overrides, path, value);
  }

  /** Does nothing: the stacks are listed in the order in which they are deployed. */
  addDependency(_stack: TerraformStack): void {}
}

/** A part of a stack. */
export abstract class TerraformElement extends Construct {
  /** Name within the stack: the ids of its path, followed by their hash if there are several. */
  get friendlyUniqueId(): string {
    const { scopes } = this.node;
    const path = scopes.slice(scopes.indexOf(TerraformStack.of(this)) + 1);
    const [first = "", ...more] = path.map(({ node }) => node.id);
    return more.length === 0 ? alphanumeric(first) : hashedId([first, ...more]);
  }

  abstract toTerraform(): Json;
}

function hashedId(path: readonly string[]): string {
  const hash = createHash("md5").update(path.join("/")).digest("hex").slice(0, 8).toUpperCase();
  const names: string[] = [];
  for (const id of path) {
    if (!names.at(-1)?.endsWith(id)) names.push(id);
  }
  return [...names.filter((id) => id !== "Resource").map(alphanumeric), hash].join("_");
}

const alphanumeric = (id: string) => id.replaceAll(/[^A-Za-z0-9_-]/g, "");

export class TerraformOutput extends TerraformElement {
  readonly #config: Json;

  constructor(scope: Construct, id: string, config: Json) {
    super(scope, id);
    this.#config = config;
  }

  override toTerraform(): Json {
    return { output: { [this.friendlyUniqueId]: snakeCased(this.#config) } };
  }
}

/** The location of a stack's state, from which other stacks read its outputs. */
export abstract class TerraformBackend extends TerraformElement {
  readonly type: string;
  readonly config: Json;

  constructor(scope: Construct, type: string, config: Json) {
    super(scope, "backend");
    this.type = type;
    this.config = config;
  }

  override toTerraform(): Json {
    return { terraform: { backend: { [this.type]: snakeCased(this.config) } } };
  }
}

export class LocalBackend extends TerraformBackend {
  constructor(scope: Construct, config: Json) {
    super(scope, "local", config);
  }
}

export class S3Backend extends TerraformBackend {
  constructor(scope: Construct, config: Json) {
    super(scope, "s3", config);
  }
}

/**
 * Converts the names of arguments from `kmsKeyId` to `kms_key_id`, and leaves out those that are undefined.
 * @param maps arguments whose value is a map, the names in which stay as they are
 */
export function snakeCased(value: unknown, maps: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((item) => snakeCased(item, maps));
  if (typeof value !== "object" || value === null) return value;
  if ("fqn" in value) return value.fqn;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [
        snakeCase(name),
        maps.includes(name) ? item : snakeCased(item, maps),
      ]),
  );
}

export const snakeCase = (name: string) =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @param path names separated by dots */
export function setPath(target: Json, path: string, value: unknown): void {
  const override = path.split(".").reduceRight((inner, name) => ({ [name]: inner }), value);
  mergeInto(target, override as Json);
}

/** Merges the members of objects at every depth. */
export function mergeInto(target: Json, source: Json): void {
  for (const [name, value] of Object.entries(source)) {
    const existing = target[name];
    if (isObject(existing) && isObject(value)) mergeInto(existing, value);
    else target[name] = value;
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
