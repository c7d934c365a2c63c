import type { Stacks } from "../../terraform/json.ts";
import { type ConfiguredResource, resourcesOf } from "../../terraform/resources.ts";
import { valuesAt } from "../controls/values.ts";
import { HOURS, PRICES, type Price, type PriceName } from "./prices.ts";

/** What something costs that is there all month, used or not. */
export interface Cost {
  readonly what: string;
  readonly quantity: number;
  readonly price: Price;
  /** US dollars. */
  readonly month: number;
}

/**
 * Metrics that Container Insights makes of one cluster with one service, by the level that is set; each
 * task adds some with the higher one. Counted by the lists in the CloudWatch user guide, and no more
 * than an estimate.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
 */
const INSIGHTS = {
  enabled: { metrics: 26, perTask: 0, price: "metric" },
  enhanced: { metrics: 60, perTask: 40, price: "observedMetric" },
} as const satisfies Record<
  string,
  { readonly metrics: number; readonly perTask: number; readonly price: PriceName }
>;

/** Requests, latency, errors, decrypts, refusals and tampered records: `service/telemetry.ts`. */
const SERVICE_METRICS = 6;

/** What a month costs before anybody uses the service; what the stacks do not have is there as 0. */
export function monthlyCosts(stacks: Stacks): readonly Cost[] {
  const all = (type: string) => resourcesOf(stacks, type);
  const count = (type: string) => all(type).length;
  const tasks = sum(all("aws_appautoscaling_target"), "min_capacity");
  return [
    cost("NAT gateways", count("aws_nat_gateway"), "natGateway"),
    cost("Public IPv4 addresses", count("aws_eip") + publicZones(stacks), "publicAddress"),
    cost("Interface endpoints, in each zone", endpointZones(stacks), "interfaceEndpoint"),
    cost("KMS keys", count("aws_kms_key"), "key"),
    ...all("aws_db_instance").flatMap(databaseCosts),
    cost("Load balancer", count("aws_lb"), "loadBalancer"),
    cost("Web ACL", count("aws_wafv2_web_acl"), "webAcl"),
    cost("Rules of the web ACL", lengthOf(all("aws_wafv2_web_acl"), "rule"), "webAclRule"),
    ...all("aws_ecs_task_definition").flatMap((task) => taskCosts(task, tasks)),
    ...all("aws_ecs_cluster").map((cluster) => insightsCost(cluster, tasks)),
    cost("Metrics of detections and service", customMetrics(stacks), "metric"),
    ...alarmCosts(stacks),
    cost("Dashboards", count("aws_cloudwatch_dashboard"), "dashboard"),
  ];
}

export function totalOf(costs: readonly Cost[]): number {
  return costs.reduce((total, { month }) => total + month, 0);
}

function cost(what: string, quantity: number, name: PriceName): Cost {
  const price: Price = PRICES[name];
  const hours = /hour/.test(price.unit) ? HOURS : 1;
  return { what, quantity, price, month: quantity * hours * price.usd };
}

/** Zones in which a load balancer that the internet reaches has an address. */
function publicZones(stacks: Stacks): number {
  const open = resourcesOf(stacks, "aws_lb").filter(({ values }) => values.internal === false);
  return lengthOf(open, "subnets");
}

function endpointZones(stacks: Stacks): number {
  const endpoints = resourcesOf(stacks, "aws_vpc_endpoint");
  return lengthOf(
    endpoints.filter(({ values }) => values.vpc_endpoint_type === "Interface"),
    "subnet_ids",
  );
}

/** A standby costs as much as what it stands by for. */
function databaseCosts({ values }: ConfiguredResource): readonly Cost[] {
  const instances = values.multi_az === true ? 2 : 1;
  const instanceClass = String(values.instance_class);
  if (!isPriced(instanceClass)) {
    throw new RangeError(
      `There is no price for the instance class ${instanceClass}; add it to stacks/costs/prices.ts from AWS's page.`,
    );
  }
  return [
    cost("Database instances", instances, instanceClass),
    cost("GB of database storage", instances * Number(values.allocated_storage), "databaseStorage"),
    cost("Secrets", values.manage_master_user_password === true ? 1 : 0, "secret"),
  ];
}

function isPriced(name: string): name is PriceName {
  return Object.hasOwn(PRICES, name);
}

function taskCosts({ values }: ConfiguredResource, tasks: number): readonly Cost[] {
  const [architecture] = valuesAt(values, "runtime_platform.cpu_architecture");
  const arm = architecture === "ARM64";
  const each = (units: unknown) => (tasks * Number(units)) / 1024;
  return [
    cost("vCPUs of tasks", each(values.cpu), arm ? "fargateArmCpu" : "fargateCpu"),
    cost("GB of memory of tasks", each(values.memory), arm ? "fargateArmMemory" : "fargateMemory"),
  ];
}

function insightsCost({ values }: ConfiguredResource, tasks: number): Cost {
  const [level] = valuesAt(values, "setting.value");
  const { metrics, perTask, price } = INSIGHTS[level === "enhanced" ? "enhanced" : "enabled"];
  return cost("Metrics of Container Insights", metrics + perTask * tasks, price);
}

function customMetrics(stacks: Stacks): number {
  const filters = resourcesOf(stacks, "aws_cloudwatch_log_metric_filter").map(({ values }) =>
    ["namespace", "name"].map((key) => valuesAt(values, `metric_transformation.${key}`)).join(),
  );
  const ofService = resourcesOf(stacks, "aws_ecs_service").length * SERVICE_METRICS;
  return new Set(filters).size + ofService;
}

/** An alarm on a band counts its metric and the two edges of the band. */
function alarmCosts(stacks: Stacks): readonly Cost[] {
  const alarms = resourcesOf(stacks, "aws_cloudwatch_metric_alarm").map(({ values }) => ({
    metrics: values.metric_query === undefined ? 1 : 3,
    fast: Number(values.period ?? 60) < 60,
  }));
  const metrics = (fast: boolean) =>
    alarms.filter((it) => it.fast === fast).reduce((total, it) => total + it.metrics, 0);
  const composite = resourcesOf(stacks, "aws_cloudwatch_composite_alarm").length;
  return [
    cost("Metrics of alarms", metrics(false), "alarm"),
    cost("Metrics of alarms of less than a minute", metrics(true), "fastAlarm"),
    cost("Alarms on alarms", composite, "compositeAlarm"),
  ];
}

function sum(resources: readonly ConfiguredResource[], attribute: string): number {
  return resources.reduce((total, { values }) => total + Number(values[attribute]), 0);
}

function lengthOf(resources: readonly ConfiguredResource[], attribute: string): number {
  return resources.flatMap(({ values }) => values[attribute]).length;
}
