import {
  bootstrapPath,
  deployRoleName,
  detectionNamespace,
  executionRoleName,
  logGroupName,
  operatingHoursRoleName,
  resourceName,
  rewrapRoleName,
  rolloutRoleName,
  serviceLogGroupName,
  serviceNamespace,
  serviceRoleName,
  trailLogGroupName,
} from "../common/naming.ts";
import type { OperatingHours } from "../common/operating-hours.ts";

/**
 * The resources of the monitoring itself, which exist with and without the service. ARNs can contain
 * Terraform references; names are plain text.
 */
export interface MonitoringScope {
  readonly accountId: string;
  /** IAM role that the pipeline deploys with, if there is a pipeline. */
  readonly deployRoleArn?: string;
  /** KMS key of the trail, if it is known: without the key, CloudTrail delivers nothing. */
  readonly trailKeyArn?: string | undefined;
  /** KMS key of the alarms' topics, if they have one: without the key, SNS delivers nothing. */
  readonly topicKeyArn?: string | undefined;
  /** Existing topics that the alarms notify, for urgent and for routine alarms. Absent: topics with our prefix. */
  readonly existingTopicArns?: readonly string[];
  /** `cipherwatch-<env>-`, the prefix of resource names. */
  readonly namePrefix: string;
  /** `/cipherwatch/<env>/`, the prefix of most log groups' names. */
  readonly logGroupPrefix: string;
  readonly trailLogGroupName: string;
  /** Name of the trail's bucket, if it is known. It can end with `*`. */
  readonly trailBucketName?: string | undefined;
  /**
   * Accounts whose events detections count, where the log group may have the events of others: an existing
   * trail can be the trail of an organization. Default: every event counts.
   */
  readonly countedAccountIds?: readonly string[];
  /** CloudWatch namespace of the metric filters' metrics. */
  readonly detectionNamespace: string;
}

/** The resources that detections refer to. */
export interface DetectionScope extends MonitoringScope {
  /** IAM role of the service's tasks. */
  readonly serviceRoleArn: string;
  readonly serviceRoleName: string;
  /** ECS task execution role, which reads the database's master secret for the migrations. */
  readonly executionRoleArn: string;
  readonly executionRoleName: string;
  /** The role that ECS assumes to move requests between two versions of the service. */
  readonly rolloutRoleArn: string;
  readonly deployRoleArn: string;
  readonly deployRoleName: string;
  /** KMS key that encrypts the records' data keys. */
  readonly keyArn: string;
  /** KMS keys that only decrypt older records: at most two. */
  readonly previousKeyArns: readonly string[];
  /** The role that moves records from the previous KMS keys to the current one, if there are any. */
  readonly rewrapRoleArn?: string;
  /** The role that starts and stops the database, if the environment has operating hours. */
  readonly operatingHoursRoleArn?: string;
  /** Whether the service reads the state of its trail. */
  readonly serviceReadsTrail?: boolean;
  /** KMS keys of the database, its master secret, the images and the flow log. Empty if AWS manages them. */
  readonly storageKeyArns: readonly string[];
  /** Security groups of the tasks, the database and, if the settings enable them, the VPC endpoints. */
  readonly securityGroupIds: readonly string[];
  /** VPC endpoints of `ENDPOINT_SERVICES`, through which alone the service reaches these. Empty without endpoints. */
  readonly vpcEndpointIds: readonly string[];
  /** Public addresses of the NAT gateways, through which the service reaches AWS without VPC endpoints. */
  readonly natAddresses: readonly string[];
  readonly serviceLogGroupName: string;
  /** CloudWatch namespace of the metrics that the service reports. */
  readonly serviceNamespace: string;
}

/** Builds ARNs in an account, as `CipherwatchStack` does. */
export interface ArnBuilder {
  readonly accountId: string;
  readonly globalArn: (service: string, resource: string) => string;
  readonly regionalArn: (service: string, resource: string) => string;
}

/** Identifiers that AWS assigns. */
export type AssignedIds = Pick<
  DetectionScope,
  | "keyArn"
  | "previousKeyArns"
  | "trailKeyArn"
  | "topicKeyArn"
  | "storageKeyArns"
  | "securityGroupIds"
  | "vpcEndpointIds"
  | "natAddresses"
>;

/** Parts of the aliases of `storageKeyArns`, in the same order. */
export const STORAGE_KEYS = ["database", "database-secret", "registry", "flow-log"] as const;

/** Parts of the names of `securityGroupIds`, in the same order. The last exists with VPC endpoints only. */
export const SECURITY_GROUPS = ["service", "database", "endpoints"] as const;

/** Services with data or secrets, by the last part of the names of their VPC endpoints. */
export const ENDPOINT_SERVICES = ["kms", "secretsmanager"] as const;

/** Settings that decide what detections refer to. */
export interface ScopeSettings {
  /** IAM path of the roles. CloudTrail has it in the ARN of a session's role, but not in that of the session. */
  readonly rolePath?: string;
  /** Public addresses of an existing VPC's NAT gateways. */
  readonly natAddresses?: readonly string[];
  /** Log group of an existing trail. */
  readonly trailLogGroup?: string | undefined;
  readonly trailBucket?: string | undefined;
  readonly urgentTopicArn?: string | undefined;
  readonly routineTopicArn?: string | undefined;
  readonly operatingHours?: OperatingHours | undefined;
  /** Whether the service decrypts while CloudTrail does not record it. Otherwise it checks its trail. Default: allow. */
  readonly decryptWithoutTrail?: "allow" | "refuse" | "refuse-unknown" | undefined;
}

/** Identifier of the database instance. */
export const databaseName = ({ namePrefix }: MonitoringScope): string => `${namePrefix}database`;

/** Whether the trail is one of the stacks, and not an existing one. */
export function hasOwnTrail({ trailLogGroupName, logGroupPrefix }: MonitoringScope): boolean {
  return trailLogGroupName.startsWith(logGroupPrefix);
}

/** The role with which CloudTrail writes to the log group of the stacks' trail. */
export const trailRoleName = ({ namePrefix }: MonitoringScope): string =>
  `${namePrefix}trail-to-logs`;

/** The scope of an environment without the service. */
export function createMonitoringScope(
  env: string,
  { accountId }: Pick<ArnBuilder, "accountId">,
  ids: Pick<MonitoringScope, "trailKeyArn" | "topicKeyArn">,
  { trailLogGroup, trailBucket, urgentTopicArn, routineTopicArn }: ScopeSettings = {},
): MonitoringScope {
  const topics = [urgentTopicArn, routineTopicArn].filter((arn) => arn !== undefined);
  return {
    accountId,
    ...ids,
    ...(topics.length > 0 && { existingTopicArns: topics }),
    namePrefix: resourceName(env, ""),
    logGroupPrefix: logGroupName(env, ""),
    detectionNamespace: detectionNamespace(env),
    ...(trailLogGroup === undefined
      ? {
          trailLogGroupName: trailLogGroupName(env),
          trailBucketName: resourceName(env, "trail-*"),
        }
      : {
          trailLogGroupName: trailLogGroup,
          trailBucketName: trailBucket,
          countedAccountIds: [accountId],
        }),
  };
}

/** The scope of an environment, with the resource names that the stacks use. */
export function createDetectionScope(
  env: string,
  arns: ArnBuilder,
  ids: AssignedIds,
  settings: ScopeSettings = {},
): DetectionScope {
  const { rolePath = "/" } = settings;
  const roleArn = (name: string, path = rolePath) => arns.globalArn("iam", `role${path}${name}`);
  return {
    ...createMonitoringScope(env, arns, ids, settings),
    serviceRoleArn: roleArn(serviceRoleName(env)),
    serviceRoleName: serviceRoleName(env),
    executionRoleArn: roleArn(executionRoleName(env)),
    executionRoleName: executionRoleName(env),
    rolloutRoleArn: roleArn(rolloutRoleName(env)),
    deployRoleArn: roleArn(deployRoleName(env), bootstrapPath(rolePath)),
    deployRoleName: deployRoleName(env),
    ...ids,
    ...(ids.previousKeyArns.length > 0 && { rewrapRoleArn: roleArn(rewrapRoleName(env)) }),
    ...(settings.operatingHours && {
      operatingHoursRoleArn: roleArn(operatingHoursRoleName(env)),
    }),
    ...((settings.decryptWithoutTrail ?? "allow") !== "allow" && { serviceReadsTrail: true }),
    serviceLogGroupName: serviceLogGroupName(env),
    serviceNamespace: serviceNamespace(env),
  };
}

const EXAMPLE_PREVIOUS_KEYS = [
  "6d1e9b37-84c2-4f05-a7d3-2e8b5c90f164",
  "a2f74c08-5b19-4e63-9d80-c31f6e7b2d95",
];

/** All KMS keys that decrypt records. */
export function serviceKeyArns({ keyArn, previousKeyArns }: DetectionScope): readonly string[] {
  return [keyArn, ...previousKeyArns];
}

/** The roles of the tasks that use the service's KMS keys. */
export function taskRoleArns({ serviceRoleArn, rewrapRoleArn }: DetectionScope): readonly string[] {
  return rewrapRoleArn === undefined ? [serviceRoleArn] : [serviceRoleArn, rewrapRoleArn];
}

export const EXAMPLE_ACCOUNT = "111122223333";

/**
 * The scope in AWS's example account, without Terraform references: for documentation, tests, and measuring
 * the length that texts have in AWS. All account IDs and key IDs have the same length.
 */
export function createExampleScope(
  env: string,
  region: string,
  {
    previousKeys = 0,
    natAddresses = [],
    ...settings
  }: ScopeSettings & { readonly previousKeys?: number } = {},
): DetectionScope & { readonly trailKeyArn: string; readonly topicKeyArn: string } {
  const partition = partitionOf(region);
  const regionalArn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${EXAMPLE_ACCOUNT}:${resource}`;
  const globalArn = (service: string, resource: string) =>
    `arn:${partition}:${service}::${EXAMPLE_ACCOUNT}:${resource}`;
  const trailKeyArn = regionalArn("kms", "key/5a7d92c4-08e1-4f3b-b6d5-9c1e7a2f4b80");
  const topicKeyArn = regionalArn("kms", "key/c3b81f56-7d24-4e90-8a1c-62f5d0e9b7a3");
  const scope = createDetectionScope(
    env,
    { accountId: EXAMPLE_ACCOUNT, regionalArn, globalArn },
    {
      keyArn: regionalArn("kms", "key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63"),
      previousKeyArns: EXAMPLE_PREVIOUS_KEYS.slice(0, previousKeys).map((id) =>
        regionalArn("kms", `key/${id}`),
      ),
      trailKeyArn,
      topicKeyArn,
      storageKeyArns: [
        "2b9d4c17-6e50-4a8f-9c31-d7f0e8a5b642",
        "8e3f7a20-1c94-4d6b-a5e8-40b9c2d6f713",
        "d46c0b95-3f7e-4128-b0da-95e1f7c83a2d",
        "f09a5e68-b2d1-4c73-8f46-1e7d3c90b5a4",
      ].map((id) => regionalArn("kms", `key/${id}`)),
      securityGroupIds: ["sg-0a1b2c3d4e5f60711", "sg-0a1b2c3d4e5f60712", "sg-0a1b2c3d4e5f60713"],
      vpcEndpointIds: [],
      natAddresses:
        natAddresses.length > 0 ? natAddresses : ["192.0.2.101", "192.0.2.102", "192.0.2.103"],
    },
    settings,
  );
  return { ...scope, trailKeyArn, topicKeyArn };
}

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function partitionOf(region: string): string {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}
