import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { settingsAreas, settingsTable } from "../../settings/index.ts";
import { settingsOf } from "../../settings/testing.ts";
import type { Stacks } from "../../terraform/json.ts";
import { resourcesOf, withoutResource, withResource } from "../../terraform/resources.ts";
import { CONFIGURATIONS, OFFICE_HOURS } from "../controls/configurations.ts";
import { synthesize } from "../synthesize.ts";
import { monthlyCosts, PRICED, totalOf } from "./costs.ts";
import { monitoringCosts, monitoringUse } from "./monitoring.ts";
import { cheapestDevCosts, costsSection, PAGE, withCosts } from "./page.ts";
import { FREE } from "./prices.ts";
import { SETTINGS_PAGE, settingsPage } from "./settings-page.ts";

const bare: Stacks = new Map([["network", { terraform: {}, provider: {} }]]);

function costOf(item: string, ...resources: readonly (readonly [string, object])[]) {
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
  return monthlyCosts(stacks).find((cost) => cost.item === item);
}

test("charges nothing for stacks without resources", () => {
  expect(totalOf(monthlyCosts(bare))).toBe(0);
});

test("multiplies hourly prices by 730 hours", () => {
  const gateways = costOf("NAT gateways", ["aws_nat_gateway", {}], ["aws_nat_gateway", {}]);
  expect(gateways?.month).toBeCloseTo(2 * 730 * 0.059);
});

test("charges monthly prices once", () => {
  expect(costOf("KMS keys", ["aws_kms_key", {}])?.month).toBe(1);
  expect(costOf("KMS keys", ["aws_kms_replica_key", {}])?.month).toBe(1);
});

describe("a database", () => {
  const database = { instance_class: "db.t4g.micro", allocated_storage: 20 };

  test("charges a standby and its storage like the primary", () => {
    const withStandby = { ...database, multi_az: true };
    expect(costOf("Database instances", ["aws_db_instance", withStandby])?.quantity).toBe(2);
    expect(costOf("Database storage in GB", ["aws_db_instance", withStandby])?.quantity).toBe(40);
  });

  test("reports where to add the price of an unknown instance class", () => {
    const other = { ...database, instance_class: "db.x2g.large" };
    expect(() => costOf("Database instances", ["aws_db_instance", other])).toThrow(
      /db\.x2g\.large; add it to stacks\/costs\/prices\.ts/,
    );
  });
});

test("charges vCPUs for the minimum number of tasks", () => {
  const task = { cpu: "512", memory: "1024", runtime_platform: { cpu_architecture: "ARM64" } };
  const cost = costOf(
    "vCPUs of tasks",
    ["aws_ecs_task_definition", task],
    ["aws_appautoscaling_target", { min_capacity: 3 }],
  );
  expect(cost).toMatchObject({ quantity: 1.5, price: { usd: 0.03885 } });
});

test("charges tasks and their addresses for the hours between two scheduled actions", () => {
  const action = (hour: number) =>
    ["aws_appautoscaling_scheduled_action", { schedule: `cron(0 ${hour} ? * MON,TUE *)` }] as const;
  const resources = [
    ["aws_ecs_task_definition", { cpu: "1024", memory: "2048" }],
    ["aws_ecs_service", { network_configuration: { assign_public_ip: true } }],
    ["aws_appautoscaling_target", { min_capacity: 1 }],
    action(7),
    action(19),
  ] as const;
  const share = 24 / 168;
  expect(costOf("vCPUs of tasks", ...resources)?.quantity).toBeCloseTo(share);
  expect(costOf("Public IPv4 addresses", ...resources)?.quantity).toBeCloseTo(share);
});

test("charges a database for the hours between its start and its stop, and its storage always", () => {
  const schedule = (time: string) =>
    ["aws_scheduler_schedule", { schedule_expression: `cron(${time} ? * MON,TUE,WED *)` }] as const;
  const resources = [
    ["aws_db_instance", { instance_class: "db.t4g.micro", allocated_storage: 20 }],
    schedule("40 6"),
    schedule("10 19"),
  ] as const;
  expect(costOf("Database instances", ...resources)?.quantity).toBeCloseTo((3 * 12.5) / 168);
  expect(costOf("Database storage in GB", ...resources)?.quantity).toBe(20);
});

test("charges tasks on Fargate Spot at its price", () => {
  const cost = costOf(
    "vCPUs of tasks",
    ["aws_ecs_task_definition", { cpu: "256", memory: "512" }],
    ["aws_ecs_service", { capacity_provider_strategy: [{ capacity_provider: "FARGATE_SPOT" }] }],
    ["aws_appautoscaling_target", { min_capacity: 1 }],
  );
  expect(cost).toMatchObject({ quantity: 0.25, price: { usd: 0.01457 } });
});

test("charges a public address for each task in the public subnets", () => {
  const scaling = ["aws_appautoscaling_target", { min_capacity: 2 }] as const;
  const addresses = (assign_public_ip: boolean) =>
    costOf(
      "Public IPv4 addresses",
      ["aws_ecs_service", { network_configuration: { assign_public_ip } }],
      scaling,
    );
  expect(addresses(true)?.quantity).toBe(2);
  expect(addresses(false)).toBeUndefined();
});

test("charges no metrics of Container Insights that are disabled", () => {
  const cluster = { setting: [{ name: "containerInsights", value: "disabled" }] };
  expect(costOf("Container Insights metrics", ["aws_ecs_cluster", cluster])).toBeUndefined();
});

test("charges interface endpoints per availability zone, and no gateway endpoints", () => {
  const cost = costOf(
    "Interface endpoints, per availability zone",
    ["aws_vpc_endpoint", { vpc_endpoint_type: "Interface", subnet_ids: ["a", "b", "c"] }],
    ["aws_vpc_endpoint", { vpc_endpoint_type: "Gateway" }],
  );
  expect(cost?.quantity).toBe(3);
});

test("charges three metrics for an anomaly alarm, and separately for periods below a minute", () => {
  const alarms = [
    ["aws_cloudwatch_metric_alarm", { period: 60 }],
    [
      "aws_cloudwatch_metric_alarm",
      { metric_query: [{ metric: {} }, { expression: "ANOMALY_DETECTION_BAND(m1, 3)" }] },
    ],
    [
      "aws_cloudwatch_metric_alarm",
      { metric_query: [{ metric: {} }, { metric: {} }, { expression: "m1 / m2" }] },
    ],
    ["aws_cloudwatch_metric_alarm", { period: 10 }],
  ] as const;
  expect(costOf("Alarm metrics", ...alarms)?.quantity).toBe(6);
  expect(costOf("Alarm metrics with periods below a minute", ...alarms)?.quantity).toBe(1);
});

test("charges two alarms for each scaling policy, with the metrics that they read", () => {
  const policy = (specification: object) =>
    [
      "aws_appautoscaling_policy",
      { target_tracking_scaling_policy_configuration: specification },
    ] as const;
  const predefined = policy({ predefined_metric_specification: {} });
  const customized = policy({
    customized_metric_specification: {
      metrics: [{ metric_stat: {} }, { metric_stat: {} }, { expression: "a / b" }],
    },
  });
  expect(costOf("Alarm metrics of scaling", predefined, customized)?.quantity).toBe(6);
});

test("charges a metric once, although several filters add to it", () => {
  const filter = (name: string, metric: string) =>
    [
      "aws_cloudwatch_log_metric_filter",
      { name, metric_transformation: { name: metric } },
    ] as const;
  const cost = costOf(
    "Detection metrics",
    filter("role-change", "role-change"),
    filter("role-change-2", "role-change"),
    filter("kms-errors", "kms-errors"),
  );
  expect(cost?.quantity).toBe(2);
});

test("prices every resource type, or lists it as free", () => {
  const stacks = synthesize(
    settingsOf({
      ...CONFIGURATIONS["with commands, queue, webhook and chat"],
      ...CONFIGURATIONS["with the CIS pack"],
    }),
  );
  const total = totalOf(monthlyCosts(stacks));
  const types = new Set(
    [...stacks.values()].flatMap(({ resource }) => Object.keys(resource ?? {})),
  );
  for (const type of types) {
    expect(FREE.has(type), type).toBe(!PRICED.has(type));
    const without = resourcesOf(stacks, type).reduce(withoutResource, stacks);
    if (!FREE.has(type)) expect(totalOf(monthlyCosts(without)), type).toBeLessThan(total);
  }
});

describe("monitoring", () => {
  const stacks = synthesize(settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST }));

  test("costs less than $25 a month in dev, with its use", () => {
    expect(totalOf(monitoringCosts(stacks)) + monitoringUse("dev")).toBeLessThan(25);
  });

  test("includes every charge of the stacks trail and alarm", () => {
    const without = new Map([...stacks].filter(([id]) => id !== "trail" && id !== "alarm"));
    const ofBoth = totalOf(monthlyCosts(stacks)) - totalOf(monthlyCosts(without));
    const counted = totalOf(monitoringCosts(stacks)) - totalOf(monitoringCosts(without));
    expect(counted).toBeCloseTo(ofBoth);
  });

  test("includes every alarm, metric filter and dashboard of all stacks", () => {
    for (const type of [
      "aws_cloudwatch_metric_alarm",
      "aws_cloudwatch_composite_alarm",
      "aws_cloudwatch_log_metric_filter",
      "aws_cloudwatch_dashboard",
    ]) {
      const without = resourcesOf(stacks, type).reduce(withoutResource, stacks);
      const costOfType = totalOf(monthlyCosts(stacks)) - totalOf(monthlyCosts(without));
      const counted = totalOf(monitoringCosts(stacks)) - totalOf(monitoringCosts(without));
      expect(counted, type).toBeCloseTo(costOfType);
    }
  });
});

test("docs/deploying.md has the current costs; update it with `npm run docs`", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(page).toBe(withCosts(page, costsSection()));
});

test("docs/deploying.md states the rounded costs of a cheap dev in both Regions", () => {
  const [sydney, virginia] = cheapestDevCosts().map((costs) => Math.round(totalOf(costs)));
  const text = readFileSync(PAGE, "utf8").replaceAll(/\s+/g, " ");
  expect(text).toContain(`leave about $${sydney} of the monthly $150 of dev in Sydney`);
  expect(text).toContain(`about $${virginia} in N. Virginia`);
  const hours = cheapestDevCosts(OFFICE_HOURS).map((costs) => totalOf(costs));
  expect(Math.max(...hours)).toBeLessThan(60);
  const [inSydney, inVirginia] = hours.map(Math.round);
  expect(text).toContain(
    `costs about $${inSydney} in Sydney and about $${inVirginia} in N. Virginia`,
  );
});

test("docs/settings.md is current; update it with `npm run docs`", () => {
  expect(readFileSync(SETTINGS_PAGE, "utf8")).toBe(settingsPage());
});

test("docs/settings.md has every setting", () => {
  const names = settingsAreas.flatMap(({ settings }) => Object.keys(settings));
  expect(names).toEqual(Object.keys(settingsTable));
});
