import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleScope,
  managementEvent,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";

const AUTOSCALING = "ecs.application-autoscaling.amazonaws.com";

const CHANGES = [
  "ExecuteCommand",
  "RegisterTaskDefinition",
  "RunTask",
  "StartTask",
  "Create*",
  "Update*",
  "Delete*",
];

const { namePrefix, serviceRoleArn } = exampleScope;
const change = { eventSource: "ecs.amazonaws.com", readOnly: false };
const cluster = `${namePrefix}service`;

export const ecsChange: TrailDetection = {
  id: "ecs-change",
  title: "The running service was changed or entered, and not by the pipeline",
  severity: "high",
  tactic: "execution",
  source: "trail",
  // The cluster by name or ARN, wherever the call names it; and the service's role, which a task
  // definition of any name could be given.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecs.amazonaws.com"),
        matchesAny("$.eventName", ...CHANGES),
        anyOf(
          ...["cluster", "family", "taskDefinition"].map((member) =>
            matchesAny(`$.requestParameters.${member}`, `*${scope.namePrefix}*`),
          ),
          ...["taskRoleArn", "overrides.taskRoleArn"].map((member) =>
            matchesAny(`$.requestParameters.${member}`, `*${scope.serviceRoleName}`),
          ),
        ),
      ),
    ),
  expectedCallers: ({ deployRoleArn }) => ({ roles: [deployRoleArn], services: [AUTOSCALING] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Whoever runs code beside the service has its role and its memory: the KMS key, and each text that passes through. The pipeline alone has to change what runs.",
  falsePositives: [
    "An administrator who repairs something by hand: planned, and by somebody whom you know.",
    "A deployment from somebody's own machine: exclude that role, or deploy by the pipeline.",
  ],
  runbook: [
    "Run the query: what was changed, by whom.",
    "ExecuteCommand: the event holds the command, and no log what was typed into it. Stop that task; another takes its place.",
    "RegisterTaskDefinition, UpdateService, RunTask: compare image digest, roles and command with the last deployment; roll back with `aws ecs update-service --task-definition`, stop what was run.",
    "Revoke the sessions of the caller's role, and of the service's (IAM, the role, Revoke sessions).",
  ],
  insightsQuery: ({ namePrefix, deployRoleName }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters.taskDefinition, requestParameters.task",
      `filter eventSource = "ecs.amazonaws.com" and eventName not like /^(List|Describe)/ and @message like "${namePrefix}" and coalesce(userIdentity.sessionContext.sessionIssuer.userName, "") != "${deployRoleName}"`,
    ].join(" | "),
  mustFire: [
    {
      name: "somebody opens a shell in the running container",
      record: managementEvent(administrator, {
        ...change,
        eventName: "ExecuteCommand",
        requestParameters: {
          cluster,
          container: "api",
          command: "/bin/sh",
          interactive: true,
          task: `arn:aws:ecs:ap-southeast-2:111122223333:task/${cluster}/5e1d0a9c4b8f47d2a6c3e7f0918b2d54`,
        },
      }),
    },
    {
      name: "somebody registers another image under the service's family",
      record: managementEvent(user, {
        ...change,
        eventName: "RegisterTaskDefinition",
        requestParameters: {
          family: cluster,
          taskRoleArn: serviceRoleArn,
          containerDefinitions: [{ name: "api", image: "eve/api:latest" }],
        },
      }),
    },
    {
      name: "somebody gives the service's role to a task of another name",
      record: managementEvent(user, {
        ...change,
        eventName: "RegisterTaskDefinition",
        requestParameters: { family: "maintenance", taskRoleArn: serviceRoleArn },
      }),
    },
    {
      name: "somebody lets the service run another task definition",
      record: managementEvent(administrator, {
        ...change,
        eventName: "UpdateService",
        requestParameters: {
          cluster: `arn:aws:ecs:ap-southeast-2:111122223333:cluster/${cluster}`,
          service: `${namePrefix}api`,
          taskDefinition: "maintenance:7",
        },
      }),
    },
    {
      name: "somebody runs the service's task elsewhere, with another command",
      record: managementEvent(user, {
        ...change,
        eventName: "RunTask",
        requestParameters: {
          cluster: "default",
          taskDefinition: `${cluster}:12`,
          overrides: { containerOverrides: [{ name: "api", command: ["node", "-e", "…"] }] },
        },
      }),
    },
  ],
  mustNotFire: [
    {
      name: "the pipeline deploys",
      record: managementEvent(deployer, {
        ...change,
        eventName: "UpdateService",
        requestParameters: {
          cluster,
          service: `${namePrefix}api`,
          taskDefinition: `${cluster}:13`,
        },
      }),
    },
    {
      name: "autoscaling adds a task",
      record: managementEvent(
        awsService(AUTOSCALING, "AWSServiceRoleForApplicationAutoScaling_ECSService"),
        {
          ...change,
          eventName: "UpdateService",
          requestParameters: { cluster, service: `${namePrefix}api`, desiredCount: 3 },
        },
      ),
    },
    {
      name: "somebody looks at the tasks",
      record: managementEvent(administrator, {
        ...change,
        eventName: "DescribeTasks",
        readOnly: true,
        requestParameters: { cluster, tasks: ["5e1d0a9c4b8f47d2a6c3e7f0918b2d54"] },
      }),
    },
    {
      name: "another application is deployed",
      record: managementEvent(administrator, {
        ...change,
        eventName: "UpdateService",
        requestParameters: { cluster: "orders", service: "orders", taskDefinition: "orders:4" },
      }),
    },
  ],
};
