import { randomBytes } from "node:crypto";
import type { Call, Operations } from "../shared/operation.ts";
import {
  type Members,
  missingJsonMember,
  missingQueryParameter,
  type RecordedOperation,
  recordedOperations,
  textOf,
} from "./recorded-operation.ts";

const arnOf =
  (service: string, member: string, prefix = "") =>
  (members: Members, { region, caller }: Call): string => {
    const name = textOf(members, member);
    return name.startsWith("arn:")
      ? name
      : `arn:aws:${service}:${region}:${caller.accountId}:${prefix}${name}`;
  };

/** Requires a member that holds the resource's ARN or, with `prefix`, its name. */
const on = (service: string, member: string, prefix = ""): RecordedOperation => ({
  required: [member],
  resource: arnOf(service, member, prefix),
});

const rolesOf = (members: Members) =>
  [members.taskRoleArn, members.executionRoleArn].filter((arn) => typeof arn === "string");

const taskOverrides = (members: Members) => (members.overrides ?? {}) as Members;

const runTask: RecordedOperation = {
  ...on("ecs", "taskDefinition", "task-definition/"),
  passedRoles: (members) => rolesOf(taskOverrides(members)),
  respond: () => ({ tasks: [], failures: [] }),
};

const onService = on("ecs", "service", "service/");

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/logging-using-cloudtrail.html */
export const ecsOperations: Operations = recordedOperations(
  {
    prefix: "ecs",
    passedTo: "ecs-tasks.amazonaws.com",
    missingParameter: missingJsonMember("ClientException"),
  },
  {
    RegisterTaskDefinition: {
      required: ["family", "containerDefinitions"],
      passedRoles: rolesOf,
      respond: (members, call) => ({
        taskDefinition: {
          family: textOf(members, "family"),
          taskDefinitionArn: `${arnOf("ecs", "family", "task-definition/")(members, call)}:1`,
          revision: 1,
          status: "ACTIVE",
        },
      }),
    },
    RunTask: runTask,
    StartTask: runTask,
    RegisterDaemonTaskDefinition: {
      required: ["family", "containerDefinitions"],
      passedRoles: rolesOf,
    },
    DeleteTaskDefinitions: { required: ["taskDefinitions"] },
    CreateExpressGatewayService: {
      required: ["executionRoleArn", "infrastructureRoleArn", "primaryContainer"],
      passedRoles: rolesOf,
    },
    CreateService: { required: ["serviceName"] },
    UpdateService: onService,
    DeleteService: onService,
    StopTask: on("ecs", "task", "task/"),
    ExecuteCommand: on("ecs", "task", "task/"),
  },
);

const onListener = on("elasticloadbalancing", "ListenerArn");
const onLoadBalancer = on("elasticloadbalancing", "LoadBalancerArn");
const onTargetGroup = on("elasticloadbalancing", "TargetGroupArn");

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/cloudtrail-logs.html */
export const loadBalancingOperations: Operations = recordedOperations(
  { prefix: "elasticloadbalancing", missingParameter: missingQueryParameter },
  {
    ModifyListener: onListener,
    DeleteListener: onListener,
    CreateListener: onLoadBalancer,
    ModifyLoadBalancerAttributes: onLoadBalancer,
    SetSecurityGroups: onLoadBalancer,
    DeleteLoadBalancer: onLoadBalancer,
    RegisterTargets: onTargetGroup,
    ModifyTargetGroup: onTargetGroup,
    SetRulePriorities: { required: ["RulePriorities"] },
  },
);

const onAcl: RecordedOperation = { required: ["Name", "Scope", "Id"] };

/** @see https://docs.aws.amazon.com/waf/latest/developerguide/logging-using-cloudtrail.html */
export const wafOperations: Operations = recordedOperations(
  { prefix: "wafv2", missingParameter: missingJsonMember("WAFInvalidParameterException") },
  {
    DisassociateWebACL: on("wafv2", "ResourceArn"),
    DeleteLoggingConfiguration: on("wafv2", "ResourceArn"),
    UpdateWebACL: onAcl,
    DeleteWebACL: onAcl,
  },
);

const onRepository = on("ecr", "repositoryName", "repository/");

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html */
export const ecrOperations: Operations = recordedOperations(
  { prefix: "ecr", missingParameter: missingJsonMember("InvalidParameterException") },
  {
    SetRepositoryPolicy: onRepository,
    DeleteRepositoryPolicy: onRepository,
    PutImage: onRepository,
    BatchDeleteImage: onRepository,
    DeleteRepository: onRepository,
    PutImageTagMutability: onRepository,
    UpdateImageStorageClass: {
      ...onRepository,
      required: ["repositoryName", "targetStorageClass"],
    },
    PutRegistryPolicy: { required: ["policyText"] },
  },
);

const onRule = on("events", "Name", "rule/");

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-logging-monitoring.html */
export const eventsOperations: Operations = recordedOperations(
  { prefix: "events", missingParameter: missingJsonMember("ValidationException") },
  {
    DisableRule: onRule,
    EnableRule: onRule,
    DeleteRule: onRule,
    PutRule: onRule,
    RemoveTargets: on("events", "Rule", "rule/"),
  },
);

const done = () => ({ return: true });

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/using-cloudtrail.html */
export const ec2Operations: Operations = recordedOperations(
  { prefix: "ec2", missingParameter: missingQueryParameter },
  {
    DeleteFlowLogs: { required: ["FlowLogId"], respond: () => ({}) },
    AuthorizeSecurityGroupIngress: {
      ...on("ec2", "GroupId", "security-group/"),
      respond: done,
    },
    DeleteVpcEndpoints: { required: ["VpcEndpointId"], respond: () => ({}) },
    RevokeSecurityGroupIngress: { ...on("ec2", "GroupId", "security-group/"), respond: done },
    RunInstances: { required: ["MinCount", "MaxCount"], respond: () => ({}) },
    CreateNetworkInterface: { required: ["SubnetId"], respond: () => ({}) },
    ModifyNetworkInterfaceAttribute: {
      ...on("ec2", "NetworkInterfaceId", "network-interface/"),
      respond: done,
    },
    ModifyInstanceAttribute: { ...on("ec2", "InstanceId", "instance/"), respond: done },
  },
);

const onQueue: RecordedOperation = {
  required: ["QueueUrl"],
  resource: (members, { region, caller }) =>
    `arn:aws:sqs:${region}:${caller.accountId}:${textOf(members, "QueueUrl").split("/").at(-1)}`,
};

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-logging-using-cloudtrail.html */
export const sqsOperations: Operations = recordedOperations(
  { prefix: "sqs", missingParameter: missingJsonMember("MissingParameter") },
  { PurgeQueue: onQueue, DeleteQueue: onQueue, SetQueueAttributes: onQueue },
);

const onTrail = on("cloudtrail", "Name", "trail/");

/** Operations that stop or restrict a trail. They are recorded; the lab's trail does not change. */
export const trailOperations: Operations = recordedOperations(
  { prefix: "cloudtrail", missingParameter: missingJsonMember("InvalidTrailNameException") },
  {
    DeleteTrail: onTrail,
    UpdateTrail: onTrail,
    PutEventSelectors: on("cloudtrail", "TrailName", "trail/"),
    PutInsightSelectors: on("cloudtrail", "TrailName", "trail/"),
  },
);

const onGroup: RecordedOperation = {
  required: ["logGroupName"],
  resource: (members, call) => `${arnOf("logs", "logGroupName", "log-group:")(members, call)}:*`,
};

/** Operations that delete, hide or redirect logs. They are recorded; the lab's log groups do not change. */
export const logChangeOperations: Operations = recordedOperations(
  { prefix: "logs", missingParameter: missingJsonMember("InvalidParameterException") },
  {
    AssociateKmsKey: { ...onGroup, required: ["kmsKeyId"] },
    DisassociateKmsKey: { ...onGroup, required: [] },
    DeleteLogGroup: onGroup,
    DeleteLogStream: onGroup,
    DeleteMetricFilter: onGroup,
    PutMetricFilter: onGroup,
    PutSubscriptionFilter: onGroup,
    PutRetentionPolicy: onGroup,
    DeleteRetentionPolicy: onGroup,
    PutDataProtectionPolicy: on("logs", "logGroupIdentifier", "log-group:"),
    PutBearerTokenAuthentication: on("logs", "logGroupIdentifier", "log-group:"),
  },
);

const onTopic = on("sns", "TopicArn");

/** Operations that disconnect a topic or add a recipient. They are recorded; the lab's topics do not change. */
export const topicChangeOperations: Operations = recordedOperations(
  { prefix: "sns", missingParameter: missingQueryParameter },
  {
    Subscribe: {
      ...onTopic,
      respond: (members) => ({
        SubscriptionArn: `${textOf(members, "TopicArn")}:${randomBytes(16).toString("hex")}`,
      }),
    },
    Unsubscribe: on("sns", "SubscriptionArn"),
    SetTopicAttributes: onTopic,
    AddPermission: onTopic,
    RemovePermission: onTopic,
    DeleteTopic: onTopic,
    PutDataProtectionPolicy: on("sns", "ResourceArn"),
  },
);

const onAlarm = on("cloudwatch", "AlarmName", "alarm:");

/** Operations that remove or change an alarm. They are recorded; the lab's alarms do not change. */
export const alarmChangeOperations: Operations = recordedOperations(
  { prefix: "cloudwatch", missingParameter: missingQueryParameter },
  { PutMetricAlarm: onAlarm, DeleteAlarms: { required: ["AlarmNames"] } },
);
