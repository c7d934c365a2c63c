import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import type { Stacks, TerraformJson } from "../../terraform/json.ts";
import { resourcesOf, withoutResource } from "../../terraform/resources.ts";
import { valuesAt } from "../../terraform/values.ts";
import { synthesize } from "../synthesize.ts";
import type { Check } from "./check.ts";
import { CONFIGURATIONS, type ConfigurationName } from "./configurations.ts";
import { type Control, type Decline, type Exemption, isExempt, scannerIds } from "./control.ts";
import type { Finding } from "./finding.ts";
import { controlAreas } from "./index.ts";
import { matcherOf } from "./matchers.ts";
import { POLICY_ATTRIBUTES, type Statement } from "./policies.ts";
import { RESOURCELESS_ACTIONS } from "./resourceless-actions.ts";

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

test("there are 83 controls with unique ids", () => {
  expect(controls).toHaveLength(83);
  expect(new Set(controls.map(({ id }) => id)).size).toBe(83);
});

test.each(controls)("$id has scanner ids, and is checked or declined", (control) => {
  const scanners = ["Checkov", "Trivy", "AWS Security Hub"] as const;
  const ids = scanners.flatMap((scanner) => scannerIds(control, scanner));
  expect(ids.join(" ")).toMatch(
    /^(CKV2?_AWS_\d+|AWS-\d{4}|[A-Z]\w+\.\d+)( (CKV2?_AWS_\d+|AWS-\d{4}|[A-Z]\w+\.\d+))*$/,
  );
  expect(control.check ?? control.declined).toBeDefined();
});

const checked = controls.flatMap((control) =>
  control.check === undefined ? [] : [{ ...control, check: control.check }],
);

describe.each(checked)("$id", (control) => {
  const { check, exemptions = [], violationsUnder = "prod" } = control;

  test.each(configurations)("is met under %s, apart from exemptions", (configuration) => {
    expect(findings(control, check, configuration)).toEqual([]);
  });

  test.each(check.violations)("detects $title", ({ apply }) => {
    const cases = apply(stacksUnder(violationsUnder));
    expect(cases, "no resource allows this violation").not.toEqual([]);
    for (const { address, stacks } of cases) {
      expect(check.run(stacks).map((finding) => finding.address)).toContain(address);
    }
  });

  test("accepts some resource that its violations break", () => {
    const stacks = stacksUnder(violationsUnder);
    const found = new Set(check.run(stacks).map(({ address }) => address));
    const broken = check.violations.flatMap(({ apply }) => apply(stacks));
    expect(broken.filter(({ address }) => !found.has(address))).not.toEqual([]);
  });

  test("fails without the resources that it checks", () => {
    const stacks = stacksUnder(violationsUnder);
    for (const type of check.types) {
      const bare = resourcesOf(stacks, type).reduce(withoutResource, stacks);
      expect(check.run(bare), type).not.toEqual([]);
    }
  });

  if (exemptions.length > 0) {
    test.each(exemptions)("still needs the exemption: $reason", (exemption) => {
      for (const configuration of configurations.filter((name) => appliesTo(exemption, name))) {
        const found = check.run(stacksUnder(configuration));
        for (const of of exemption.of ?? [undefined]) {
          const single: Exemption = of === undefined ? exemption : { ...exemption, of: [of] };
          expect(
            found.filter((finding) => isExempt(single, configuration, finding)),
            `${of} under ${configuration}`,
          ).not.toEqual([]);
        }
      }
    });
  }
});

function findings(
  { exemptions = [] }: Control,
  check: Check,
  configuration: ConfigurationName,
): readonly Finding[] {
  return check
    .run(stacksUnder(configuration))
    .filter(
      (finding) => !exemptions.some((exemption) => isExempt(exemption, configuration, finding)),
    );
}

function appliesTo({ under, except }: Exemption, configuration: ConfigurationName): boolean {
  return (under ?? configurations).includes(configuration) && !except?.includes(configuration);
}

const declined = controls.flatMap(({ id, declined = [] }) =>
  declined.map((decline) => ({ id, ...decline })),
);

describe.each(declined)("$id is declined: $reason", (decline) => {
  test.each(configurations)("nothing meets it under %s", (configuration) => {
    const stacks = stacksUnder(configuration);
    expect(resourcesOf(stacks, decline.type).filter(meets(decline, stacks))).toEqual([]);
  });
});

function meets({ attributes }: Decline, stacks: Stacks) {
  return ({ stack, values }: { readonly stack: string; readonly values: object }): boolean =>
    Object.entries(attributes).every(([path, expected]) =>
      valuesAt(values, path).some(
        (value) => value !== undefined && matcherOf(expected).accepts(value, { stacks, stack }),
      ),
    );
}

test("reports a resource that meets a declined control", () => {
  const [stack] = [...stacksUnder("prod").keys()];
  const resource = { stack: String(stack), values: { health_check: { protocol: "HTTPS" } } };
  const decline = declined.find(({ id }) => id === "target-group-health-check");
  expect(decline && meets(decline, stacksUnder("prod"))(resource)).toBe(true);
});

/** A reference to a policy document, or a policy document as JSON. */
const MAY_BE_POLICY = /aws_iam_policy_document\.|Statement\\?"/;

test("no attribute holds a policy that the controls do not check", () => {
  for (const configuration of configurations) {
    for (const [stack, { resource = {} }] of stacksUnder(configuration)) {
      for (const [type, blocks] of Object.entries(resource)) {
        for (const [name, values] of Object.entries(blocks)) {
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

test("some policy allows each resourceless action", () => {
  const allowed = configurations.flatMap((configuration) =>
    [...stacksUnder(configuration).values()].flatMap(({ data }) =>
      Object.values(data?.aws_iam_policy_document ?? {})
        .flatMap((document) => document.statement as readonly Statement[])
        .filter(({ resources }) => resources?.includes("*"))
        .flatMap(({ actions }) => actions ?? []),
    ),
  );
  for (const { actions } of RESOURCELESS_ACTIONS) {
    expect(allowed).toEqual(expect.arrayContaining([...actions]));
  }
});

/** Uses a data source that no configuration of the controls has. */
const EXISTING_KEY = {
  IMAGE_DIGEST: CONFIGURATIONS.prod.IMAGE_DIGEST,
  KEY_GENERATIONS: "1,2",
  EXISTING_KEYS: "2=arn:aws:kms:ap-southeast-2:111122223333:key/records",
};

// Here, because CDKTF has synthesized the other configurations already.
test("terraform/cdktf-subset synthesizes the same JSON as CDKTF, in the same order", () => {
  const cases = [...Object.entries(CONFIGURATIONS), ["an existing key", EXISTING_KEY] as const];
  const expected = [...synthesized.values(), synthesize(settingsOf(EXISTING_KEY))];
  const program = fileURLToPath(new URL("../testing/without-cdktf.ts", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [program], {
    input: JSON.stringify(cases.map(([, variables]) => variables)),
    encoding: "utf8",
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  expect(stderr).toBe("");
  const results: readonly Record<string, TerraformJson>[] = JSON.parse(stdout);
  const differences = cases.flatMap(([name], index) =>
    [...(expected[index] ?? [])].flatMap(([id, json]) => {
      const [own, other] = [json, results[index]?.[id]].map((each) =>
        JSON.stringify(each, null, 1),
      );
      if (own === other) return [];
      const lines = other?.split("\n") ?? [];
      const at = own?.split("\n").findIndex((line, number) => line !== lines[number]) ?? 0;
      return [`${name}, ${id}: line ${at} is ${lines[at]} instead of ${own?.split("\n")[at]}`];
    }),
  );
  expect(differences).toEqual([]);
});
