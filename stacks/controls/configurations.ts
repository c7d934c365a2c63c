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
  prod,
  "without a domain": withoutDomain,
  "open to every address": { ...prod, ALLOWED_CIDRS: "0.0.0.0/0" },
  "with commands, queue, webhook and chat": {
    ...prod,
    EXECUTE_COMMAND: "true",
    DECRYPT_WITHOUT_TRAIL: "refuse-unknown",
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
  "without VPC endpoints": { ...prod, VPC_ENDPOINTS: "false", NAT_GATEWAYS: "per-zone" },
} as const;

export type ConfigurationName = keyof typeof CONFIGURATIONS;
