import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import type { Stacks } from "../../terraform/json.ts";
import { resourcesOf, withoutResource } from "../../terraform/resources.ts";
import { synthesize } from "../synthesize.ts";
import { CONFIGURATIONS, type ConfigurationName } from "./configurations.ts";
import { type Control, isRefused } from "./control.ts";
import type { Finding } from "./finding.ts";
import { controlAreas } from "./index.ts";
import { POLICY_ATTRIBUTES, type Statement } from "./policies.ts";
import { WITHOUT_RESOURCE } from "./without-resource.ts";

const configurations = Object.keys(CONFIGURATIONS) as ConfigurationName[];
const synthesized: ReadonlyMap<ConfigurationName, Stacks> = new Map(
  configurations.map((name) => [name, synthesize(settingsOf(CONFIGURATIONS[name]))]),
);
const controls = controlAreas.flatMap((area) => area.controls);

function stacksUnder(configuration: ConfigurationName): Stacks {
  const stacks = synthesized.get(configuration);
  if (stacks === undefined) throw new Error(`${configuration} was not synthesized.`);
  return stacks;
}

function unrefused(
  { rule, refusals = [] }: Control,
  configuration: ConfigurationName,
): readonly Finding[] {
  return rule
    .check(stacksUnder(configuration))
    .filter((finding) => !refusals.some((refusal) => isRefused(refusal, configuration, finding)));
}

/** Stacks that meet the control's rule, as far as it is met at all. */
function best({ rule }: Control): Stacks {
  const stacks = stacksUnder("prod");
  return rule.met === undefined ? stacks : rule.met(stacks);
}

test("there are 83 controls, each with an id of its own", () => {
  expect(controls).toHaveLength(83);
  expect(new Set(controls.map(({ id }) => id)).size).toBe(83);
});

describe.each(controls.map((control) => [control.id, control] as const))("%s", (_, control) => {
  const { rule, refusals = [] } = control;

  test.each(configurations)("is met under %s, save for what is refused", (configuration) => {
    expect(unrefused(control, configuration)).toEqual([]);
  });

  test.each(rule.examples.map(({ title, broken }) => [title, broken] as const))(
    "notices: %s",
    (_title, broken) => {
      const cases = broken(best(control));
      expect(cases, "the stacks offer no case of this").not.toEqual([]);
      for (const { address, stacks } of cases) {
        const found = rule.check(stacks).map((finding) => finding.address);
        expect(found).toContain(address);
      }
    },
  );

  test("is told apart from what breaks it", () => {
    expect(rule.examples).not.toEqual([]);
    const stacks = best(control);
    const kept = rule.check(stacks).map(({ address }) => address);
    if (rule.met !== undefined) expect(kept).toEqual([]);
    // Some resources must meet the rule, or nobody knows whether any could.
    const addresses = rule.examples.flatMap(({ broken }) => broken(stacks)).map((it) => it.address);
    expect(addresses.filter((address) => !kept.includes(address))).not.toEqual([]);
  });

  test("needs what it is about to be there", () => {
    const stacks = best(control);
    for (const type of rule.types) {
      const bare = resourcesOf(stacks, type).reduce(withoutResource, stacks);
      expect(rule.check(bare), type).not.toEqual([]);
    }
  });

  if (refusals.length > 0) {
    test.each(refusals.map((refusal) => [refusal.reason, refusal] as const))(
      "still has to refuse: %s",
      (_reason, refusal) => {
        const under = refusal.under ?? configurations;
        for (const configuration of under.filter((it) => !refusal.except?.includes(it))) {
          const found = rule.check(stacksUnder(configuration));
          const refused = found.filter((finding) => isRefused(refusal, configuration, finding));
          expect(refused, configuration).not.toEqual([]);
          for (const address of refusal.of ?? []) {
            const alone = { ...refusal, of: [address] as const };
            expect(
              found.filter((finding) => isRefused(alone, configuration, finding)),
              `${address} under ${configuration}`,
            ).not.toEqual([]);
          }
        }
      },
    );
  }
});

/** A document of Terraform's, or the text of one. */
const MAY_BE_POLICY = /aws_iam_policy_document\.|Statement\\?"/;

test("no policy is kept where the controls do not look", () => {
  for (const configuration of configurations) {
    for (const [stack, { resource = {} }] of stacksUnder(configuration)) {
      for (const [type, resources] of Object.entries(resource)) {
        for (const [name, values] of Object.entries(resources)) {
          const attributes = Object.entries(values)
            .filter(([, value]) => MAY_BE_POLICY.test(JSON.stringify(value)))
            .map(([attribute]) => attribute);
          const known = Object.entries(POLICY_ATTRIBUTES)
            .filter(([holder]) => holder === type)
            .map(([, attribute]) => attribute);
          expect(known, `${stack} ${type}.${name}`).toEqual(expect.arrayContaining(attributes));
        }
      }
    }
  }
});

test("every action without a resource is still allowed by some policy", () => {
  const allowed = configurations.flatMap((configuration) =>
    [...stacksUnder(configuration).values()].flatMap(({ data }) =>
      Object.values(data?.aws_iam_policy_document ?? {})
        .flatMap((document) => document.statement as readonly Statement[])
        .filter(({ resources }) => resources?.includes("*"))
        .flatMap(({ actions }) => actions ?? []),
    ),
  );
  for (const { actions } of WITHOUT_RESOURCE) {
    expect(allowed).toEqual(expect.arrayContaining([...actions]));
  }
});
