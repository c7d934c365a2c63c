import { z } from "zod";
import type { AnomalyAlarm, CompositeAlarm, ThresholdAlarm } from "../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../cloudwatch/metric-filter.ts";
import { type DeployedAccess, type DeployedKey, readAccess, readKeys } from "./access.ts";
import { anomalyAlarm, compositeAlarm, isAnomalyAlarm, thresholdAlarm } from "./alarms.ts";
import { Name, parse } from "./attributes.ts";
import { deploymentAlarmNames } from "./deployment-alarms.ts";
import { type ExistingResources, existingResources } from "./existing.ts";
import type { Account, Resource, Terraform } from "./reader.ts";

/** The monitoring that the synthesized stacks deploy, with every reference resolved. */
export interface Deployment {
  readonly accountId: string;
  readonly region: string;
  readonly keys: readonly DeployedKey[];
  readonly securityGroups: readonly DeployedSecurityGroup[];
  /** Public addresses of the NAT gateways. */
  readonly natAddresses: readonly string[];
  readonly access: DeployedAccess;
  readonly trail: DeployedTrail;
  readonly logGroups: readonly DeployedLogGroup[];
  readonly metricFilters: readonly MetricFilter[];
  /** Queries saved in CloudWatch Logs Insights. */
  readonly savedQueries: readonly SavedQuery[];
  /** Alarms that compare a metric with a threshold. */
  readonly alarms: readonly ThresholdAlarm[];
  /** Alarms that compare a metric with its anomaly detection band. */
  readonly anomalyAlarms: readonly AnomalyAlarm[];
  /** Alarms on the states of other alarms. */
  readonly compositeAlarms: readonly CompositeAlarm[];
  readonly topics: readonly DeployedTopic[];
  readonly subscriptions: readonly DeployedSubscription[];
}

export interface SavedQuery {
  readonly id: string;
  readonly name: string;
  readonly queryString: string;
  readonly logGroupNames: readonly string[];
}

export interface DeployedSecurityGroup {
  readonly name: string;
  readonly id: string;
}

export interface DeployedTrail {
  readonly name: string;
  readonly arn: string;
  readonly homeRegion: string;
  readonly multiRegion: boolean;
  readonly logGroupName: string;
  /** Absent for an existing trail, whose settings the stacks do not know. */
  readonly bucketName?: string;
  readonly kmsKeyArn?: string;
  /** The role with which CloudTrail writes to the log group. */
  readonly logsRoleArn?: string;
  readonly validatesLogFiles?: boolean;
}

export interface DeployedLogGroup {
  readonly name: string;
  readonly arn: string;
  /** Days; events never expire if absent. */
  readonly retentionInDays?: number;
  readonly kmsKeyArn?: string;
}

export interface DeployedTopic {
  readonly name: string;
  readonly arn: string;
  readonly displayName?: string;
}

export interface DeployedSubscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
}

/**
 * Reads the monitoring of the synthesized stacks.
 * @param resources existing resources that the stacks use instead of their own
 * @throws Error with the resource and the attribute that is missing, invalid or not supported
 */
export function readDeployment(
  terraform: Terraform,
  account: Account,
  resources: ExistingResources = {},
): Deployment {
  const existing = existingResources(resources, account);
  const logGroups = [
    ...terraform.resources("aws_cloudwatch_log_group").map(logGroup),
    ...existing.trails.map((trail) => trail.logGroup),
  ];
  const trails =
    existing.trails.length === 0
      ? terraform.resources("aws_cloudtrail").map((resource) => trail(resource, logGroups))
      : existing.trails.map((other) => other.trail);
  const [onlyTrail, ...more] = trails;
  if (onlyTrail === undefined || more.length > 0) {
    throw new Error(`The stacks must have exactly one aws_cloudtrail; they have ${trails.length}.`);
  }
  const rollbackAlarms = deploymentAlarmNames(terraform);
  const metricAlarms = terraform
    .resources("aws_cloudwatch_metric_alarm")
    .filter((resource) => !rollbackAlarms.has(parse(resource, "alarm_name", Name)));
  return {
    ...account,
    keys: [...readKeys(terraform), ...existing.keys],
    securityGroups: terraform.resources("aws_security_group").map((resource) => ({
      name: parse(resource, "name", Name),
      id: parse(resource, "id", Name),
    })),
    natAddresses: [
      ...terraform.resources("aws_eip").map((resource) => parse(resource, "public_ip", Name)),
      ...(resources.natAddresses ?? []),
    ],
    access: readAccess(terraform),
    trail: onlyTrail,
    logGroups,
    metricFilters: terraform.resources("aws_cloudwatch_log_metric_filter").map(metricFilter),
    savedQueries: terraform.resources("aws_cloudwatch_query_definition").map((resource) => ({
      id: parse(resource, "query_definition_id", Name),
      name: parse(resource, "name", Name),
      queryString: parse(resource, "query_string", Name),
      logGroupNames: parse(resource, "log_group_names", z.array(Name)),
    })),
    alarms: metricAlarms.filter((resource) => !isAnomalyAlarm(resource)).map(thresholdAlarm),
    anomalyAlarms: metricAlarms.filter(isAnomalyAlarm).map(anomalyAlarm),
    compositeAlarms: terraform.resources("aws_cloudwatch_composite_alarm").map(compositeAlarm),
    topics: [...terraform.resources("aws_sns_topic").map(topic), ...existing.topics],
    subscriptions: [
      ...terraform.resources("aws_sns_topic_subscription").map(subscription),
      ...existing.subscriptions,
    ],
  };
}

function trail(resource: Resource, logGroups: readonly DeployedLogGroup[]): DeployedTrail {
  const destination = parse(resource, "cloud_watch_logs_group_arn", Name);
  const logGroup = logGroups.find(({ arn }) => destination === `${arn}:*`);
  if (logGroup === undefined) {
    throw new Error(
      `Cannot read ${resource.address}: cloud_watch_logs_group_arn is ${destination}; it must be the ARN ` +
        `of a log group of the stacks followed by ":*".`,
    );
  }
  const kmsKeyArn = parse(resource, "kms_key_id", Name.optional());
  return {
    name: parse(resource, "name", Name),
    arn: parse(resource, "arn", Name),
    homeRegion: parse(resource, "home_region", Name),
    multiRegion: parse(resource, "is_multi_region_trail", z.boolean().default(false)),
    logGroupName: logGroup.name,
    bucketName: parse(resource, "s3_bucket_name", Name),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    logsRoleArn: parse(resource, "cloud_watch_logs_role_arn", Name),
    validatesLogFiles: parse(resource, "enable_log_file_validation", z.boolean().default(false)),
  };
}

function logGroup(resource: Resource): DeployedLogGroup {
  const retentionInDays = parse(resource, "retention_in_days", z.number().optional());
  const kmsKeyArn = parse(resource, "kms_key_id", Name.optional());
  return {
    name: parse(resource, "name", Name),
    arn: parse(resource, "arn", Name),
    ...(retentionInDays ? { retentionInDays } : {}),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}

const Transformation = z.strictObject({
  name: Name,
  namespace: Name,
  value: Name,
  default_value: z.coerce.number().optional(),
  unit: Name.optional(),
  dimensions: z.record(Name, Name).optional(),
});

function metricFilter(resource: Resource): MetricFilter {
  const block = parse(
    resource,
    "metric_transformation",
    z.union([Transformation, z.tuple([Transformation]).transform(([only]) => only)]),
  );
  return {
    name: parse(resource, "name", Name),
    logGroupName: parse(resource, "log_group_name", Name),
    pattern: parse(resource, "pattern", z.string()),
    transformation: {
      metricName: block.name,
      metricNamespace: block.namespace,
      metricValue: block.value,
      ...(block.default_value === undefined ? {} : { defaultValue: block.default_value }),
      ...(block.unit === undefined ? {} : { unit: block.unit }),
      ...(block.dimensions === undefined ? {} : { dimensions: block.dimensions }),
    },
  };
}

function topic(resource: Resource): DeployedTopic {
  const displayName = parse(resource, "display_name", Name.optional());
  return {
    name: parse(resource, "name", Name),
    arn: parse(resource, "arn", Name),
    ...(displayName === undefined ? {} : { displayName }),
  };
}

function subscription(resource: Resource): DeployedSubscription {
  return {
    arn: parse(resource, "arn", Name),
    topicArn: parse(resource, "topic_arn", Name),
    protocol: parse(resource, "protocol", Name),
    endpoint: parse(resource, "endpoint", Name),
  };
}
