import type { Block, Stacks } from "../../terraform/json.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import { changesAt, valuesAt } from "../../terraform/values.ts";
import type { Finding, Violation } from "./finding.ts";
import { type Expected, isAlteration, type Matcher, matcherOf, UNRESOLVABLE } from "./matchers.ts";
import { resources, type Subject, type SubjectItem } from "./subjects.ts";

export interface Check {
  /** Resource types that must occur, so that a check never passes because it has no subject. */
  readonly types: readonly string[];
  readonly run: (stacks: Stacks) => readonly Finding[];
  readonly violations: readonly Violation[];
}

/** Every resource of a type, or every item of a subject, has these attributes. */
export function everyHas(
  subject: string | Subject,
  attributes: Readonly<Record<string, Expected>>,
): Check {
  return allOf(
    ...Object.entries(attributes).map(([path, expected]) =>
      attributeCheck(subject, path, matcherOf(expected)),
    ),
  );
}

/** A matcher accepts every resource of a type, or every item of a subject, as a whole. */
export function everyIs(subject: string | Subject, matcher: Matcher): Check {
  return attributeCheck(subject, "", matcher);
}

/** The subject exists for every owner, and can be read. */
export function exists({ types, items, violations }: Subject): Check {
  return {
    types,
    run: (stacks) => {
      const all = items(stacks);
      return all.length === 0
        ? types.map(missing)
        : all.flatMap((item) => ("problem" in item ? [item] : []));
    },
    violations,
  };
}

function attributeCheck(subjectOrType: string | Subject, path: string, matcher: Matcher): Check {
  const subject = typeof subjectOrType === "string" ? resources(subjectOrType) : subjectOrType;
  const existence = exists(subject);
  return {
    types: subject.types,
    run: (stacks) => [
      ...existence.run(stacks),
      ...subject
        .items(stacks)
        .flatMap((item) => ("problem" in item ? [] : findings(stacks, item, path, matcher))),
    ],
    violations: [...subject.violations, ...attributeViolations(subject, path, matcher)],
  };
}

function missing(type: string): Finding {
  return { address: type, attribute: "", problem: "the stacks have none" };
}

function findings(stacks: Stacks, item: SubjectItem, path: string, matcher: Matcher): Finding[] {
  return valuesAt(item.values, path)
    .filter((value) =>
      value === undefined
        ? matcher.optional !== true
        : !matcher.accepts(value, { stacks, stack: item.stack }),
    )
    .map((value) => {
      const state = path === "" ? "" : `is ${JSON.stringify(value) ?? "absent"}; `;
      const problem = `${state}must be ${matcher.description}`;
      return { address: item.address, attribute: path, problem };
    });
}

function attributeViolations(subject: Subject, path: string, matcher: Matcher): Violation[] {
  const unset = { title: "absent", alter: () => undefined };
  const unresolvable = { title: "unresolvable", alter: () => UNRESOLVABLE };
  const generic = path === "" ? [] : matcher.optional ? [unresolvable] : [unresolvable, unset];
  const specific = matcher.violations.map((violation) =>
    isAlteration(violation)
      ? violation
      : { title: JSON.stringify(violation), alter: () => violation },
  );
  return [...generic, ...specific].map(({ title, alter }) => ({
    title: [subject.types.join(", "), path, title].filter((part) => part !== "").join(" "),
    apply: (stacks) =>
      subject.items(stacks).flatMap((item) =>
        "problem" in item
          ? []
          : changesAt(item.values, path, alter).map((values) => ({
              address: item.address,
              stacks: item.replace(values),
            })),
      ),
  }));
}

export function allOf(...checks: readonly Check[]): Check {
  return {
    types: [...new Set(checks.flatMap(({ types }) => types))],
    run: (stacks) => checks.flatMap(({ run }) => run(stacks)),
    violations: [
      ...new Map(
        checks
          .flatMap(({ violations }) => violations)
          .map((violation) => [violation.title, violation]),
      ).values(),
    ],
  };
}

/** A check with violations that its matchers cannot express. */
export function withViolations(check: Check, ...violations: readonly Violation[]): Check {
  return { ...check, violations: [...check.violations, ...violations] };
}

/** The stacks have no resource of these types, which the other controls do not read. */
export function forbidden(...types: readonly string[]): Check {
  return {
    types: [],
    run: (stacks) =>
      types.flatMap((type) =>
        resourcesOf(stacks, type).map((resource) => ({
          address: addressOf(resource),
          attribute: "",
          problem: `must not exist: no control checks ${type}`,
        })),
      ),
    violations: types.map((type) => ({
      title: `an ${type}`,
      apply: (stacks) =>
        [...stacks.keys()].map((stack) => {
          const example = { stack, type, name: "Example", values: {} satisfies Block };
          return { address: addressOf(example), stacks: withResource(stacks, example) };
        }),
    })),
  };
}
