import { expect, test } from "vitest";
import { CANARY, planFixture } from "../testing/fixtures.ts";
import { scannablePlan } from "./scannable-plan.ts";

interface Scannable {
  readonly planned_values: {
    readonly root_module: { readonly resources: { type: string; values: object }[] };
  };
  readonly resource_changes: {
    readonly mode: string;
    readonly change: { before: unknown; after: object };
  }[];
  readonly configuration: { readonly root_module: { readonly resources: unknown[] } };
}
const plan = planFixture("sensitive");
const scannable = scannablePlan(plan) as Scannable;
const text = JSON.stringify(scannable);

test("keeps the planned values and the configuration of each resource", () => {
  const { planned_values, resource_changes, configuration } = scannable;
  expect(planned_values.root_module.resources.map(({ type }) => type)).toContain("aws_db_instance");
  expect(planned_values.root_module.resources[0]).toHaveProperty("values");
  expect(resource_changes.length).toBeGreaterThan(0);
  expect(configuration.root_module.resources.length).toBeGreaterThan(0);
});

test("removes sensitive values", () => {
  expect(CANARY.test(JSON.stringify(plan))).toBe(true);
  expect(CANARY.test(text)).toBe(false);
  const instance = scannable.planned_values.root_module.resources.find(
    ({ type }) => type === "aws_db_instance",
  );
  expect(instance?.values).toHaveProperty("password", "(sensitive value)");
});

test.each([
  [
    "a resource",
    { resources: [{ address: "a.b", expressions: { password: { constant_value: "hunter2" } } }] },
  ],
  [
    "a nested block",
    {
      resources: [
        { address: "a.b", expressions: { block: [{ key: { constant_value: "hunter2" } }] } },
      ],
    },
  ],
  [
    "an output",
    { outputs: { password: { sensitive: true, expression: { constant_value: "hunter2" } } } },
  ],
  ["a variable", { variables: { password: { default: "hunter2" } } }],
])("removes literals of %s from the configuration", (_, module) => {
  const configuration = {
    provider_config: { aws: { expressions: { secret_key: { constant_value: "hunter2" } } } },
    root_module: module,
  };
  expect(JSON.stringify(scannablePlan({ ...plan, configuration }))).not.toContain("hunter2");
});

test("removes state, variables, outputs and data sources", () => {
  expect(Object.keys(scannable).sort()).toEqual([
    "configuration",
    "format_version",
    "planned_values",
    "resource_changes",
    "terraform_version",
  ]);
  expect(scannable.resource_changes.map(({ mode }) => mode)).not.toContain("data");
  expect(scannable.resource_changes.map(({ change }) => change.before)).toEqual(
    scannable.resource_changes.map(() => null),
  );
  expect(text.includes("sensitive_values")).toBe(false);
});

test("masks account ids and email addresses", () => {
  expect(JSON.stringify(plan).includes("123456789012")).toBe(true);
  expect(text.includes("123456789012")).toBe(false);
  expect(text.includes("arn:aws:kms:ap-southeast-2:111122223333:")).toBe(true);
});

test("masks secrets in values that Terraform does not mark", () => {
  const [resource] = planFixture("create").resource_changes;
  const after = {
    password: "hunter2",
    container_definitions: JSON.stringify([
      { name: "api", environment: [{ name: "DB_PASSWORD", value: "hunter2" }] },
    ]),
  };
  const change = { actions: ["create" as const], before: null, after };
  const text = JSON.stringify(
    scannablePlan({
      ...planFixture("create"),
      planned_values: { root_module: { resources: [{ mode: "managed", values: after }] } },
      resource_changes: [{ ...(resource as NonNullable<typeof resource>), change }],
    }),
  );
  expect(text).not.toContain("hunter2");
  expect(text).toContain("DB_PASSWORD");
});
