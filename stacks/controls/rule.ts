import type { Stacks } from "../../terraform/json.ts";
import { resourcesOf, withResource } from "../../terraform/resources.ts";
import type { Example, Finding } from "./finding.ts";
import { type Part, resources, type Subject } from "./subject.ts";
import { changesAt, valuesAt } from "./values.ts";
import { type Alteration, isAlteration, UNRESOLVABLE, type Wanted } from "./wanted.ts";

/** What the synthesized stacks must hold, and the ways of breaking it that it must notice. */
export interface Rule {
  /** Resource types that must occur: a rule about nothing would be met by any stacks. */
  readonly types: readonly string[];
  readonly check: (stacks: Stacks) => readonly Finding[];
  readonly examples: readonly Example[];
  /** Changes stacks that do not meet the rule, or have nothing that it is about, into some that do. */
  readonly met?: (stacks: Stacks) => Stacks;
}

export interface Attribute {
  /** Keys with dots between them, through all elements of lists; empty: the whole. */
  readonly path: string;
  readonly wanted: Wanted;
}

export const is = (path: string, wanted: Wanted): Attribute => ({ path, wanted });
/** Of what takes more than one attribute to tell. */
export const meets = (wanted: Wanted): Attribute => is("", wanted);

/** All resources of a type, or all of another subject's parts, have these attributes. */
export function every(subject: string | Subject, ...attributes: readonly Attribute[]): Rule {
  const {
    types,
    parts,
    examples = [],
  } = typeof subject === "string" ? resources(subject) : subject;
  return {
    types,
    check: (stacks) => {
      const found = parts(stacks);
      if (found.length === 0) return types.map(none);
      return found.flatMap((part) =>
        "problem" in part ? [part] : attributes.flatMap((it) => findings(stacks, part, it)),
      );
    },
    examples: [
      ...examples,
      ...attributes.flatMap((attribute) => spoilt(attribute, types.join(", "), parts)),
    ],
  };
}

function none(type: string): Finding {
  return { address: type, attribute: "", problem: "there is none" };
}

function findings(stacks: Stacks, part: Part, { path, wanted }: Attribute): Finding[] {
  return valuesAt(part.values, path)
    .filter((value) => !isFine(value, wanted, stacks, part))
    .map((value) => {
      const state = path === "" ? "" : `is ${JSON.stringify(value) ?? "not set"}; `;
      const problem = `${state}it must be ${wanted.says}`;
      return { address: part.address, attribute: path, problem };
    });
}

function isFine(value: unknown, wanted: Wanted, stacks: Stacks, { stack }: Part): boolean {
  if (value === undefined) return wanted.mayBeAbsent === true;
  return wanted.accepts(value, { stacks, stack });
}

function spoilt(
  { path, wanted }: Attribute,
  subject: string,
  parts: Subject["parts"],
): readonly Example[] {
  const ofValue: Alteration[] =
    path === ""
      ? []
      : [
          { title: "unresolvable", alter: () => UNRESOLVABLE },
          ...(wanted.mayBeAbsent ? [] : [{ title: "not set", alter: () => undefined }]),
        ];
  const wrong = wanted.wrong.map((it) =>
    isAlteration(it) ? it : { title: JSON.stringify(it), alter: () => it },
  );
  return [...ofValue, ...wrong].map(({ title, alter }) => ({
    title: `${subject}${path === "" ? "" : `: ${path}`} ${title}`,
    broken: (stacks) =>
      parts(stacks).flatMap((part) =>
        "problem" in part
          ? []
          : changesAt(part.values, path, alter).map((values) => ({
              address: part.address,
              stacks: part.replaced(values),
            })),
      ),
  }));
}

/** Rules of one control. */
export function allOf(...rules: readonly Rule[]): Rule {
  const changes = rules.flatMap(({ met }) => met ?? []);
  return {
    types: rules.flatMap(({ types }) => types),
    check: (stacks) => rules.flatMap(({ check }) => check(stacks)),
    examples: rules.flatMap(({ examples }) => examples),
    ...(changes.length === 0
      ? {}
      : { met: (stacks) => changes.reduce((changed, change) => change(changed), stacks) }),
  };
}

/** A rule about what the stacks need not have; `met` adds something that it is about. */
export function ifAny(type: string, rule: Rule, met: Required<Rule>["met"]): Rule {
  return {
    ...rule,
    types: [],
    check: (stacks) => (resourcesOf(stacks, type).length === 0 ? [] : rule.check(stacks)),
    met,
  };
}

/** The stacks have no resource of a type, for another rule would not see what it does. */
export function without(type: string): Rule {
  return {
    types: [],
    check: (stacks) =>
      resourcesOf(stacks, type).map(({ stack, name }) => ({
        address: `${stack}/${type}.${name}`,
        attribute: "",
        problem: "the controls do not look into it: use what they look into",
      })),
    examples: [
      {
        title: `an ${type}`,
        broken: (stacks) =>
          [...stacks.keys()].map((stack) => ({
            address: `${stack}/${type}.Example`,
            stacks: withResource(stacks, { stack, type, name: "Example", values: {} }),
          })),
      },
    ],
  };
}
