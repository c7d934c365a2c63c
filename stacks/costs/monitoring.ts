import type { Stacks } from "../../terraform/json.ts";
import type { ConfiguredResource } from "../../terraform/resources.ts";
import { type Cost, monthlyCosts } from "./costs.ts";
import { PRICES, type PriceName } from "./prices.ts";

/** Items that exist only to detect misuse and failures. */
const ITEMS: ReadonlySet<string> = new Set([
  "Detection metrics",
  "Service metrics",
  "Alarm metrics",
  "Alarm metrics with periods below a minute",
  "Composite alarms",
  "Dashboards",
]);

/** Stacks that exist only to detect misuse. */
const STACKS: ReadonlySet<string> = new Set(["trail", "alarm"]);

/** Keys, in other stacks, of the logs that alarms read: the flow log and the service's log. */
const LOG_KEYS = /^(FlowLog_|LogsKey_)/;

/** The monthly costs of monitoring, without use. */
export function monitoringCosts(stacks: Stacks): readonly Cost[] {
  return monthlyCosts(stacks, isMonitoring);
}

function isMonitoring(item: string, { stack, type, name }: ConfiguredResource): boolean {
  return ITEMS.has(item) || STACKS.has(stack) || (type === "aws_kms_key" && LOG_KEYS.test(name));
}

/** Estimated use in a month. */
interface MonitoringUse {
  readonly description: string;
  readonly price: PriceName;
  readonly dev: number;
  readonly prod: number;
}

/** Management events of the account, of 1.5 KB each. */
const EVENTS = { dev: 300_000, prod: 3_000_000 };
const EVENT_GB = 1.5e-6;
/** The flow log and the service's log. */
const OTHER_LOGS_GB = { dev: 1, prod: 20 };
const MONTHS_KEPT = 3;
const FILE_COMPRESSION = 10;
const MONTHS_FILES_KEPT = 12;

const logGigabytes = (env: "dev" | "prod") => EVENTS[env] * EVENT_GB + OTHER_LOGS_GB[env];
const byEnv = (quantity: (env: "dev" | "prod") => number) => ({
  dev: quantity("dev"),
  prod: quantity("prod"),
});

export const MONITORING_USE: readonly MonitoringUse[] = [
  {
    description: `Ingested logs: ${EVENTS.dev.toLocaleString("en")} events of the account in dev, ${EVENTS.prod.toLocaleString("en")} in prod, the flow log and the service's log`,
    price: "logs",
    ...byEnv(logGigabytes),
  },
  {
    description: `Stored logs of ${MONTHS_KEPT} months`,
    price: "logStorage",
    ...byEnv((env) => MONTHS_KEPT * logGigabytes(env)),
  },
  {
    description: `Stored trail files of ${MONTHS_FILES_KEPT} months`,
    price: "objectStorage",
    ...byEnv((env) => (MONTHS_FILES_KEPT * EVENTS[env] * EVENT_GB) / FILE_COMPRESSION),
  },
  {
    description: "KMS requests of the trail, the logs and the topics",
    price: "keyRequests",
    dev: 2, // times 10,000
    prod: 10,
  },
];

/** The cost of the estimated use, in US dollars per month. */
export function monitoringUse(env: "dev" | "prod"): number {
  return MONITORING_USE.reduce((total, use) => total + use[env] * PRICES[use.price].usd, 0);
}
