import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import type { Stacks } from "../../terraform/json.ts";
import { resourcesOf, withoutResource, withResource } from "../../terraform/resources.ts";
import { CONFIGURATIONS } from "../controls/configurations.ts";
import { synthesize } from "../synthesize.ts";
import { monthlyCosts, totalOf } from "./costs.ts";
import { FREE } from "./free.ts";
import { costsSection, PAGE, withCosts } from "./page.ts";

const bare: Stacks = new Map([["network", { terraform: {}, provider: {} }]]);

function costOf(what: string, ...resources: readonly (readonly [string, object])[]) {
  const stacks = resources.reduce(
    (changed, [type, values], index) =>
      withResource(changed, {
        stack: "network",
        type,
        name: `Example${index}`,
        values: { ...values },
      }),
    bare,
  );
  return monthlyCosts(stacks).find((cost) => cost.what === what);
}

test("nothing costs nothing", () => {
  expect(totalOf(monthlyCosts(bare))).toBe(0);
});

test("what has a price by the hour costs 730 of them", () => {
  const gateways = costOf("NAT gateways", ["aws_nat_gateway", {}], ["aws_nat_gateway", {}]);
  expect(gateways?.month).toBeCloseTo(2 * 730 * 0.059);
});

test("what has a price by the month costs it once", () => {
  expect(costOf("KMS keys", ["aws_kms_key", {}])?.month).toBe(1);
});

describe("a database", () => {
  const database = { instance_class: "db.t4g.micro", allocated_storage: 20 };

  test("costs twice as much with a standby, its storage too", () => {
    const withStandby = { ...database, multi_az: true };
    expect(costOf("Database instances", ["aws_db_instance", withStandby])?.quantity).toBe(2);
    expect(costOf("GB of database storage", ["aws_db_instance", withStandby])?.quantity).toBe(40);
  });

  test("of a class without a price says where to add it", () => {
    const other = { ...database, instance_class: "db.x2g.large" };
    expect(() => costOf("Database instances", ["aws_db_instance", other])).toThrow(
      /db\.x2g\.large; add it to stacks\/costs\/prices\.ts/,
    );
  });
});

test("tasks cost their CPU and memory, as many times as there are always some", () => {
  const task = { cpu: "512", memory: "1024", runtime_platform: { cpu_architecture: "ARM64" } };
  const cost = costOf(
    "vCPUs of tasks",
    ["aws_ecs_task_definition", task],
    ["aws_appautoscaling_target", { min_capacity: 3 }],
  );
  expect(cost).toMatchObject({ quantity: 1.5, price: { usd: 0.03885 } });
});

test("endpoints cost in each zone, gateway endpoints nothing", () => {
  const cost = costOf(
    "Interface endpoints, in each zone",
    ["aws_vpc_endpoint", { vpc_endpoint_type: "Interface", subnet_ids: ["a", "b", "c"] }],
    ["aws_vpc_endpoint", { vpc_endpoint_type: "Gateway" }],
  );
  expect(cost?.quantity).toBe(3);
});

test("an alarm on a band counts three metrics; one of ten seconds costs more", () => {
  const alarms = [
    ["aws_cloudwatch_metric_alarm", { period: 60 }],
    ["aws_cloudwatch_metric_alarm", { metric_query: [{}, {}] }],
    ["aws_cloudwatch_metric_alarm", { period: 10 }],
  ] as const;
  expect(costOf("Metrics of alarms", ...alarms)?.quantity).toBe(4);
  expect(costOf("Metrics of alarms of less than a minute", ...alarms)?.quantity).toBe(1);
});

test("everything that the stacks can have is priced, or has no price of its own", () => {
  const stacks = synthesize(
    settingsOf({
      ...CONFIGURATIONS["with commands, queue and webhook"],
      ...CONFIGURATIONS["with the CIS pack"],
    }),
  );
  const total = totalOf(monthlyCosts(stacks));
  const types = new Set(
    [...stacks.values()].flatMap(({ resource }) => Object.keys(resource ?? {})),
  );
  for (const type of types) {
    const without = resourcesOf(stacks, type).reduce(withoutResource, stacks);
    if (!FREE.has(type)) expect(totalOf(monthlyCosts(without)), type).toBeLessThan(total);
  }
});

test("docs/deploying.md has today's costs; npx node stacks/costs/page.ts writes them", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(page).toBe(withCosts(page, costsSection()));
});
