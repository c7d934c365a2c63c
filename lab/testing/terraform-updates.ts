import type { CloudTrailRecord } from "../../detections/detection.ts";
import { exampleScope } from "../../detections/example-events.ts";
import type { Resource } from "../../terraform/reader.ts";

const { namePrefix } = exampleScope;
const cluster = `${namePrefix}service`;

/** The service, event name and request parameters of a call. */
type Update = readonly [service: string, eventName: string, parameters: CloudTrailRecord];

/** The write call that Terraform's provider makes to update a resource of each type. */
export const UPDATES: Readonly<Record<string, (get: Resource["get"]) => Update>> = {
  aws_cloudwatch_metric_alarm: (get) => [
    "monitoring",
    "PutMetricAlarm",
    { alarmName: get("alarm_name") },
  ],
  aws_cloudwatch_composite_alarm: (get) => [
    "monitoring",
    "PutCompositeAlarm",
    { alarmName: get("alarm_name") },
  ],
  aws_cloudwatch_dashboard: (get) => [
    "monitoring",
    "PutDashboard",
    { dashboardName: get("dashboard_name") },
  ],
  aws_cloudwatch_log_metric_filter: (get) => [
    "logs",
    "PutMetricFilter",
    { logGroupName: get("log_group_name"), filterName: get("name") },
  ],
  aws_cloudwatch_query_definition: (get) => ["logs", "PutQueryDefinition", { name: get("name") }],
  aws_cloudwatch_event_rule: (get) => ["events", "PutRule", { name: get("name") }],
  aws_cloudwatch_event_target: (get) => ["events", "PutTargets", { rule: get("rule") }],
  aws_sns_topic: (get) => ["sns", "SetTopicAttributes", { topicArn: get("arn") }],
  aws_sns_topic_subscription: (get) => ["sns", "Subscribe", { topicArn: get("topic_arn") }],
  aws_sqs_queue: (get) => [
    "sqs",
    "SetQueueAttributes",
    { queueUrl: `https://sqs/111122223333/${get("name")}` },
  ],
  aws_iam_role_policy: (get) => ["iam", "PutRolePolicy", { roleName: get("role") }],
  aws_db_instance: (get) => [
    "rds",
    "ModifyDBInstance",
    { dBInstanceIdentifier: get("identifier"), publiclyAccessible: false },
  ],
  aws_db_parameter_group: (get) => [
    "rds",
    "ModifyDBParameterGroup",
    { dBParameterGroupName: get("name") },
  ],
  aws_ecr_lifecycle_policy: () => ["ecr", "PutLifecyclePolicy", { repositoryName: cluster }],
  aws_ecs_task_definition: (get) => [
    "ecs",
    "RegisterTaskDefinition",
    {
      family: get("family"),
      taskRoleArn: exampleScope.serviceRoleArn,
      executionRoleArn: exampleScope.executionRoleArn,
    },
  ],
  aws_ecs_service: () => [
    "ecs",
    "UpdateService",
    { cluster, service: `${namePrefix}api`, taskDefinition: `${cluster}:13` },
  ],
  aws_lb_listener: () => [
    "elasticloadbalancing",
    "ModifyListener",
    {
      listenerArn: `arn:aws:elasticloadbalancing:ap-southeast-2:111122223333:listener/app/${cluster}/1/2`,
    },
  ],
  aws_lb_target_group: () => [
    "elasticloadbalancing",
    "ModifyTargetGroupAttributes",
    {
      targetGroupArn:
        "arn:aws:elasticloadbalancing:ap-southeast-2:111122223333:targetgroup/vault-1/2",
    },
  ],
  aws_wafv2_web_acl: (get) => ["wafv2", "UpdateWebACL", { name: get("name"), scope: "REGIONAL" }],
  aws_security_group: (get) => ["ec2", "AuthorizeSecurityGroupIngress", { groupId: get("id") }],
  aws_vpc_endpoint: () => [
    "ec2",
    "ModifyVpcEndpoint",
    { ModifyVpcEndpointRequest: { VpcEndpointId: "vpce-1" } },
  ],
  aws_s3_bucket_policy: (get) => ["s3", "PutBucketPolicy", { bucketName: get("bucket") }],
};

/** Matches the addresses of resources whose changes are reported for every caller: those of the states and the trail. */
export const REPORTED = /^(bootstrap|trail)\//;
