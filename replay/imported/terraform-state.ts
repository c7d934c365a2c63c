import type { FileResource, JsonObject } from "./resource.ts";
import { readTerraformResource } from "./terraform-resource.ts";

/** A module in the output of `terraform show -json`, of a state or of a plan's planned values. */
export interface ModuleValues {
  readonly address?: string;
  readonly resources?: readonly ResourceValues[];
  readonly child_modules?: readonly ModuleValues[];
}

export interface ResourceValues {
  readonly address: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  readonly values: JsonObject;
}

/** The output of `terraform show -json` for a state: https://developer.hashicorp.com/terraform/internals/json-format */
export interface ShownState {
  readonly values?: { readonly root_module: ModuleValues };
}

/** A `terraform.tfstate` file of version 4. */
export interface StateFile {
  readonly version: number;
  readonly resources: readonly {
    readonly module?: string;
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly instances: readonly {
      readonly index_key?: string | number;
      readonly deposed?: string;
      readonly attributes?: JsonObject;
    }[];
  }[];
}

/**
 * Lists the resources of a module and its descendants, each with the address of its module. Modules are in the order
 * of their addresses, because Terraform's order differs between runs.
 */
export function resourcesIn(
  module: ModuleValues,
): readonly { readonly module: string; readonly resource: ResourceValues }[] {
  return [
    ...(module.resources ?? []).map((resource) => ({ module: module.address ?? "", resource })),
    ...(module.child_modules ?? [])
      .toSorted((a, b) => ((a.address ?? "") < (b.address ?? "") ? -1 : 1))
      .flatMap(resourcesIn),
  ];
}

export function readShownState({ values }: ShownState): readonly FileResource[] {
  return resourcesIn(values?.root_module ?? {}).flatMap(({ resource }) =>
    readTerraformResource(resource, resource.values),
  );
}

export function readStateFile({ resources }: StateFile): readonly FileResource[] {
  return resources.flatMap(({ module, mode, type, name, instances }) =>
    instances
      .filter(({ deposed }) => deposed === undefined)
      .flatMap(({ index_key: key, attributes = {} }) => {
        const index = key === undefined ? "" : `[${JSON.stringify(key)}]`;
        const address = `${module ? `${module}.` : ""}${type}.${name}${index}`;
        return readTerraformResource({ address, mode, type }, attributes);
      }),
  );
}
