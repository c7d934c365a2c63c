import type { Block, Stacks } from "../../terraform/json.ts";
import { type ConfiguredResource, resourcesOf } from "../../terraform/resources.ts";
import { valuesAt } from "../../terraform/values.ts";
import { HOURS, PRICES, type Price, type PriceName } from "./prices.ts";

/** A monthly charge that does not depend on use. */
export interface Cost {
  readonly item: string;
  readonly quantity: number;
  readonly price: Price;
  /** US dollars per month. */
  readonly month: number;
}

/** How the resources of a type are charged. */
interface Charge {
  readonly item: string;
  readonly type: string;
  readonly price: PriceName | ((values: Block, stacks: Stacks) => PriceName);
  /** Quantity per resource. Default: 1. */
  readonly quantity?: (values: Block, stacks: Stacks) => number;
}

/**
 * Estimates of the metrics that Container Insights reports for a cluster with one service, from the user
 * guide. The enhanced level adds metrics per task.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
 */
const INSIGHTS_METRICS = { standard: 26, enhanced: 60, enhancedPerTask: 40 };

/** Requests, latency, errors, decrypts, refusals and tampered records: `service/telemetry.ts`. */
const SERVICE_METRICS = 6;

const isEnhanced = (cluster: Block) => valuesAt(cluster, "setting.value")[0] === "enhanced";
const isArm = (task: Block) => valuesAt(task, "runtime_platform.cpu_architecture")[0] === "ARM64";
const isSpot = (stacks: Stacks) =>
  resourcesOf(stacks, "aws_ecs_service").some(
    ({ values }) =>
      valuesAt(values, "capacity_provider_strategy.capacity_provider")[0] === "FARGATE_SPOT",
  );
const variantOf = (task: Block, stacks: Stacks) =>
  `${isArm(task) ? "Arm" : ""}${isSpot(stacks) ? "Spot" : ""}` as const;
const lengthOf = (list: unknown) => [list].flat().length;
const isFast = ({ period }: Block) => Number(period ?? 60) < 60;
/**
 * An alarm is charged for each metric it reads, and for both edges of an anomaly band. A Metrics Insights query
 * reads the metrics of clients, which exist only with use.
 */
function alarmMetrics({ metric_query }: Block): number {
  if (!Array.isArray(metric_query)) return 1;
  return metric_query.reduce((total: number, { metric, expression }: Block) => {
    if (metric !== undefined) return total + 1;
    return String(expression).startsWith("ANOMALY_DETECTION_BAND(") ? total + 2 : total;
  }, 0);
}
/** A policy on a predefined metric reads one; others read those of their expression. */
function scalingMetrics(policy: Block): number {
  const [metrics] = valuesAt(
    policy,
    "target_tracking_scaling_policy_configuration.customized_metric_specification.metrics",
  );
  if (!Array.isArray(metrics)) return 1;
  return metrics.filter((metric: Block) => metric.metric_stat !== undefined).length;
}
/** A standby is charged like the primary, its storage included. */
const instances = ({ multi_az }: Block) => (multi_az === true ? 2 : 1);

function minimumTasks(stacks: Stacks): number {
  return resourcesOf(stacks, "aws_appautoscaling_target").reduce(
    (total, { values }) => total + Number(values.min_capacity),
    0,
  );
}

/** The share of a week between the two times of a day at which resources of a type start and stop something. */
function operatingShare(stacks: Stacks, type: string, attribute: string): number {
  const [first, second] = resourcesOf(stacks, type).map(({ values }) => String(values[attribute]));
  if (first === undefined || second === undefined) return 1;
  const [start, stop] = [first, second].map(cronTime);
  if (start === undefined || stop === undefined) return 1;
  return (Math.abs(stop.minute - start.minute) * start.days) / (7 * 1440);
}

/** Reads a cron expression of `cronOf`. */
function cronTime(expression: string): { readonly minute: number; readonly days: number } {
  const match = /^cron\((\d+) (\d+) \? \* ([A-Z,]+) \*\)$/.exec(expression);
  if (match === null) throw new Error(`Cannot read the schedule ${JSON.stringify(expression)}.`);
  const [, minute, hour, days = ""] = match;
  return { minute: Number(hour) * 60 + Number(minute), days: days.split(",").length };
}

const databaseShare = (stacks: Stacks) =>
  operatingShare(stacks, "aws_scheduler_schedule", "schedule_expression");

/** The average number of tasks, if none are needed beyond the minimum. */
function runningTasks(stacks: Stacks): number {
  const share = operatingShare(stacks, "aws_appautoscaling_scheduled_action", "schedule");
  return minimumTasks(stacks) * share;
}

function insightsMetrics(cluster: Block, stacks: Stacks): number {
  const [level] = valuesAt(cluster, "setting.value");
  if (level === "disabled") return 0;
  return isEnhanced(cluster)
    ? INSIGHTS_METRICS.enhanced + INSIGHTS_METRICS.enhancedPerTask * minimumTasks(stacks)
    : INSIGHTS_METRICS.standard;
}

const CHARGES: readonly Charge[] = [
  { item: "NAT gateways", type: "aws_nat_gateway", price: "natGateway" },
  { item: "Public IPv4 addresses", type: "aws_eip", price: "publicAddress" },
  {
    item: "Public IPv4 addresses",
    type: "aws_lb",
    price: "publicAddress",
    quantity: ({ internal, subnets }) => (internal === false ? lengthOf(subnets) : 0),
  },
  {
    item: "Public IPv4 addresses",
    type: "aws_ecs_service",
    price: "publicAddress",
    quantity: (service, stacks) =>
      valuesAt(service, "network_configuration.assign_public_ip")[0] === true
        ? runningTasks(stacks)
        : 0,
  },
  {
    item: "Interface endpoints, per availability zone",
    type: "aws_vpc_endpoint",
    price: "interfaceEndpoint",
    quantity: ({ vpc_endpoint_type, subnet_ids }) =>
      vpc_endpoint_type === "Interface" ? lengthOf(subnet_ids) : 0,
  },
  { item: "KMS keys", type: "aws_kms_key", price: "key" },
  { item: "KMS keys", type: "aws_kms_replica_key", price: "key" },
  {
    item: "Database instances",
    type: "aws_db_instance",
    price: ({ instance_class }) => instancePrice(String(instance_class)),
    quantity: (database, stacks) => instances(database) * databaseShare(stacks),
  },
  {
    item: "Database storage in GB",
    type: "aws_db_instance",
    price: "databaseStorage",
    quantity: (database) => instances(database) * Number(database.allocated_storage),
  },
  {
    item: "Secrets",
    type: "aws_db_instance",
    price: "secret",
    quantity: ({ manage_master_user_password }) => (manage_master_user_password === true ? 1 : 0),
  },
  { item: "Load balancer", type: "aws_lb", price: "loadBalancer" },
  { item: "Web ACL", type: "aws_wafv2_web_acl", price: "webAcl" },
  {
    item: "Web ACL rules",
    type: "aws_wafv2_web_acl",
    price: "webAclRule",
    quantity: ({ rule }) => lengthOf(rule),
  },
  {
    item: "vCPUs of tasks",
    type: "aws_ecs_task_definition",
    price: (task, stacks) => `fargate${variantOf(task, stacks)}Cpu`,
    quantity: ({ cpu }, stacks) => (runningTasks(stacks) * Number(cpu)) / 1024,
  },
  {
    item: "Memory of tasks in GB",
    type: "aws_ecs_task_definition",
    price: (task, stacks) => `fargate${variantOf(task, stacks)}Memory`,
    quantity: ({ memory }, stacks) => (runningTasks(stacks) * Number(memory)) / 1024,
  },
  {
    item: "Container Insights metrics",
    type: "aws_ecs_cluster",
    price: (cluster) => (isEnhanced(cluster) ? "observedMetric" : "metric"),
    quantity: insightsMetrics,
  },
  {
    item: "Detection metrics",
    type: "aws_cloudwatch_log_metric_filter",
    price: "metric",
    quantity: (filter, stacks) => (isFirstOfMetric(filter, stacks) ? 1 : 0),
  },
  {
    item: "Service metrics",
    type: "aws_ecs_service",
    price: "metric",
    quantity: () => SERVICE_METRICS,
  },
  {
    item: "Alarm metrics",
    type: "aws_cloudwatch_metric_alarm",
    price: "alarm",
    quantity: (alarm) => (isFast(alarm) ? 0 : alarmMetrics(alarm)),
  },
  {
    item: "Alarm metrics with periods below a minute",
    type: "aws_cloudwatch_metric_alarm",
    price: "fastAlarm",
    quantity: (alarm) => (isFast(alarm) ? alarmMetrics(alarm) : 0),
  },
  {
    // One alarm to scale out and one to scale in.
    // https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
    item: "Alarm metrics of scaling",
    type: "aws_appautoscaling_policy",
    price: "alarm",
    quantity: (policy) => 2 * scalingMetrics(policy),
  },
  { item: "Composite alarms", type: "aws_cloudwatch_composite_alarm", price: "compositeAlarm" },
  { item: "Dashboards", type: "aws_cloudwatch_dashboard", price: "dashboard" },
];

/** All items, in the order of the page. */
export const ITEMS: readonly string[] = [...new Set(CHARGES.map(({ item }) => item))];

/** Types that CHARGES prices, or whose number the charges depend on. */
export const PRICED: ReadonlySet<string> = new Set([
  ...CHARGES.map(({ type }) => type),
  "aws_appautoscaling_target",
  "aws_appautoscaling_scheduled_action",
  "aws_scheduler_schedule",
]);

/**
 * Monthly costs without use, one per item and price. Items that the stacks do not have are absent.
 * @param isIncluded default: includes every resource
 * @param prices default: those of Sydney
 */
export function monthlyCosts(
  stacks: Stacks,
  isIncluded: (item: string, resource: ConfiguredResource) => boolean = () => true,
  prices: Readonly<Record<PriceName, Price>> = PRICES,
): readonly Cost[] {
  const charges = CHARGES.flatMap(({ item, type, price, quantity = () => 1 }) =>
    resourcesOf(stacks, type)
      .filter((resource) => isIncluded(item, resource))
      .map(({ values }) => ({
        item,
        price: typeof price === "string" ? price : price(values, stacks),
        quantity: quantity(values, stacks),
      })),
  ).filter(({ quantity }) => quantity > 0);
  const groups = Map.groupBy(charges, ({ item, price }) => `${item} ${price}`);
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const price = prices[first.price];
    const quantity = others.reduce((total, other) => total + other.quantity, first.quantity);
    const hours = price.unit.includes("hour") ? HOURS : 1;
    return [{ item: first.item, quantity, price, month: quantity * hours * price.usd }];
  });
}

export function totalOf(costs: readonly Cost[]): number {
  return costs.reduce((total, { month }) => total + month, 0);
}

/** Several filters can add to one metric, and filters are free. */
function isFirstOfMetric(filter: Block, stacks: Stacks): boolean {
  const metricOf = (values: Block) => JSON.stringify(values.metric_transformation);
  const first = resourcesOf(stacks, "aws_cloudwatch_log_metric_filter").find(
    ({ values }) => metricOf(values) === metricOf(filter),
  );
  return first?.values.name === filter.name;
}

function instancePrice(instanceClass: string): PriceName {
  if (Object.hasOwn(PRICES, instanceClass)) return instanceClass as PriceName;
  throw new RangeError(
    `No price for the instance class ${instanceClass}; add it to stacks/costs/prices.ts from the AWS pricing page.`,
  );
}
