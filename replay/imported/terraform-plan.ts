import { CREATING_CALL } from "./cloudformation.ts";
import { type FileResource, isObject, type JsonObject, UnknownValue } from "./resource.ts";
import {
  type Configuration,
  configurationOf,
  type Expression,
  expressionAt,
  type Path,
  resolveExpression,
} from "./terraform-references.ts";
import { mayCreateAlarms, readTerraformResource } from "./terraform-resource.ts";
import { type ModuleValues, type ResourceValues, resourcesIn } from "./terraform-state.ts";

/** The output of `terraform show -json` for a plan: https://developer.hashicorp.com/terraform/internals/json-format */
export interface PlanFile {
  readonly planned_values: { readonly root_module: ModuleValues };
  readonly configuration: { readonly root_module: Configuration };
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly mode?: string;
    readonly type?: string;
    readonly change: { readonly actions?: readonly string[]; readonly after_unknown?: unknown };
  }[];
}

/**
 * Reads the filters and alarms as they will be after the plan. Values that are only known after apply, such
 * as a metric name taken from a filter's id, are resolved through the references in the configuration.
 */
export function readPlan(plan: PlanFile): readonly FileResource[] {
  const resources = resourcesIn(plan.planned_values.root_module);
  const unknown = new Map(
    plan.resource_changes?.map(({ address, change }) => [address, change.after_unknown]),
  );
  const planned = resources.flatMap(({ module, resource }) => {
    const scope = { plan: { configuration: plan.configuration.root_module, resources }, module };
    if (!mayCreateAlarms(resource)) return commandsOf(scope, resource);
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
      const [attribute = ""] = path;
      const expression =
        expressionAt(scope, resource, path) ?? expressionAt(scope, resource, [attribute]);
      if (expression === undefined || isUnset(resource.type, path, expression)) {
        return isChosenByAws(resource.type, attribute)
          ? undefined
          : new UnknownValue(whyNoExpression(path));
      }
      return resolveExpression({ ...scope, resource }, expression);
    };
    const { address, values } = resource;
    const attributes = fill(values, withoutLists(unknown.get(address), values), []) as JsonObject;
    return readTerraformResource(resource, attributes);
  });
  return [...planned, ...forgottenBy(plan)];
}

/** Lists a resource whose provisioners run commands that create filters or alarms. */
function commandsOf(
  scope: Parameters<typeof configurationOf>[0],
  resource: ResourceValues,
): readonly FileResource[] {
  const { provisioners = [] } = configurationOf(scope, resource) ?? {};
  const [command] = CREATING_CALL.exec(JSON.stringify(provisioners)) ?? [];
  const why = `its provisioner runs ${command}, which replay does not run`;
  return command === undefined ? [] : [{ address: resource.address, why }];
}

/** Lists the filters and alarms that the plan removes from the state with `removed`, but not from AWS. */
function forgottenBy({ resource_changes: changes = [] }: PlanFile): readonly FileResource[] {
  return changes
    .filter(({ mode = "", type = "", address, change }) => {
      const isForgotten = change.actions?.length === 1 && change.actions[0] === "forget";
      return isForgotten && mayCreateAlarms({ address, mode, type });
    })
    .map(({ address }) => ({
      address,
      why: "the plan removes it from the state but not from AWS, so it stays as it is. Replay the current state as well: terraform show -json",
    }));
}

/**
 * Whether a plan marks an attribute as unknown because it is not set and AWS chooses its value: any attribute of the
 * awscc provider, and the parameters of a stack, which have defaults.
 */
function isChosenByAws(type: string, attribute: string | number): boolean {
  return type.startsWith("awscc_") || attribute === "parameters";
}

/** Parts of the awscc provider's lists that must be set. */
const REQUIRED: readonly unknown[] = [
  ...["metric_name", "metric_namespace", "metric_value", "namespace", "value"],
];

/**
 * Whether an unknown part of an attribute is not set. A plan has one expression for a nested attribute of the
 * awscc provider, and marks the parts of it that are not set as unknown, too.
 */
function isUnset(type: string, path: Path, { references }: Expression): boolean {
  if (!type.startsWith("awscc_") || path.length === 1) return false;
  return references === undefined || !REQUIRED.includes(path.at(-1));
}

const BLOCKS: readonly unknown[] = ["metric_query", "metric_transformation"];

const whyNoExpression = ([name]: Path) =>
  BLOCKS.includes(name)
    ? "a dynamic block sets it, and a plan does not contain the expressions of dynamic blocks"
    : "AWS assigns it";

/** Removes the empty lists of unknown parts, which a plan contains for attributes that are known. */
function withoutLists(unknownParts: unknown, values: ResourceValues["values"]): unknown {
  if (!isObject(unknownParts)) return {};
  return Object.fromEntries(
    Object.entries(unknownParts).filter(
      ([name, part]) => !(Array.isArray(part) && part.length === 0 && name in values),
    ),
  );
}
