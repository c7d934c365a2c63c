import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHAPES, type Shape } from "../../common/environment.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { loadSettings } from "../../settings/index.ts";
import type { Stacks } from "../../terraform/json.ts";
import { CHEAPEST_DEV, OFFICE_HOURS } from "../controls/configurations.ts";
import { synthesize } from "../synthesize.ts";
import { type Cost, ITEMS, monthlyCosts, totalOf } from "./costs.ts";
import { MONITORING_USE, monitoringCosts, monitoringUse } from "./monitoring.ts";
import {
  AS_OF,
  CHEAPER_PRICES,
  CHEAPER_REGION,
  HOURS,
  PRICES,
  type Price,
  REGION,
  USAGE,
} from "./prices.ts";

export const PAGE = join(import.meta.dirname, "../../docs/deploying.md");

const START = "<!-- costs: generated from stacks/costs by `npm run docs`; do not edit -->";
const END = "<!-- end of costs -->";

type Variables = Readonly<Record<string, string>>;

/** Settings with the largest effect on the costs, and the environment they are applied to. */
const ALTERNATIVES: readonly (readonly [env: Shape, changes: Variables])[] = [
  ["dev", { NAT_GATEWAYS: "public-tasks" }],
  ["dev", { WEB_ACL: "false" }],
  ["dev", { CONTAINER_INSIGHTS: "disabled" }],
  ["dev", { FARGATE_SPOT: "true" }],
  ["dev", { CUSTOMER_MANAGED_KEYS: "records" }],
  ["dev", { DASHBOARD: "false" }],
  ["dev", { DETECTIONS: "kms-errors" }],
  ["dev", CHEAPEST_DEV],
  ["dev", { VPC_ENDPOINTS: "true", NAT_GATEWAYS: "none" }],
  ["prod", { VPC_ENDPOINTS: "false", NAT_GATEWAYS: "per-zone" }],
  ["prod", { VPC_ENDPOINTS: "false", NAT_GATEWAYS: "one" }],
  ["prod", { AVAILABILITY_ZONES: "2" }],
  ["prod", { DATABASE_MULTI_AZ: "false" }],
  ["prod", { DATABASE_INSTANCE_CLASS: "db.t4g.micro", MAX_TASKS: "3" }],
  ["prod", { DATABASE_STORAGE: "200" }],
  ["prod", { MIN_TASKS: "4" }],
  ["prod", { CPU_ARCHITECTURE: "ARM64" }],
  ["prod", { TASK_CPU: "1024", TASK_MEMORY: "2048" }],
  ["prod", { CONTAINER_INSIGHTS: "enabled" }],
  ["prod", { EXECUTE_COMMAND: "true" }],
  ["prod", { DEPLOYMENT_STRATEGY: "canary" }],
  ["prod", { CIS_PACK: "true" }],
  ["prod", { DETECTIONS: "kms-errors" }],
];

/** The costs section of docs/deploying.md, with its markers. */
export function costsSection(): string {
  const stacks = { dev: stacksOf("dev"), prod: stacksOf("prod") };
  const dev = monthlyCosts(stacks.dev);
  const prod = monthlyCosts(stacks.prod);
  const items = ITEMS.filter((item) => pricesOf([...dev, ...prod], item) !== "");
  return [
    START,
    `US dollars per month of ${HOURS} hours in Sydney (\`${REGION}\`), with the defaults of each environment and no use. On-demand list prices as of ${AS_OF}, without tax, free tiers and discounts. Prices with ≈ are estimates that could not be verified for this region; each links to the AWS page. The number of Container Insights metrics is an estimate.`,
    table(
      ["item", "dev", "prod", "price"],
      [
        ...items.map((item) => [
          item,
          monthOf(dev, item),
          monthOf(prod, item),
          pricesOf([...dev, ...prod], item),
        ]),
        ["**total**", `**${dollars(totalOf(dev))}**`, `**${dollars(totalOf(prod))}**`, ""],
      ],
    ),
    "The price of a KMS key doubles after its first rotation and triples after its second. The first environment of an account also benefits from CloudWatch's free tier. The Route 53 hosted zone of the domain is not included.",
    "### The cheapest dev",
    `The costs of [a cheap dev](#a-cheap-dev) in Sydney and in N. Virginia (\`${CHEAPER_REGION}\`), without and with the [operating hours](#operating-hours) ${OFFICE_HOURS.OPERATING_HOURS}.`,
    cheapestDevTable(),
    "### Monitoring",
    "Detecting misuse causes these parts of the total above and of the charges by use below: the trail, the logs that alarms read, all metrics and alarms, the dashboard, and their keys. Use is estimated for a small account in dev and a larger one in prod. CloudTrail charges nothing for the first trail of an account, SNS nothing for 1,000 emails a month, and EventBridge nothing for the events of AWS services. After two yearly rotations, the keys cost three times as much.",
    monitoringTable(stacks.dev, stacks.prod),
    "### Charges by use",
    table(
      ["charge", "price"],
      USAGE.map(([name, description]) => [description, show(PRICES[name])]),
    ),
    "### Settings with the largest effect",
    table(
      ["environment", "settings", "per month"],
      alternativeCosts().map(({ env, changes, month }) => [
        env,
        Object.entries(changes)
          .map(([name, value]) => `\`CIPHERWATCH_${name}=${value}\``)
          .join(" "),
        difference(month),
      ]),
    ),
    END,
  ].join("\n\n");
}

/** Settings that change the costs of an environment, and by how many US dollars per month. */
export interface AlternativeCost {
  readonly env: Shape;
  readonly changes: Variables;
  readonly month: number;
}

let alternatives: readonly AlternativeCost[] | undefined;

/** Returns the costs of settings with a large effect. Synthesizes the stacks for each, once. */
export function alternativeCosts(): readonly AlternativeCost[] {
  if (alternatives !== undefined) return alternatives;
  const defaults = new Map(SHAPES.map((env) => [env, totalOf(costsOf(env))]));
  alternatives = ALTERNATIVES.map(([env, changes]) => ({
    env,
    changes,
    month: totalOf(costsOf(env, changes)) - (defaults.get(env) ?? 0),
  }));
  return alternatives;
}

/** The costs of the cheapest dev in both Regions. */
export function cheapestDevCosts(
  changes: Variables = {},
): readonly [sydney: readonly Cost[], virginia: readonly Cost[]] {
  const stacks = stacksOf("dev", { ...CHEAPEST_DEV, ...changes });
  return [monthlyCosts(stacks), monthlyCosts(stacks, undefined, CHEAPER_PRICES)];
}

function cheapestDevTable(): string {
  const always = cheapestDevCosts();
  const columns = [...always, ...cheapestDevCosts(OFFICE_HOURS)];
  const [, virginia] = always;
  return table(
    [
      "item",
      REGION,
      CHEAPER_REGION,
      `${REGION}, office hours`,
      `${CHEAPER_REGION}, office hours`,
      `price in ${CHEAPER_REGION}`,
    ],
    [
      ...virginia.map(({ item }) => [
        item,
        ...columns.map((costs) => monthOf(costs, item)),
        pricesOf(virginia, item),
      ]),
      ["**total**", ...columns.map((costs) => `**${dollars(totalOf(costs))}**`), ""],
    ],
  );
}

function monitoringTable(dev: Stacks, prod: Stacks): string {
  const fixed = { dev: monitoringCosts(dev), prod: monitoringCosts(prod) };
  const items = ITEMS.filter((item) => pricesOf([...fixed.dev, ...fixed.prod], item) !== "");
  const total = (costs: readonly Cost[], env: "dev" | "prod") =>
    `**${dollars(totalOf(costs) + monitoringUse(env))}**`;
  return table(
    ["item", "dev", "prod"],
    [
      ...items.map((item) => [item, monthOf(fixed.dev, item), monthOf(fixed.prod, item)]),
      ...MONITORING_USE.map(({ description, price, dev: inDev, prod: inProd }) => [
        description,
        ...[inDev, inProd].map((quantity) => dollars(quantity * PRICES[price].usd)),
      ]),
      ["**total**", total(fixed.dev, "dev"), total(fixed.prod, "prod")],
    ],
  );
}

function costsOf(env: string, changes: Variables = {}): readonly Cost[] {
  return monthlyCosts(stacksOf(env, changes));
}

const synthesized = new Map<string, Stacks>();

/** Synthesizes each configuration once. */
function stacksOf(env: string, changes: Variables = {}): Stacks {
  const key = JSON.stringify([env, changes]);
  const stacks = synthesized.get(key) ?? synthesizeStacks(env, changes);
  synthesized.set(key, stacks);
  return stacks;
}

function synthesizeStacks(env: string, changes: Variables): Stacks {
  const variables = {
    ENV: env,
    ALERT_EMAIL: "security@example.com",
    IMAGE_DIGEST: PLACEHOLDER_DIGEST,
    ...changes,
  };
  const settings = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`CIPHERWATCH_${name}`, value]),
  );
  return synthesize(loadSettings(settings));
}

function monthOf(costs: readonly Cost[], item: string): string {
  const cost = costs.find((candidate) => candidate.item === item);
  return cost === undefined
    ? "none"
    : `${Number(cost.quantity.toFixed(2))} for ${dollars(cost.month)}`;
}

function pricesOf(costs: readonly Cost[], item: string): string {
  const matching = costs.filter((cost) => cost.item === item);
  return [...new Set(matching.map(({ price }) => show(price)))].join(", ");
}

function show({ usd, unit, page, approximate }: Price): string {
  return `[${approximate ? "≈ " : ""}$${usd} per ${unit}](${page})`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** Formats a difference in US dollars, such as `+$6.00`. */
export function difference(amount: number): string {
  return `${amount < 0 ? "−" : "+"}${dollars(Math.abs(amount))}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** @throws {Error} if the page has no markers */
export function withCosts(page: string, section: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END);
  if (start < 0 || end < start) {
    throw new Error(
      `docs/deploying.md has no section between ${START} and ${END}; add both markers.`,
    );
  }
  return page.slice(0, start) + section + page.slice(end + END.length);
}

if (import.meta.main) {
  writeFileSync(PAGE, withCosts(readFileSync(PAGE, "utf8"), costsSection()));
}
