import { createHash } from "node:crypto";

/** The account and region that the stacks are deployed to. */
export interface Account {
  readonly accountId: string;
  readonly region: string;
}

/** The values from which attributes that AWS assigns are derived. */
export interface ResourceIdentity extends Account {
  /** `<stack>/<type>.<name>` */
  readonly address: string;
  /** Another attribute of the same resource. */
  readonly get: (attribute: string) => string;
}

/** Returns the value of an attribute that AWS assigns; undefined for any other. */
export function computedAttribute(
  type: string,
  attribute: string,
  identity: ResourceIdentity,
): unknown {
  return COMPUTED_ATTRIBUTES[type]?.[attribute]?.(identity);
}

/** Returns the value of an attribute of a data source about the account; undefined for any other. */
export function dataAttribute(
  type: string,
  attribute: string,
  { accountId, region }: Account,
): unknown {
  const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    aws_caller_identity: { account_id: accountId, id: accountId },
    aws_region: { name: region, region, id: region },
    aws_partition: { partition: "aws", dns_suffix: "amazonaws.com", id: "aws" },
  };
  return values[type]?.[attribute];
}

type ComputedAttributes = Readonly<Record<string, (of: ResourceIdentity) => unknown>>;

const arn =
  (service: string, resource: (of: ResourceIdentity) => string) => (of: ResourceIdentity) =>
    `arn:aws:${service}:${of.region}:${of.accountId}:${resource(of)}`;

const keyArn = arn("kms", (of) => `key/${keyId(of)}`);

/**
 * Attributes that AWS assigns: ARNs in the form AWS gives them, and stable placeholders for random ids.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
const COMPUTED_ATTRIBUTES: Readonly<Record<string, ComputedAttributes>> = {
  aws_kms_key: { arn: keyArn, key_id: keyId, id: keyId },
  aws_kms_replica_key: {
    arn: arn("kms", (of) => `key/${replicaKeyId(of)}`),
    key_id: replicaKeyId,
    id: replicaKeyId,
  },
  aws_kms_alias: {
    arn: arn("kms", ({ get }) => get("name")),
    id: ({ get }) => get("name"),
  },
  aws_cloudtrail: {
    arn: arn("cloudtrail", ({ get }) => `trail/${get("name")}`),
    id: arn("cloudtrail", ({ get }) => `trail/${get("name")}`),
    home_region: ({ region }) => region,
  },
  aws_cloudwatch_log_group: {
    arn: arn("logs", ({ get }) => `log-group:${get("name")}`),
    id: ({ get }) => get("name"),
  },
  aws_cloudwatch_metric_alarm: {
    arn: arn("cloudwatch", ({ get }) => `alarm:${get("alarm_name")}`),
    id: ({ get }) => get("alarm_name"),
  },
  aws_cloudwatch_composite_alarm: {
    arn: arn("cloudwatch", ({ get }) => `alarm:${get("alarm_name")}`),
    id: ({ get }) => get("alarm_name"),
  },
  aws_cloudwatch_query_definition: { query_definition_id: stableUuid },
  aws_cloudwatch_log_metric_filter: { id: ({ get }) => get("name") },
  aws_sns_topic: {
    arn: arn("sns", ({ get }) => get("name")),
    id: arn("sns", ({ get }) => get("name")),
  },
  aws_sqs_queue: {
    arn: arn("sqs", ({ get }) => get("name")),
  },
  aws_sns_topic_subscription: {
    arn: (of) => `${of.get("topic_arn")}:${stableUuid(of)}`,
  },
  aws_s3_bucket: {
    arn: ({ get }) => `arn:aws:s3:::${get("bucket")}`,
    id: ({ get }) => get("bucket"),
  },
  aws_security_group: { id: (of) => `sg-${stableHex(of, 17)}` },
  // A documentation address (RFC 5737), which the lab records for calls of the service.
  aws_eip: { public_ip: () => "203.0.113.10" },
  aws_iam_role: {
    arn: ({ accountId, get }) => `arn:aws:iam::${accountId}:role${get("path")}${get("name")}`,
    id: ({ get }) => get("name"),
    path: () => "/",
  },
  aws_iam_policy: {
    arn: ({ accountId, get }) => `arn:aws:iam::${accountId}:policy${get("path")}${get("name")}`,
    path: () => "/",
  },
  aws_iam_openid_connect_provider: {
    arn: ({ accountId, get }) =>
      `arn:aws:iam::${accountId}:oidc-provider/${get("url").replace("https://", "")}`,
  },
  aws_db_instance: {
    arn: arn("rds", ({ get }) => `db:${get("identifier")}`),
    resource_id: (of) => `db-${stableHex(of, 26).toUpperCase()}`,
    master_user_secret: (of) => [
      {
        secret_arn: `arn:aws:secretsmanager:${of.region}:${of.accountId}:secret:rds!db-${stableUuid(of)}-${stableHex(of, 6)}`,
      },
    ],
  },
  aws_ecr_repository: { arn: arn("ecr", ({ get }) => `repository/${get("name")}`) },
  aws_vpc: { id: (of) => `vpc-${stableHex(of, 17)}` },
  aws_vpc_endpoint: { id: (of) => `vpce-${stableHex(of, 17)}` },
};

/** https://docs.aws.amazon.com/kms/latest/developerguide/mrk-how-it-works.html */
function keyId(of: ResourceIdentity): string {
  return of.get("multi_region") === "true" ? `mrk-${stableHex(of, 32)}` : stableUuid(of);
}

/** Returns the id of the primary key, which its replicas share. */
function replicaKeyId({ get }: ResourceIdentity): string {
  return get("primary_key_arn").replace(/^.*:key\//, "");
}

/** Derives an id from the address, so that ids stay the same across restarts. */
function stableHex({ accountId, region, address }: ResourceIdentity, length: number): string {
  const digest = createHash("sha256").update(`${accountId}/${region}/${address}`).digest("hex");
  return digest.slice(0, length);
}

function stableUuid(of: ResourceIdentity): string {
  const hex = stableHex(of, 32);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
