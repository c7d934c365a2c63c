import { type Account, computedAttribute, dataAttribute } from "./computed-attributes.ts";
import type { Block, Stacks } from "./json.ts";
import { type PolicyDocumentBlock, policyDocument } from "./policy-document.ts";
import { findReference, soleExpression } from "./references.ts";
import { addressOf, type ConfiguredResource, resourcesOf } from "./resources.ts";

export type { Account } from "./computed-attributes.ts";

export interface Resource {
  /** `<stack>/<type>.<name>`, for messages and for stable ids. */
  readonly address: string;
  /** Returns an attribute with its references resolved; `undefined` if it is not set. */
  readonly get: (attribute: string) => unknown;
  /** Returns the provider's default tags and the resource's own. */
  readonly tags: () => Readonly<Record<string, string>>;
}

export interface Terraform {
  readonly resources: (type: string) => readonly Resource[];
}

interface Configuration {
  readonly stacks: Stacks;
  readonly account: Account;
}

/** The location of a value: its stack, and its path for messages. */
interface ValueLocation {
  readonly stack: string;
  readonly path: string;
}

const REPETITIONS = ["count", "for_each", "dynamic"];

/**
 * Reads attributes of synthesized stacks without applying them. Follows references between resources, data sources
 * and stacks. Attributes that AWS assigns have the values that AWS derives from names (ARNs), or stable placeholders
 * (key ids).
 * @throws Error with the location and the expression, if a value cannot be resolved
 */
export function readTerraform(stacks: Stacks, account: Account): Terraform {
  const configuration = { stacks, account };
  return {
    resources: (type) =>
      resourcesOf(stacks, type).map((resource) => {
        const address = addressOf(resource);
        for (const repetition of REPETITIONS) {
          if (repetition in resource.values) {
            throw unresolved(address, repetition, "repeated blocks are not supported");
          }
        }
        return {
          address,
          get: (attribute) => attributeOf(configuration, resource, attribute),
          tags: () => tagsOf(configuration, resource),
        };
      }),
  };
}

function tagsOf(
  configuration: Configuration,
  resource: ConfiguredResource,
): Readonly<Record<string, string>> {
  const { stack } = resource;
  const providers = configuration.stacks.get(stack)?.provider?.aws ?? [];
  const defaults = providers.flatMap((provider) => {
    const { default_tags = [] } = provider as { default_tags?: readonly { tags: Block }[] };
    return default_tags.map(({ tags }) => tags);
  });
  const own = attributeOf(configuration, resource, "tags") ?? {};
  const path = `${addressOf(resource)}.tags`;
  return Object.assign(
    {},
    ...defaults.map((tags) => resolve(configuration, { stack, path }, tags)),
    own,
  );
}

function attributeOf(
  configuration: Configuration,
  resource: ConfiguredResource,
  attribute: string,
): unknown {
  const address = addressOf(resource);
  if (attribute in resource.values) {
    const location = { stack: resource.stack, path: `${address}.${attribute}` };
    return resolve(configuration, location, resource.values[attribute]);
  }
  return computedAttribute(resource.type, attribute, {
    ...configuration.account,
    address,
    get: (other) => String(attributeOf(configuration, resource, other)),
  });
}

function resolve(configuration: Configuration, location: ValueLocation, value: unknown): unknown {
  if (typeof value === "string") return interpolate(configuration, location, value);
  if (Array.isArray(value)) return value.map((item) => resolve(configuration, location, item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value as Block).map(([key, item]) => [
      key,
      resolve(configuration, { ...location, path: `${location.path}.${key}` }, item),
    ]),
  );
}

function interpolate(
  configuration: Configuration,
  location: ValueLocation,
  template: string,
): unknown {
  const sole = soleExpression(template);
  if (sole !== undefined) return evaluate(configuration, location, sole);
  return template.replace(
    /(\$?)\$\{([^{}]*)\}|\$\{/g,
    (match, dollar: string, expression?: string) => {
      if (dollar === "$") return match.slice(1);
      if (expression === undefined) {
        throw unresolved(location.path, template, "it contains a nested expression");
      }
      const value = evaluate(configuration, location, expression);
      if (!["string", "number", "boolean"].includes(typeof value)) {
        throw unresolved(location.path, template, "the value of an expression is not a string");
      }
      return String(value);
    },
  );
}

function evaluate(
  configuration: Configuration,
  { stack, path }: ValueLocation,
  expression: string,
): unknown {
  const reference = findReference(configuration.stacks, stack, expression);
  if (reference.kind === "broken") throw unresolved(path, `\${${expression}}`, reference.reason);
  const steps = reference.attribute === "" ? [] : reference.attribute.split(".");
  const [attribute = "", ...inner] = steps;
  let value: unknown;
  let remaining: readonly string[] = inner;
  if (reference.kind === "output") {
    const location = {
      stack: reference.stack,
      path: `${reference.stack}/output.${reference.name}`,
    };
    value = resolve(configuration, location, reference.value);
    remaining = steps;
  } else if (reference.kind === "data") {
    const { type, values } = reference;
    const location = { stack: reference.stack, path: addressOf(reference) };
    value =
      type === "aws_iam_policy_document" && attribute === "json"
        ? policyDocument(resolve(configuration, location, values) as PolicyDocumentBlock)
        : dataAttribute(type, attribute, configuration.account);
  } else {
    value = attributeOf(configuration, reference, attribute);
  }
  for (const step of remaining) value = (value as Block | null | undefined)?.[step];
  if (value === undefined)
    throw unresolved(
      path,
      `\${${expression}}`,
      "the stacks do not set this attribute, and terraform/computed-attributes.ts does not define it",
    );
  return value;
}

function unresolved(path: string, expression: string, reason: string): Error {
  return new Error(
    `Cannot resolve "${expression}" at ${path}: ${reason}. Supported: literals and references to ` +
      "resources, data sources and outputs of other stacks. Use one of these, or extend terraform/reader.ts.",
  );
}
