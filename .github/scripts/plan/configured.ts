import { isContainer } from "./json.ts";
import type { PlanJson } from "./plan-json.ts";

/**
 * Returns a function that tells whether the configuration of a resource sets a value.
 * https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
 * @returns always true if the plan has no configuration of the resource
 */
export function configuredValues(
  { configuration }: PlanJson,
  address: string,
): (path: readonly (string | number)[]) => boolean {
  const module = isContainer(configuration) ? configuration.root_module : undefined;
  const resources = isContainer(module) ? module.resources : undefined;
  const resource = (Array.isArray(resources) ? resources : []).find(
    (candidate) => candidate?.address === address.replace(/\[[^\]]*\]$/, ""),
  );
  return (path) => resource === undefined || sets(resource.expressions, path);
}

function sets(expressions: unknown, path: readonly (string | number)[]): boolean {
  if (!isContainer(expressions)) return false;
  if ("references" in expressions || "constant_value" in expressions) return true;
  const [key, ...rest] = path;
  if (key === undefined) return Object.values(expressions).some((inner) => sets(inner, []));
  // The order of blocks in a set differs from that in the configuration.
  if (Array.isArray(expressions)) return expressions.some((block) => sets(block, rest));
  return typeof key === "number" ? sets(expressions, rest) : sets(expressions[key], rest);
}
