import { isObject, UnknownValue } from "./resource.ts";
import type { ResourceValues } from "./terraform-state.ts";

/**
 * An expression in a plan's configuration. A plan contains the values of constants and the references of all
 * other expressions, the most specific first, but not the expressions themselves.
 * @see https://developer.hashicorp.com/terraform/internals/json-format#expression-representation
 */
export interface Expression {
  readonly constant_value?: unknown;
  readonly references?: readonly string[];
}

/** A module in a plan's configuration. */
export interface Configuration {
  readonly resources?: readonly {
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly expressions?: Readonly<Record<string, unknown>>;
    readonly for_each_expression?: Expression;
    readonly provisioners?: readonly unknown[];
  }[];
  readonly module_calls?: Readonly<
    Record<
      string,
      {
        readonly expressions?: Readonly<Record<string, Expression>>;
        readonly for_each_expression?: Expression;
        readonly module?: Configuration;
      }
    >
  >;
  readonly outputs?: Readonly<Record<string, { readonly expression?: Expression }>>;
  readonly variables?: Readonly<Record<string, { readonly default?: unknown }>>;
}

/** A path of attribute names and list indices. */
export type Path = readonly (string | number)[];

interface Plan {
  readonly configuration: Configuration;
  readonly resources: readonly { readonly module: string; readonly resource: ResourceValues }[];
}

/** The place of an expression: a module, or a block in it that `for_each` or `count` repeats. */
export interface Scope {
  readonly plan: Plan;
  /** The module's address, such as `module.alarms["root"]`; empty for the root module. */
  readonly module: string;
  /** The key of the repeated block. */
  readonly key?: string | number | undefined;
  readonly forEach?: Expression | undefined;
}

/** Finds the block of a resource in the configuration. */
export function configurationOf(
  { plan, module }: Pick<Scope, "plan" | "module">,
  { type, name }: Pick<ResourceValues, "type" | "name">,
): NonNullable<Configuration["resources"]>[number] | undefined {
  const { resources = [] } = moduleAt(plan.configuration, module) ?? {};
  return resources.find((candidate) => candidate.type === type && candidate.name === name);
}

/** Finds the expression of an attribute. Undefined for attributes that the configuration does not set. */
export function expressionAt(
  scope: Scope,
  resource: ResourceValues,
  path: Path,
): Expression | undefined {
  let value: unknown = configurationOf(scope, resource)?.expressions;
  let planned: unknown = resource.values;
  for (const step of path) {
    planned = isObject(planned) || Array.isArray(planned) ? planned[step as never] : undefined;
    if (Array.isArray(value)) value = blockOf(value, planned, Number(step));
    else if (isObject(value)) value = value[step];
    else return undefined;
  }
  return isObject(value) ? value : undefined;
}

/**
 * Finds the block that sets a planned value. Blocks with an id form a set, whose order differs between plan and
 * configuration. The configuration does not contain the blocks of dynamic blocks.
 */
function blockOf(blocks: readonly unknown[], planned: unknown, index: number): unknown {
  if (!isObject(planned) || planned.id === undefined) return blocks[index];
  return blocks.find(
    (block) => isObject(block) && isObject(block.id) && block.id.constant_value === planned.id,
  );
}

/** Resolves an expression to its value as far as its references allow. */
export function resolveExpression(
  { resource, ...scope }: Scope & { readonly resource: ResourceValues },
  expression: Expression,
): unknown {
  const forEach = configurationOf(scope, resource)?.for_each_expression;
  return evaluate({ ...scope, key: resource.index, forEach }, expression);
}

function evaluate(scope: Scope, expression: Expression): unknown {
  if ("constant_value" in expression) return expression.constant_value;
  const references = mostSpecific(expression.references ?? []);
  const sources = references.filter((reference) => !INDEX.test(reference));
  const [source, ...more] = sources;
  if (source === undefined) return new UnknownValue("its expression has no references");
  if (more.length > 0) {
    return new UnknownValue(`its expression combines ${sources.join(" and ")}`);
  }
  // The reference to an element with a computed index ends before the index.
  const isIndexed = references.length > 1 || /^each\.value\b/.test(source);
  return follow(scope, source, isIndexed);
}

const INDEX = /^(each\.key|count\.index|path\.\w+|terraform\.workspace)$/;

/** Removes references that are the beginning of another, such as `a.b` beside `a.b[0].id`. */
function mostSpecific(references: readonly string[]): readonly string[] {
  return references.filter(
    (reference) =>
      !references.some(
        (other) => other.startsWith(`${reference}.`) || other.startsWith(`${reference}[`),
      ),
  );
}

function follow(scope: Scope, reference: string, isIndexed: boolean): unknown {
  const steps = parseReference(reference);
  const [kind, name] = steps;
  if (kind === "var") return followVariable(scope, String(name));
  if (kind === "each") return followEach(scope, reference);
  if (kind === "module") return followModule(scope, steps, isIndexed);
  if (kind === "local") {
    return new UnknownValue(`it refers to ${reference}, and a plan does not contain local values`);
  }
  return followResource(scope, steps, isIndexed);
}

/** Splits `a.b["c"][0].d` into names, keys and numbers. */
function parseReference(reference: string): readonly (string | number)[] {
  const steps = reference.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...steps].map(([, key, index, name]) =>
    index === undefined
      ? key === undefined
        ? (name ?? "")
        : JSON.parse(`"${key}"`)
      : Number(index),
  );
}

/** Follows a variable to the expression that the calling module passes. */
function followVariable({ plan, module }: Scope, name: string): unknown {
  const variable = moduleAt(plan.configuration, module)?.variables?.[name];
  const caller = callOf(plan, module);
  const expression = caller?.call.expressions?.[name];
  if (caller !== undefined && expression !== undefined) return evaluate(caller.scope, expression);
  return variable !== undefined && "default" in variable
    ? variable.default
    : new UnknownValue(`it refers to var.${name}`);
}

/** Follows `each.value` to the resource or module that `for_each` iterates over. */
function followEach({ forEach, ...scope }: Scope, reference: string): unknown {
  const [source, ...more] = mostSpecific(forEach?.references ?? []);
  if (source === undefined || more.length > 0) {
    return new UnknownValue(
      `it refers to ${reference}, and for_each does not refer to one resource or module`,
    );
  }
  const rest = reference.slice("each.value".length);
  return follow(scope, `${source}[${JSON.stringify(scope.key)}]${rest}`, true);
}

function followModule(
  { plan, module, key }: Scope,
  [, name, ...rest]: readonly (string | number)[],
  isIndexed: boolean,
): unknown {
  const call = moduleAt(plan.configuration, module)?.module_calls?.[String(name)];
  const prefix = `${module === "" ? "" : `${module}.`}module.${name}`;
  const instances = [...new Set(plan.resources.map((each) => each.module))].filter(
    (address) => address === prefix || address.startsWith(`${prefix}[`),
  );
  const direct = instances.filter((address) => !address.slice(prefix.length).includes("].module."));
  const instanceKey =
    explicitKey(rest, direct.length > 1 || direct[0] !== prefix) ?? (isIndexed ? key : undefined);
  const instance =
    direct.find((address) => address === `${prefix}[${JSON.stringify(instanceKey)}]`) ??
    direct.find((address) => address === prefix) ??
    (direct.length === 1 ? direct[0] : undefined);
  if (call?.module === undefined || instance === undefined) {
    return new UnknownValue(`it refers to module.${name}`);
  }
  const scope = { plan, module: instance };
  const outputs = call.module.outputs ?? {};
  const output = rest.find((step) => typeof step === "string" && Object.hasOwn(outputs, step));
  const selected = output === undefined ? Object.values(outputs) : [outputs[output]];
  const values = selected.map((each) =>
    each?.expression === undefined ? undefined : evaluate(scope, each.expression),
  );
  return soleValue(values, `it refers to module.${name}`);
}

/**
 * Follows a reference to a resource. Only a metric filter's name is resolved: its id, which is the name, is
 * the only attribute of it that a plan leaves unknown.
 */
function followResource(
  { plan, module, key }: Scope,
  [type, name, ...rest]: readonly (string | number)[],
  isIndexed: boolean,
): unknown {
  const instances = plan.resources.filter(
    (each) => each.module === module && each.resource.type === type && each.resource.name === name,
  );
  const instanceKey =
    explicitKey(rest, instances[0]?.resource.index !== undefined) ?? (isIndexed ? key : undefined);
  const found =
    instances.find(({ resource }) => resource.index === instanceKey) ??
    (instances.length === 1 ? instances[0] : undefined);
  const why = `it refers to ${type}.${name}`;
  if (found === undefined || type !== "aws_cloudwatch_log_metric_filter")
    return new UnknownValue(why);
  return found.resource.values.name ?? new UnknownValue(why);
}

const explicitKey = (rest: readonly (string | number)[], isRepeated: boolean) =>
  isRepeated ? rest[0] : undefined;

/**
 * Returns the only known value. A reference with a computed index lacks the name of the output, so several values would
 * be ambiguous.
 */
function soleValue(values: readonly unknown[], why: string): unknown {
  const known = new Set(
    values.filter((value) => value !== undefined && !(value instanceof UnknownValue)),
  );
  return known.size === 1 ? [...known][0] : new UnknownValue(why);
}

/** Finds the module call that creates a module, in the scope of its caller. */
function callOf(plan: Plan, module: string) {
  const match = /^(?:(.*)\.)?module\.(\w[\w-]*)(?:\[(.+)\])?$/.exec(module);
  if (match === null) return undefined;
  const [, parent = "", name = "", key] = match;
  const call = moduleAt(plan.configuration, parent)?.module_calls?.[name];
  if (call === undefined) return undefined;
  const scope: Scope = {
    plan,
    module: parent,
    key: key === undefined ? undefined : (JSON.parse(key) as string | number),
    forEach: call.for_each_expression,
  };
  return { call, scope };
}

/** Finds the configuration of the module at an address. */
function moduleAt(root: Configuration, address: string): Configuration | undefined {
  const names = [
    ...address.replaceAll(/\[(?:"(?:[^"\\]|\\.)*"|\d+)\]/g, "").matchAll(/module\.([\w-]+)/g),
  ];
  return names.reduce<Configuration | undefined>(
    (module, [, name = ""]) => module?.module_calls?.[name]?.module,
    root,
  );
}
