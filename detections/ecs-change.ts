import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleEvent,
  exampleScope,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

const AUTOSCALING = "ecs.application-autoscaling.amazonaws.com";

/** Without calls that ECS or its agent makes for a task. */
const CHANGES = [
  "ExecuteCommand",
  "Register*",
  "Deregister*",
  "*Task", // RunTask, StartTask and StopTask
  "Create*",
  "Update*",
  "Put*",
  "Delete*",
];

/** Newer calls, and those on several task definitions, name our cluster, service or family by ARN. */
const CHANGES_BY_ARN = ["Create*", "Update*", "Stop*", "Delete*"];

/** Matches calls that name a resource of ours in one of the request's members. */
const onOurs = (
  { namePrefix }: DetectionScope,
  calls: readonly string[],
  members: readonly string[],
) =>
  jsonPattern(
    allOf(
      matchesAny("$.eventSource", "ecs.amazonaws.com"),
      matchesAny("$.eventName", ...calls),
      anyOf(
        ...members.map((member) => matchesAny(`$.requestParameters.${member}`, `*${namePrefix}*`)),
      ),
    ),
  );

const { namePrefix, serviceRoleArn } = exampleScope;
const change = { eventSource: "ecs.amazonaws.com", readOnly: false };
const cluster = `${namePrefix}service`;
const arn = "arn:aws:ecs:ap-southeast-2:111122223333";

export const ecsChange: TrailDetection = {
  id: "ecs-change",
  title: "The service was changed or accessed outside the pipeline",
  severity: "high",
  tactic: "execution",
  source: "trail",
  // Matches the cluster, the task definition's family or its revision, by name or ARN. role-borrowed counts
  // task definitions of other families that use our roles.
  pattern: (scope) => onOurs(scope, CHANGES, ["cluster", "family", "taskDefinition"]),
  furtherPatterns: (scope) => [
    onOurs(scope, CHANGES_BY_ARN, [
      "clusterArn",
      "serviceArn",
      "serviceDeploymentArn",
      "taskDefinitions[*]",
    ]),
    // Session Manager also opens sessions in containers that allow ECS Exec, without ECS recording a command.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ssm.amazonaws.com"),
        matchesAny("$.eventName", "StartSession"),
        matchesAny("$.requestParameters.target", `ecs:${scope.namePrefix}*`),
      ),
    ),
    // Application Auto Scaling stops all tasks if the maximum is zero, and is an expected caller.
    jsonPattern(
      allOf(
        matchesAny("$.eventName", "*ScalableTarget", "*ScalingPolicy", "*ScheduledAction"),
        matchesAny("$.requestParameters.resourceId", `service/${scope.namePrefix}*`),
      ),
    ),
  ],
  expectedCallers: ({ deployRoleArn }) => ({ roles: [deployRoleArn], services: [AUTOSCALING] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Code that runs in the service's tasks has the service's role and memory: access to the KMS key, and to every text that the service processes. Only the pipeline should change what runs.",
  falsePositives: [
    "A known administrator made a planned manual repair, or stopped tasks because of another alarm.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see what was changed, and by whom.",
    "ExecuteCommand, StartSession: no log contains what was typed. Stop the task.",
    "RegisterTaskDefinition, UpdateService, RunTask: compare the image digest, roles and command with the last deployment. Roll back with `aws ecs update-service --task-definition`, and stop unknown tasks.",
    "Revoke the sessions of the caller's role and of the service's role in the IAM console.",
  ],
  insightsQuery: ({ namePrefix, deployRoleName }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.taskDefinition, requestParameters.task, eventID, errorCode",
      `filter (eventSource = "ecs.amazonaws.com" or eventName like /^StartSession$|ScalableTarget|ScalingPolicy|ScheduledAction/) and eventName not like /^(List|Describe)/ and @message like "${namePrefix}" and coalesce(userIdentity.sessionContext.sessionIssuer.userName, "") != "${deployRoleName}"`,
    ].join(" | "),
  mustFire: [
    exampleEvent("an administrator opens a shell in a running container", administrator, {
      ...change,
      eventName: "ExecuteCommand",
      requestParameters: {
        cluster,
        container: "api",
        command: "/bin/sh",
        interactive: true,
        task: `${arn}:task/${cluster}/5e1d0a9c4b8f47d2a6c3e7f0918b2d54`,
      },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    exampleEvent("a user opens a shell in a task with Session Manager", user, {
      eventSource: "ssm.amazonaws.com",
      eventName: "StartSession",
      readOnly: false,
      requestParameters: {
        target: `ecs:${cluster}_5e1d0a9c4b8f47d2a6c3e7f0918b2d54_5e1d0a9c4b8f47d2a6c3e7f0918b2d54-0265927825`,
      },
    }),
    // https://docs.aws.amazon.com/autoscaling/application/userguide/monitoring-eventbridge.html
    exampleEvent("a user stops all tasks with Application Auto Scaling", user, {
      eventSource: "autoscaling.amazonaws.com",
      eventName: "RegisterScalableTarget",
      readOnly: false,
      requestParameters: {
        resourceId: `service/${cluster}/${cluster}`,
        serviceNamespace: "ecs",
        scalableDimension: "ecs:service:DesiredCount",
        minCapacity: 0,
        maxCapacity: 0,
      },
      additionalEventData: { service: "application-autoscaling" },
    }),
    exampleEvent("a user registers another image in the service's task definition family", user, {
      ...change,
      eventName: "RegisterTaskDefinition",
      requestParameters: {
        family: cluster,
        taskRoleArn: serviceRoleArn,
        containerDefinitions: [{ name: "api", image: "eve/api:latest" }],
      },
    }),
    exampleEvent("an administrator deploys another task definition to the service", administrator, {
      ...change,
      eventName: "UpdateService",
      requestParameters: {
        cluster: `${arn}:cluster/${cluster}`,
        service: `${namePrefix}api`,
        taskDefinition: "maintenance:7",
      },
    }),
    {
      ...exampleEvent(
        "a user runs the service's task in another cluster, with another command",
        user,
        {
          ...change,
          eventName: "RunTask",
          requestParameters: {
            cluster: "default",
            taskDefinition: `${cluster}:12`,
            overrides: { containerOverrides: [{ name: "api", command: ["node", "-e", "…"] }] },
          },
        },
      ),
      alsoFires: ["role-borrowed"],
    },
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    exampleEvent("an administrator stops a task", administrator, {
      ...change,
      eventName: "StopTask",
      requestParameters: { cluster, task: "5e1d0a9c4b8f47d2a6c3e7f0918b2d54" },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
    exampleEvent("a user stops a deployment", user, {
      ...change,
      eventName: "StopServiceDeployment",
      requestParameters: {
        serviceDeploymentArn: `${arn}:service-deployment/${cluster}/${namePrefix}api/x1y2`,
        stopType: "ABORT",
      },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
    exampleEvent("a user deregisters the service's task definition", user, {
      ...change,
      eventName: "DeregisterTaskDefinition",
      requestParameters: { taskDefinition: `${cluster}:12` },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
    exampleEvent("a user deletes task definitions, one of them the service's", user, {
      ...change,
      eventName: "DeleteTaskDefinitions",
      requestParameters: { taskDefinitions: ["orders:4", `${cluster}:12`] },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html
    exampleEvent("a user adds instances of her own to the cluster", user, {
      ...change,
      eventName: "PutClusterCapacityProviders",
      requestParameters: { cluster, capacityProviders: ["x"] },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateDaemon.html
    exampleEvent("a user creates a daemon in the cluster", user, {
      ...change,
      eventName: "CreateDaemon",
      requestParameters: { daemonName: "x", clusterArn: `${arn}:cluster/${cluster}` },
    }),
  ],
  mustNotFire: [
    exampleEvent("the pipeline deploys the service", deployer, {
      ...change,
      eventName: "UpdateService",
      requestParameters: {
        cluster,
        service: `${namePrefix}api`,
        taskDefinition: `${cluster}:13`,
      },
    }),
    exampleEvent(
      "Application Auto Scaling adds a task",
      awsService(AUTOSCALING, "AWSServiceRoleForApplicationAutoScaling_ECSService"),
      {
        ...change,
        eventName: "UpdateService",
        requestParameters: { cluster, service: `${namePrefix}api`, desiredCount: 3 },
      },
    ),
    exampleEvent("an administrator describes tasks", administrator, {
      ...change,
      eventName: "DescribeTasks",
      readOnly: true,
      requestParameters: { cluster, tasks: ["5e1d0a9c4b8f47d2a6c3e7f0918b2d54"] },
    }),
    exampleEvent("an administrator deploys another application", administrator, {
      ...change,
      eventName: "UpdateService",
      requestParameters: { cluster: "orders", service: "orders", taskDefinition: "orders:4" },
    }),
  ],
};
