import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";

const common = {
  IMAGE_DIGEST: PLACEHOLDER_DIGEST,
  ALLOWED_CIDRS: "203.0.113.0/24",
  DOMAIN_NAME: "vault.example.com",
  HOSTED_ZONE_ID: "Z0123456789ABCDEFGHIJ",
  GITHUB_REPOSITORY: "example-org/cipherwatch",
};

const prod = { ...common, ENV: "prod", STATE_BUCKET: "example-states" };
const { DOMAIN_NAME, HOSTED_ZONE_ID, ...withoutDomain } = prod;

/** The settings of docs/deploying.md for a dev environment that costs as little as possible. */
export const CHEAPEST_DEV = {
  NAT_GATEWAYS: "public-tasks",
  WEB_ACL: "false",
  CONTAINER_INSIGHTS: "disabled",
  CPU_ARCHITECTURE: "ARM64",
  FARGATE_SPOT: "true",
  DASHBOARD: "false",
  CUSTOMER_MANAGED_KEYS: "records",
} as const;

/** Operating hours, in addition to those settings. */
export const OFFICE_HOURS = {
  OPERATING_HOURS: "Mon-Fri 07:00-19:00 Australia/Sydney",
  MONITORING_CANARY: "false",
} as const;

/**
 * Settings that the controls are checked under, without the `CIPHERWATCH_` prefix: the defaults of both
 * environments, and variants of prod that weaken it or add resources.
 */
export const CONFIGURATIONS = {
  dev: {
    ...common,
    ENV: "dev",
    GITHUB_REPOSITORY_IDS: "123456/456789",
    GITHUB_OIDC_PROVIDER: "false",
  },
  "a cheap dev": {
    ...common,
    ENV: "dev",
    ...CHEAPEST_DEV,
    ...OFFICE_HOURS,
    DATABASE_BACKUP_DAYS: "1",
  },
  prod,
  "without a domain": withoutDomain,
  "open to every address": { ...prod, ALLOWED_CIDRS: "0.0.0.0/0" },
  "with commands, queue, webhook and chat": {
    ...prod,
    EXECUTE_COMMAND: "true",
    DECRYPT_WITHOUT_TRAIL: "refuse-unknown",
    ERASURE_LEDGER: "true",
    ALARM_QUEUE: "true",
    WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
    SLACK_TEAM_ID: "T0123ABCDEF",
    SLACK_CHANNEL_ID: "C0123ABCDEF",
  },
  "with the CIS pack": { ...prod, CIS_PACK: "true" },
  "with a canary": { ...prod, DEPLOYMENT_STRATEGY: "canary" },
  "with existing resources": {
    ...prod,
    TRAIL_LOG_GROUP: "aws-cloudtrail-logs-111122223333-1a2b3c4d",
  },
  "in an existing VPC, with existing topics": {
    ...prod,
    VPC_ID: "vpc-0a1b2c3d4e5f60718",
    PUBLIC_SUBNET_IDS: "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60712",
    PRIVATE_SUBNET_IDS: "subnet-0a1b2c3d4e5f60713,subnet-0a1b2c3d4e5f60714",
    VPC_ENDPOINTS: "false",
    URGENT_TOPIC_ARN: "arn:aws:sns:ap-southeast-2:111122223333:pages",
    ROUTINE_TOPIC_ARN: "arn:aws:sns:ap-southeast-2:111122223333:alerts",
  },
  "a replica without VPC endpoints": {
    ...prod,
    VPC_ENDPOINTS: "false",
    NAT_GATEWAYS: "per-zone",
    PRIMARY_KEY_ARNS: `arn:aws:kms:us-east-1:111122223333:key/mrk-${"0".repeat(32)}`,
    SOURCE_DATABASE_ARN: "arn:aws:rds:us-east-1:111122223333:db:cipherwatch-prod-database",
  },
} as const;

export type ConfigurationName = keyof typeof CONFIGURATIONS;
