import type { Stacks } from "../../terraform/json.ts";
import { type BlockReference, resolveReference } from "../../terraform/references.ts";

/** An expression whose value is unknown before Terraform runs. */
export const UNRESOLVABLE = "${var.unknown}";

/** Accepts or rejects the value of an attribute. */
export interface Matcher {
  /** Completes "must be". */
  readonly description: string;
  /** Must return false for a value that cannot be resolved. */
  readonly accepts: (value: unknown, location: ValueLocation) => boolean;
  /** Values it must reject, or alterations of an accepted one. */
  readonly violations: readonly unknown[];
  /** Whether the attribute may be absent. Default: false. */
  readonly optional?: boolean;
}

/** The stack that a value is in, for resolving its references. */
export interface ValueLocation {
  readonly stacks: Stacks;
  readonly stack: string;
}

/** A literal, one of several literals, or a matcher. */
export type Expected = boolean | string | number | readonly (string | number)[] | Matcher;

export interface Alteration {
  readonly title: string;
  readonly alter: (value: unknown) => unknown;
}

export function isAlteration(violation: unknown): violation is Alteration {
  return typeof (violation as Partial<Alteration> | null)?.alter === "function";
}

/** A violation made from an accepted value. */
export function altered<T>(title: string, alter: (value: T) => unknown): Alteration {
  return { title, alter: (value) => alter(value as T) };
}

export function matcherOf(expected: Expected): Matcher {
  if (typeof expected === "object" && "accepts" in expected) return expected;
  const allowed: readonly unknown[] = [expected].flat();
  return {
    description: allowed.map((value) => JSON.stringify(value)).join(" or "),
    accepts: (value) => allowed.includes(value),
    violations: typeof expected === "boolean" ? [!expected] : ["something else"],
  };
}

export function atLeast(minimum: number): Matcher {
  return {
    description: `at least ${minimum}`,
    accepts: (value) => typeof value === "number" && value >= minimum,
    violations: [minimum - 1],
  };
}

/** A literal that is neither empty nor the provider's default. */
export const text: Matcher = {
  description: "a text",
  accepts: (value) => isLiteral(value) && value !== "" && value !== "Managed by Terraform",
  violations: ["", "Managed by Terraform"],
};

export const absent: Matcher = {
  description: "absent",
  accepts: () => false,
  violations: ["something"],
  optional: true,
};

export function optional(expected: Expected): Matcher {
  const matcher = matcherOf(expected);
  return { ...matcher, description: `${matcher.description}, or absent`, optional: true };
}

/** A reference to a resource of a type in any stack, followed by `suffix`. */
export function referenceTo(type: string, suffix = ""): Matcher {
  return {
    description: `a reference to an ${type}`,
    accepts: (value, { stacks, stack }) => {
      if (typeof value !== "string" || !value.endsWith(suffix)) return false;
      const target = resolveReference(stacks, stack, value.slice(0, value.length - suffix.length));
      return isResource(target, type);
    },
    violations: ["", "alias/aws/s3", "arn:aws:some:where", `\${${type}.Elsewhere.arn}`],
  };
}

/** One of our KMS keys. Keys that AWS manages have policies that cannot be changed. */
export const customerKey: Matcher = referenceTo("aws_kms_key");

/** A list with at least one item, all of them accepted. */
export function listOf(matcher: Matcher): Matcher {
  return {
    description: `a list, each item ${matcher.description}`,
    accepts: (value, location) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((item) => matcher.accepts(item, location)),
    violations: [[], [UNRESOLVABLE], ...matcher.violations.map((item) => [item])],
  };
}

/** A list of `{ name, value }` that has exactly one entry of the name, with an accepted value. */
export function setting(name: string, expected: Expected): Matcher {
  type Setting = Readonly<Record<"name" | "value", unknown>>;
  const matcher = matcherOf(expected);
  const others = (list: readonly Setting[]) => list.filter((entry) => entry.name !== name);
  return {
    description: `a list with ${name} ${matcher.description}`,
    accepts: (value, location) => {
      const entries = Array.isArray(value) ? value.filter((entry) => entry.name === name) : [];
      return entries.length === 1 && matcher.accepts(entries[0].value, location);
    },
    violations: [
      altered<readonly Setting[]>(`without ${name}`, others),
      ...[...matcher.violations, UNRESOLVABLE].map((value) =>
        altered<readonly Setting[]>(`with ${name} ${JSON.stringify(value)}`, (list) => [
          ...others(list),
          { name, value },
        ]),
      ),
    ],
  };
}

export function isLiteral(value: unknown): value is string {
  return typeof value === "string" && !/[$%]\{/.test(value);
}

export function isResource(
  reference: BlockReference | undefined,
  type: string,
): reference is BlockReference {
  return reference?.kind === "resource" && reference.type === type;
}

/** The resources that a list refers to; undefined unless every item refers to one of the type. */
export function referencedResources(
  list: unknown,
  type: string,
  { stacks, stack }: ValueLocation,
): readonly BlockReference[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const references = list.map((value) => resolveReference(stacks, stack, value));
  return references.every((reference) => isResource(reference, type)) ? references : undefined;
}
