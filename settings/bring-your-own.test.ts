import { expect, test } from "vitest";
import { SettingsError } from "./error.ts";
import { settingsOf } from "./testing.ts";

type Variables = Readonly<Record<string, string>>;

const ARN = "ap-southeast-2:111122223333";

/** Settings for existing resources of an account, and others that may conflict. Each is valid alone in dev. */
const OPTIONS = {
  trail: { TRAIL_LOG_GROUP: "aws-cloudtrail-logs", TRAIL_BUCKET: "example-trail" },
  vpc: {
    VPC_ID: "vpc-0a1b2c3d4e5f60718",
    PUBLIC_SUBNET_IDS: "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60712",
    PRIVATE_SUBNET_IDS: "subnet-0a1b2c3d4e5f60713,subnet-0a1b2c3d4e5f60714",
  },
  topics: {
    URGENT_TOPIC_ARN: `arn:aws:sns:${ARN}:pages`,
    ROUTINE_TOPIC_ARN: `arn:aws:sns:${ARN}:alerts`,
    TOPIC_KEY_ARN: `arn:aws:kms:${ARN}:key/topics`,
  },
  key: { EXISTING_KEYS: `1=arn:aws:kms:${ARN}:key/records` },
  pipeline: { GITHUB_REPOSITORY: "example-org/cipherwatch" },
  trailCheck: { DECRYPT_WITHOUT_TRAIL: "refuse" },
  cheap: { NAT_GATEWAYS: "public-tasks", WEB_ACL: "false", CONTAINER_INSIGHTS: "disabled" },
  endpoints: { VPC_ENDPOINTS: "true", NAT_GATEWAYS: "none" },
} as const satisfies Record<string, Variables>;

type Option = keyof typeof OPTIONS | "dev" | "prod" | "hyphen";

/** Combinations that cannot work, and the reason in the error. */
const REJECTED: readonly (readonly [combination: readonly Option[], reason: RegExp])[] = [
  [["trail", "trailCheck"], /TRAIL_ARN.+the service cannot tell which trail to check/s],
  [["vpc", "endpoints"], /VPC_ID.+private DNS names belong to the whole VPC/s],
  [["cheap", "endpoints"], /NAT_GATEWAYS.+nothing would use the public addresses/s],
  [["cheap", "prod"], /NAT_GATEWAYS.+must not be public-tasks in prod/s],
  [["cheap", "prod"], /WEB_ACL.+must be true in prod/s],
  [["cheap", "prod"], /CONTAINER_INSIGHTS.+must not be disabled in prod/s],
  [["hyphen", "pipeline"], /GITHUB_REPOSITORY.+whose names have no hyphens/s],
];

const NAMES = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
const SUBSETS = Array.from({ length: 2 ** NAMES.length }, (_, bits) =>
  NAMES.filter((_, index) => (bits >> index) & 1),
);

/** Settings that conflict with nothing. They are part of every combination. */
const RULES = {
  ROLE_PATH: "/platform/",
  PERMISSIONS_BOUNDARY: "arn:aws:iam::111122223333:policy/platform/boundary",
  TAGS: "Owner=payments",
};

/** Settings of the environments. Turns VPC endpoints off in prod, because they exclude an existing VPC. */
const SHAPES = {
  dev: { ...RULES, ENV: "eu-test", SHAPE: "dev" },
  prod: { ...RULES, ENV: "euprod", SHAPE: "prod", VPC_ENDPOINTS: "false", NAT_GATEWAYS: "one" },
} as const;

test.each(["dev", "prod"] as const)(
  "accepts every combination of existing resources in %s, or explains why it cannot work",
  (shape) => {
    for (const subset of SUBSETS) {
      const combination = new Set<Option>([...subset, shape]);
      if (shape === "dev") combination.add("hyphen");
      // The endpoints' choice of NAT gateways would override that of `cheap`, and hide the conflict.
      const natGateways = combination.has("cheap") ? OPTIONS.cheap.NAT_GATEWAYS : undefined;
      const variables: Variables = {
        ...SHAPES[shape],
        ...Object.assign({}, ...subset.map((name) => OPTIONS[name])),
        ...(natGateways && { NAT_GATEWAYS: natGateways }),
      };
      const reasons = REJECTED.filter(([parts]) => parts.every((part) => combination.has(part)));
      const error = errorOf(variables);
      expect(error?.issues.length ?? 0, [...combination].join()).toBe(reasons.length);
      for (const [, reason] of reasons) expect(error?.message).toMatch(reason);
    }
  },
  60_000, // a deadline for a busy machine
);

function errorOf(variables: Variables): SettingsError | undefined {
  try {
    settingsOf(variables);
    return undefined;
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}
