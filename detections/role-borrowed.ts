import type { TrailDetection } from "./detection.ts";
import { deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";

const { namePrefix, serviceRoleArn, executionRoleArn } = exampleScope;
const change = { eventSource: "ecs.amazonaws.com", readOnly: false };
const family = `${namePrefix}service`;

export const roleBorrowed: TrailDetection = {
  id: "role-borrowed",
  title: "A task that is not the service's was given one of its roles",
  severity: "critical",
  tactic: "execution",
  source: "trail",
  // Counts every caller, the pipeline included: no deployment does any of this. ECS accepts a role's name
  // instead of its ARN, and resolves neither in the record.
  pattern: ({ namePrefix }) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecs.amazonaws.com"),
        anyOf(
          `(${allOf(
            matchesAny("$.eventName", "RegisterTaskDefinition"),
            matchesNone("$.requestParameters.family", `${namePrefix}*`),
            anyOf(
              matchesAny("$.requestParameters.taskRoleArn", `*${namePrefix}*`),
              matchesAny("$.requestParameters.executionRoleArn", `*${namePrefix}*`),
            ),
          )})`,
          matchesAny("$.requestParameters.overrides.taskRoleArn", `*${namePrefix}*`),
          matchesAny("$.requestParameters.overrides.executionRoleArn", `*${namePrefix}*`),
          `(${allOf(
            matchesAny("$.eventName", "RunTask", "StartTask", "CreateService", "UpdateService"),
            matchesAny("$.requestParameters.taskDefinition", `*${namePrefix}*`),
            matchesNone("$.requestParameters.cluster", `*${namePrefix}*`),
          )})`,
        ),
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "A task gets the credentials of its roles. With the service's role it can decrypt records; with the execution role it can read the database's master secret. Other detections expect these roles to do so.",
  falsePositives: [
    "Somebody tests the image in another cluster: planned, and by a person you know. Use the lab instead.",
  ],
  runbook: [
    "Run the query to see which task definition or task has which role, and who created it.",
    "Stop its tasks (`aws ecs stop-task`) and deregister the task definition.",
    "Revoke the role's sessions (in the IAM console: the role, Revoke sessions). ECS gives the service's own tasks new credentials.",
    "Search the trail for the role's calls since. If it was the execution role, rotate the master secret.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.family, requestParameters.taskRoleArn, requestParameters.executionRoleArn, requestParameters.cluster, requestParameters.taskDefinition, eventID, errorCode",
      `filter eventSource = "ecs.amazonaws.com" and eventName in ["RegisterTaskDefinition", "RunTask", "StartTask", "CreateService", "UpdateService"] and @message like "${namePrefix}"`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/logging-using-cloudtrail.html
  mustFire: [
    exampleEvent(
      "a user registers a task definition of another family with the execution role",
      user,
      {
        ...change,
        eventName: "RegisterTaskDefinition",
        requestParameters: { family: "maintenance", executionRoleArn },
      },
    ),
    exampleEvent(
      "a user registers another task definition whose task role is the execution role",
      user,
      {
        ...change,
        eventName: "RegisterTaskDefinition",
        requestParameters: { family: "maintenance", taskRoleArn: executionRoleArn },
      },
    ),
    exampleEvent("a user registers another task definition with the service's role", user, {
      ...change,
      eventName: "RegisterTaskDefinition",
      requestParameters: { family: "maintenance", taskRoleArn: serviceRoleArn },
    }),
    exampleEvent("a user runs a task whose role is replaced by the execution role", user, {
      ...change,
      eventName: "RunTask",
      requestParameters: {
        cluster: "default",
        taskDefinition: "maintenance:3",
        overrides: { taskRoleArn: executionRoleArn },
      },
    }),
    exampleEvent("the pipeline's role runs a task with another execution role", deployer, {
      ...change,
      eventName: "RunTask",
      requestParameters: {
        cluster: "default",
        taskDefinition: "maintenance:3",
        overrides: { executionRoleArn },
      },
    }),
    {
      ...exampleEvent(
        "a user creates a service with our task definition in the default cluster",
        user,
        {
          ...change,
          eventName: "CreateService",
          requestParameters: {
            serviceName: "copy",
            taskDefinition: `${family}:12`,
            desiredCount: 1,
          },
        },
      ),
      alsoFires: ["ecs-change"],
    },
    {
      ...exampleEvent("a user runs the service's task in another cluster", user, {
        ...change,
        eventName: "RunTask",
        requestParameters: { cluster: "default", taskDefinition: `${family}:12` },
      }),
      alsoFires: ["ecs-change"],
    },
  ],
  mustNotFire: [
    exampleEvent("the pipeline registers the service's task definition", deployer, {
      ...change,
      eventName: "RegisterTaskDefinition",
      requestParameters: { family, taskRoleArn: serviceRoleArn, executionRoleArn },
    }),
    exampleEvent("the pipeline deploys the service's task definition", deployer, {
      ...change,
      eventName: "UpdateService",
      requestParameters: {
        cluster: family,
        service: `${namePrefix}api`,
        taskDefinition: `${family}:13`,
      },
    }),
    exampleEvent("a user registers another application's task definition", user, {
      ...change,
      eventName: "RegisterTaskDefinition",
      requestParameters: {
        family: "orders",
        taskRoleArn: "arn:aws:iam::111122223333:role/orders",
      },
    }),
  ],
};
