import type { Stacks } from "../../terraform/json.ts";
import { type BlockReference, resolveReference } from "../../terraform/references.ts";

/** An expression whose value nobody knows before Terraform runs. */
export const UNRESOLVABLE = "${var.unknown}";

/** What the value of an attribute must be. */
export interface Wanted {
  /** After "it must be". */
  readonly says: string;
  /** Whether a value that is set is such a one; false for one that cannot be resolved. */
  readonly accepts: (value: unknown, origin: Origin) => boolean;
  /** Values that it does not accept, or changes to the one that is there. */
  readonly wrong: readonly unknown[];
  /** It need not be set. It must be unless given. */
  readonly mayBeAbsent?: boolean;
}

/** Where a value stands: what it refers to depends on that. */
export interface Origin {
  readonly stacks: Stacks;
  readonly stack: string;
}

export interface Alteration {
  readonly title: string;
  readonly alter: (value: unknown) => unknown;
}

export function isAlteration(wrong: unknown): wrong is Alteration {
  return typeof (wrong as Partial<Alteration> | null)?.alter === "function";
}

/** A wrong value that is made from the right one. */
export function altered<T>(title: string, alter: (value: T) => unknown): Alteration {
  return { title, alter: (value) => alter(value as T) };
}

export function equal(wanted: unknown, ...wrong: readonly [unknown, ...unknown[]]): Wanted {
  return { says: JSON.stringify(wanted), accepts: (value) => value === wanted, wrong };
}

export const isTrue = equal(true, false);
export const isFalse = equal(false, true);

export function oneOf(
  wanted: readonly unknown[],
  ...wrong: readonly [unknown, ...unknown[]]
): Wanted {
  return {
    says: `one of ${wanted.join(", ")}`,
    accepts: (value) => wanted.includes(value),
    wrong,
  };
}

export function atLeast(least: number): Wanted {
  return {
    says: `at least ${least}`,
    accepts: (value) => typeof value === "number" && value >= least,
    wrong: [least - 1],
  };
}

/** A literal that says something, not what the provider fills in. */
export const text: Wanted = {
  says: "a text of its own",
  accepts: (value) => isLiteral(value) && value !== "" && value !== "Managed by Terraform",
  wrong: ["", "Managed by Terraform"],
};

export const absent: Wanted = {
  says: "not set",
  accepts: () => false,
  wrong: ["something"],
  mayBeAbsent: true,
};

export function orAbsent(wanted: Wanted): Wanted {
  return { ...wanted, says: `${wanted.says}, or not set`, mayBeAbsent: true };
}

/** A reference to a resource of a type, in whichever stack; what follows it must be `suffix`. */
export function referenceTo(type: string, suffix = ""): Wanted {
  return {
    says: `a reference to an ${type}`,
    accepts: (value, { stacks, stack }) => {
      if (typeof value !== "string" || !value.endsWith(suffix)) return false;
      return isResource(
        resolveReference(stacks, stack, value.slice(0, value.length - suffix.length)),
        type,
      );
    },
    wrong: ["", "arn:aws:some:where", `\${${type}.Elsewhere.arn}`],
  };
}

/** A customer's key, whose policy and rotation are ours; AWS's own keys have aliases like alias/aws/s3. */
export const customerKey: Wanted = {
  ...referenceTo("aws_kms_key"),
  says: "a reference to an aws_kms_key",
  wrong: ["alias/aws/s3", "${aws_kms_key.Elsewhere.arn}"],
};

/** A list of which there is something, and each of it is wanted. */
export function listOf(wanted: Wanted): Wanted {
  return {
    says: `a list of which each is ${wanted.says}`,
    accepts: (value, origin) =>
      Array.isArray(value) && value.length > 0 && value.every((it) => wanted.accepts(it, origin)),
    wrong: [[], [UNRESOLVABLE], ...wanted.wrong.map((it) => [it])],
  };
}

/** A list of `{ name, value }` in which the name has a value that is wanted. */
export function holds(name: string, wanted: Wanted): Wanted {
  type Setting = Readonly<Record<"name" | "value", unknown>>;
  const others = (list: readonly Setting[]) => list.filter((it) => it.name !== name);
  return {
    says: `a list with ${name} ${wanted.says}`,
    accepts: (value, origin) => {
      const found = Array.isArray(value) ? value.filter((it) => it.name === name) : [];
      return found.length === 1 && wanted.accepts(found[0].value, origin);
    },
    wrong: [
      altered<readonly Setting[]>(`without ${name}`, others),
      ...[...wanted.wrong, UNRESOLVABLE].map((wrong) =>
        altered<readonly Setting[]>(`with ${name} ${JSON.stringify(wrong)}`, (list) => [
          ...others(list),
          { name, value: wrong },
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

/** What a list refers to; undefined unless all of it are resources of the type. */
export function referred(
  list: unknown,
  type: string,
  { stacks, stack }: Origin,
): readonly BlockReference[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const found = list.map((value) => resolveReference(stacks, stack, value));
  return found.every((it) => isResource(it, type)) ? found : undefined;
}
