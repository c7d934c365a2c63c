import { expect, test } from "vitest";
import { SettingsError } from "./error.ts";
import { settingsOf } from "./testing.ts";

type Variables = Readonly<Record<string, string>>;

const ARN = "ap-southeast-2:111122223333";

/** What an account can bring, each valid alone in dev. */
const BROUGHT = {
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

type Brought = keyof typeof BROUGHT | "dev" | "prod" | "hyphen";

/** Combinations that cannot work, and the reason that the error gives. */
const REFUSED: readonly (readonly [combination: readonly Brought[], reason: RegExp])[] = [
  [["trail", "trailCheck"], /TRAIL_ARN.+the service cannot tell which trail to check/s],
  [["vpc", "endpoints"], /VPC_ID.+private DNS names belong to the whole VPC/s],
  [["cheap", "endpoints"], /NAT_GATEWAYS.+nothing would use the public addresses/s],
  [["cheap", "prod"], /NAT_GATEWAYS.+must not be public-tasks in prod/s],
  [["cheap", "prod"], /WEB_ACL.+must be true in prod/s],
  [["cheap", "prod"], /CONTAINER_INSIGHTS.+must not be disabled in prod/s],
  [["hyphen", "pipeline"], /GITHUB_REPOSITORY.+whose names have no hyphens/s],
];

const NAMES = Object.keys(BROUGHT) as (keyof typeof BROUGHT)[];
const SUBSETS = Array.from({ length: 2 ** NAMES.length }, (_, bits) =>
  NAMES.filter((_, index) => (bits >> index) & 1),
);

/** Excludes nothing, so it is in every combination. */
const RULES = {
  ROLE_PATH: "/platform/",
  PERMISSIONS_BOUNDARY: "arn:aws:iam::111122223333:policy/platform/boundary",
  TAGS: "Owner=payments",
};

/** By default, prod has endpoints of ours, which exclude an existing VPC. */
const SHAPES = {
  dev: { ...RULES, ENV: "eu-test", SHAPE: "dev" },
  prod: { ...RULES, ENV: "euprod", SHAPE: "prod", VPC_ENDPOINTS: "false", NAT_GATEWAYS: "one" },
} as const;

test.each(["dev", "prod"] as const)(
  "accepts every combination of what an account brings to %s, or says why it cannot work",
  (shape) => {
    for (const subset of SUBSETS) {
      const combination = new Set<Brought>([...subset, shape]);
      if (shape === "dev") combination.add("hyphen");
      // The later of two choices of NAT gateways would hide the conflict.
      const natGateways = combination.has("cheap") ? BROUGHT.cheap.NAT_GATEWAYS : undefined;
      const variables: Variables = {
        ...SHAPES[shape],
        ...Object.assign({}, ...subset.map((name) => BROUGHT[name])),
        ...(natGateways && { NAT_GATEWAYS: natGateways }),
      };
      const reasons = REFUSED.filter(([parts]) => parts.every((part) => combination.has(part)));
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
