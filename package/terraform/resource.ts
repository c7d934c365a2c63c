import type { Construct } from "constructs";
import { type Json, snakeCase, snakeCased, TerraformElement, TerraformStack } from "./elements.ts";
import { reference } from "./references.ts";

/** What the build of the package takes from a class of `@cdktf/provider-aws`. */
export interface ResourceType {
  readonly kind: "resource" | "data";
  /** Its type in Terraform, such as `aws_kms_key`. */
  readonly type: string;
  /** The properties that refer to its attributes, such as `keyId`. */
  readonly attributes: readonly string[];
}

/** Creates the class of a resource or data source, with the interface of `@cdktf/provider-aws`. */
export function resourceClass({ kind, type, attributes }: ResourceType) {
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
      return { [kind]: { [type]: { [this.friendlyUniqueId]: snakeCased(this.config) } } };
    }
  }
  for (const name of attributes) {
    Object.defineProperty(Resource.prototype, name, {
      get(this: Resource) {
        return name.endsWith("Input")
          ? this.config[name.slice(0, -"Input".length)]
          : reference(TerraformStack.of(this).node.id, `${this.fqn}.${snakeCase(name)}`);
      },
      set(this: Resource, value: unknown) {
        this.config[name] = value;
      },
    });
  }
  return Resource;
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
        provider: { [name]: [snakeCased(this.config)] },
      };
    }
  };
}
