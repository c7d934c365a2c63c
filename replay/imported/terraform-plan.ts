import {
  type ImportedResource,
  isImportedType,
  isObject,
  type JsonObject,
  UnknownValue,
} from "./resource.ts";
import {
  type Configuration,
  expressionAt,
  type Path,
  resolveExpression,
} from "./terraform-references.ts";
import { type ModuleValues, type ResourceValues, resourcesIn } from "./terraform-state.ts";

/** The output of `terraform show -json` for a plan: https://developer.hashicorp.com/terraform/internals/json-format */
export interface PlanFile {
  readonly planned_values: { readonly root_module: ModuleValues };
  readonly configuration: { readonly root_module: Configuration };
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly change: { readonly after_unknown?: unknown };
  }[];
}

/**
 * Reads the filters and alarms as they will be after the plan. Values that are only known after apply, such
 * as a metric name taken from a filter's id, are resolved through the references in the configuration.
 */
export function readPlan(plan: PlanFile): readonly ImportedResource[] {
  const resources = resourcesIn(plan.planned_values.root_module);
  const unknown = new Map(
    plan.resource_changes?.map(({ address, change }) => [address, change.after_unknown]),
  );
  return resources.flatMap(({ module, resource }) => {
    if (!isImportedType(resource.type)) return [];
    const fill = (value: unknown, unknownParts: unknown, path: Path): unknown => {
      if (unknownParts === true) return resolve(path);
      if (Array.isArray(unknownParts)) {
        const items = Array.isArray(value) ? value : [];
        return unknownParts.map((part, index) => fill(items[index], part, [...path, index]));
      }
      if (!isObject(unknownParts)) return value;
      const filled = Object.entries(unknownParts).map(([name, part]) => [
        name,
        fill(isObject(value) ? value[name] : undefined, part, [...path, name]),
      ]);
      return { ...(isObject(value) ? value : {}), ...Object.fromEntries(filled) };
    };
    const resolve = (path: Path) => {
      const scope = { plan: { configuration: plan.configuration.root_module, resources }, module };
      const expression = expressionAt(scope, resource, path);
      if (expression === undefined) return new UnknownValue(whyNoExpression(path));
      return resolveExpression({ ...scope, resource }, expression);
    };
    const { address, type, values } = resource;
    const attributes = fill(values, withoutLists(unknown.get(address), values), []) as JsonObject;
    return [{ address, type, attributes }];
  });
}

const BLOCKS: readonly unknown[] = ["metric_query", "metric_transformation"];

const whyNoExpression = ([name]: Path) =>
  BLOCKS.includes(name)
    ? "a dynamic block sets it, and a plan does not contain the expressions of dynamic blocks"
    : "AWS assigns it";

/** Of an attribute that is known, the plan marks an empty list of unknown parts. */
function withoutLists(unknownParts: unknown, values: ResourceValues["values"]): unknown {
  if (!isObject(unknownParts)) return {};
  return Object.fromEntries(
    Object.entries(unknownParts).filter(
      ([name, part]) => !(Array.isArray(part) && part.length === 0 && name in values),
    ),
  );
}
