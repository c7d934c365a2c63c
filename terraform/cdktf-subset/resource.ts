import type { Construct } from "constructs";
import {
  type Json,
  setPath,
  snakeCase,
  snakeCased,
  TerraformElement,
  TerraformStack,
} from "./elements.ts";
import { reference } from "./references.ts";

/** The properties of a class of `@cdktf/provider-aws` that provider-module.ts reads. */
export interface ResourceType {
  readonly kind: "resource" | "data";
  /** Its type in Terraform, such as `aws_kms_key`. */
  readonly type: string;
  /** The properties that refer to its attributes, such as `keyId`. */
  readonly attributes: readonly string[];
  /** Those of the attributes that are lists of objects, such as `masterUserSecret`. */
  readonly lists: readonly string[];
  /** The arguments, of any block, whose value is a map. The names in a map are not Terraform's. */
  readonly maps: readonly string[];
}

/** A resource of a type without a class, whose arguments are set as overrides. */
export class TerraformResource extends TerraformElement {
  readonly type: string;
  readonly #config: Json;
  readonly #overrides: Json = {};

  constructor(scope: Construct, id: string, { terraformResourceType, lifecycle }: Json) {
    super(scope, id);
    this.type = String(terraformResourceType);
    this.#config = { lifecycle };
  }

  /** Its address in its stack. */
  get fqn(): string {
    return `${this.type}.${this.friendlyUniqueId}`;
  }

  getStringAttribute(name: string): string {
    return reference(TerraformStack.of(this).node.id, `${this.fqn}.${name}`);
  }

  addOverride(path: string, value: unknown): void {
    setPath(this.#overrides, path, value);
  }

  override toTerraform(): Json {
    const block = { ...(snakeCased(this.#config) as Json), ...this.#overrides };
    return { resource: { [this.type]: { [this.friendlyUniqueId]: block } } };
  }
}

/** Creates the class of a resource or data source, with the interface of `@cdktf/provider-aws`. */
export function resourceClass({ kind, type, attributes, lists, maps }: ResourceType) {
  class Resource extends TerraformElement {
    readonly config: Json;

    constructor(scope: Construct, id: string, config: Json = {}) {
      super(scope, id);
      this.config = { ...config };
    }

    /** Its address in its stack. */
    get fqn(): string {
      return `${kind === "data" ? "data." : ""}${type}.${this.friendlyUniqueId}`;
    }

    override toTerraform(): Json {
      return { [kind]: { [type]: { [this.friendlyUniqueId]: snakeCased(this.config, maps) } } };
    }
  }
  for (const name of attributes) {
    Object.defineProperty(Resource.prototype, name, {
      get(this: Resource) {
        if (name.endsWith("Input")) return this.config[name.slice(0, -"Input".length)];
        const attribute = `${this.fqn}.${snakeCase(name)}`;
        const stackId = TerraformStack.of(this).node.id;
        return lists.includes(name)
          ? objectList(stackId, attribute)
          : reference(stackId, attribute);
      },
      set(this: Resource, value: unknown) {
        this.config[name] = value;
      },
    });
  }
  return Resource;
}

/** Lists that are sets in Terraform, whose elements have no index. */
const SETS = ["domain_validation_options"];

/** Refers to the attributes of the objects in a list: `list.get(0).secretArn`. */
function objectList(stackId: string, list: string) {
  const isSet = SETS.some((name) => list.endsWith(`.${name}`));
  const addressOf = (index: number) => (isSet ? `tolist(${list}).${index}` : `${list}[${index}]`);
  return {
    get: (index: number) =>
      new Proxy(
        {},
        { get: (_, name) => reference(stackId, `${addressOf(index)}.${snakeCase(String(name))}`) },
      ),
  };
}

/** Creates the class of a provider. @param required its source and version */
export function providerClass(name: string, required: Json) {
  return class Provider extends TerraformElement {
    readonly config: Json;

    constructor(scope: Construct, id: string, config: Json) {
      super(scope, id);
      this.config = config;
    }

    override toTerraform(): Json {
      return {
        terraform: { required_providers: { [name]: required } },
        provider: { [name]: [snakeCased(this.config, ["tags"])] },
      };
    }
  };
}
