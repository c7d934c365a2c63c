import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../synthesize.ts";
import { type Cost, monthlyCosts, totalOf } from "./costs.ts";
import { AS_OF, PRICES, type Price, type PriceName, REGION } from "./prices.ts";

export const PAGE = join(import.meta.dirname, "../../docs/deploying.md");

const START = "<!-- costs: written by `npx node stacks/costs/page.ts`, from stacks/costs -->";
const END = "<!-- end of costs -->";

type Variables = Readonly<Record<string, string>>;

/** Settings that change the costs most, or that are asked for most, and for which environment. */
const ALTERNATIVES: readonly (readonly [env: string, changes: Variables])[] = [
  ["dev", { VPC_ENDPOINTS: "true", NAT_GATEWAYS: "none" }],
  ["prod", { NAT_GATEWAYS: "none" }],
  ["prod", { VPC_ENDPOINTS: "false" }],
  ["prod", { VPC_ENDPOINTS: "false", NAT_GATEWAYS: "one" }],
  ["prod", { AVAILABILITY_ZONES: "2" }],
  ["prod", { DATABASE_MULTI_AZ: "false" }],
  ["prod", { DATABASE_INSTANCE_CLASS: "db.t4g.micro" }],
  ["prod", { DATABASE_STORAGE: "200" }],
  ["prod", { MIN_TASKS: "4" }],
  ["prod", { CPU_ARCHITECTURE: "ARM64" }],
  ["prod", { CIS_PACK: "true" }],
];

/** Prices of what is used, each with what makes it grow. */
const USAGE: readonly (readonly [price: PriceName, what: string])[] = [
  ["webAclRequests", "Requests, looked at by the web ACL"],
  ["keyRequests", "KMS requests: one for each record that is sealed or tried"],
  ["loadBalancerCapacity", "Capacity units of the load balancer: connections, requests, data"],
  ["logs", "Logs: service, flow, web ACL, database, and the trail's events of the whole account"],
  ["logStorage", "Logs that are kept"],
  ["objectStorage", "The trail's files and access logs that are kept"],
  ["imageStorage", "Images that are kept"],
  ["natGatewayData", "Data through a NAT gateway"],
  ["dataOut", "Answers to callers on the internet"],
  [
    "secondTrail",
    "CloudTrail, if the account has another trail: the first copy of an event is free",
  ],
];

/** The section on costs of docs/deploying.md, between its marks. */
export function costsSection(): string {
  const dev = costsOf("dev");
  const prod = costsOf("prod");
  const there = [...dev, ...prod].filter(({ quantity }) => quantity > 0);
  const names = new Set([...dev, ...prod].map(({ what }) => what));
  const pricesOf = (what: string) =>
    new Set(there.filter((it) => it.what === what).map(({ price }) => show(price)));
  return [
    START,
    `US dollars a month of 730 hours in Sydney (\`${REGION}\`), with each environment's defaults and nobody using it. On-demand list prices as of ${AS_OF}, without tax, free tiers and discounts. Those with ≈ could not be checked for this region and are near; AWS's page, which each links to, is right. What Container Insights counts is an estimate.`,
    table(
      ["what", "dev", "prod", "price"],
      [
        ...[...names]
          .filter((what) => pricesOf(what).size > 0)
          .map((what) => [
            what,
            monthOf(dev, what),
            monthOf(prod, what),
            [...pricesOf(what)].join(", "),
          ]),
        ["**total**", `**${dollars(totalOf(dev))}**`, `**${dollars(totalOf(prod))}**`, ""],
      ],
    ),
    "A KMS key costs as much again after its first rotation and once more after its second. The first environment of an account also uses CloudWatch's free tier, and a domain's zone in Route 53 costs what it costs.",
    "### What use adds",
    table(
      ["what", "price"],
      USAGE.map(([name, what]) => [what, show(PRICES[name])]),
    ),
    "### Which settings change it most",
    table(
      ["environment", "settings", "a month"],
      ALTERNATIVES.map(([env, changes]) => [
        env,
        Object.entries(changes)
          .map(([name, value]) => `\`CIPHERWATCH_${name}=${value}\``)
          .join(" "),
        difference(totalOf(costsOf(env, changes)) - totalOf(env === "dev" ? dev : prod)),
      ]),
    ),
    END,
  ].join("\n\n");
}

function costsOf(env: string, changes: Variables = {}): readonly Cost[] {
  const variables = {
    ENV: env,
    ALERT_EMAIL: "security@example.com",
    IMAGE_DIGEST: PLACEHOLDER_DIGEST,
    ...changes,
  };
  const settings = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`CIPHERWATCH_${name}`, value]),
  );
  return monthlyCosts(synthesize(loadSettings(settings)));
}

function monthOf(costs: readonly Cost[], what: string): string {
  const found = costs.find((it) => it.what === what);
  return found === undefined || found.quantity === 0
    ? "none"
    : `${found.quantity} for ${dollars(found.month)}`;
}

function show({ usd, unit, page, approximate }: Price): string {
  return `[${approximate ? "≈ " : ""}$${usd} per ${unit}](${page})`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

function difference(amount: number): string {
  return `${amount < 0 ? "−" : "+"}${dollars(Math.abs(amount))}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** @throws {Error} if the page has lost its marks */
export function withCosts(page: string, section: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END);
  if (start < 0 || end < start) {
    throw new Error(`The page has no section between ${START} and ${END}; put both back.`);
  }
  return page.slice(0, start) + section + page.slice(end + END.length);
}

if (import.meta.main) {
  writeFileSync(PAGE, withCosts(readFileSync(PAGE, "utf8"), costsSection()));
}
