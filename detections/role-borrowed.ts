import type { TrailDetection } from "./detection.ts";
import { deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { inOtherCluster } from "./group-placements.ts";
import { allOf, anyOf, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

const { namePrefix, serviceRoleArn, executionRoleArn, rolloutRoleArn } = exampleScope;
const change = { eventSource: "ecs.amazonaws.com", readOnly: false };
const family = `${namePrefix}service`;

/** A member of the request has one of our roles. ECS accepts a role's name instead of its ARN, and resolves neither. */
const namesRole = ({ namePrefix }: DetectionScope, ...members: readonly string[]) =>
  anyOf(...members.map((member) => matchesAny(`$.requestParameters.${member}`, `*${namePrefix}*`)));

export const roleBorrowed: TrailDetection = {
  id: "role-borrowed",
  title: "A task that is not the service's was given one of its roles",
  severity: "critical",
  tactic: "execution",
  source: "trail",
  // Counts every caller, the pipeline included: no deployment does any of this.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecs.amazonaws.com"),
        anyOf(
          `(${allOf(
            matchesAny("$.eventName", "RegisterTaskDefinition"),
            matchesNone("$.requestParameters.family", `${scope.namePrefix}*`),
            namesRole(scope, "taskRoleArn", "executionRoleArn"),
          )})`,
          namesRole(scope, "overrides.taskRoleArn", "overrides.executionRoleArn"),
          `(${allOf(
            // RunTask, StartTask, CreateService and CreateTaskSet; others have no task definition.
            matchesAny("$.eventName", "*Task", "Create*", "UpdateService"),
            namesRole(scope, "taskDefinition"),
            inOtherCluster(scope),
          )})`,
        ),
      ),
    ),
  furtherPatterns: (scope) => [
    // The service is none of these.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecs.amazonaws.com"),
        matchesAny(
          "$.eventName",
          "RegisterDaemonTaskDefinition",
          "CreateExpressGatewayService",
          "UpdateExpressGatewayService",
        ),
        namesRole(scope, "taskRoleArn", "executionRoleArn", "infrastructureRoleArn"),
      ),
    ),
    // ECS then changes the load balancer for another service with the role that only moves our requests.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecs.amazonaws.com"),
        matchesAny("$.eventName", "CreateService", "UpdateService"),
        namesRole(scope, "role", "loadBalancers[*].advancedConfiguration.roleArn"),
        inOtherCluster(scope),
      ),
    ),
  ],
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
    "Stop its tasks (`aws ecs stop-task`), delete its service, and deregister the task definition.",
    "Revoke the role's sessions (in the IAM console: the role, Revoke sessions). ECS gives the service's own tasks new credentials.",
    "Search the trail for the role's calls since. If it was the execution role, rotate the master secret.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.family, requestParameters.taskRoleArn, requestParameters.executionRoleArn, requestParameters.cluster, requestParameters.taskDefinition, eventID, errorCode",
      `filter eventSource = "ecs.amazonaws.com" and eventName in ["RegisterTaskDefinition", "RegisterDaemonTaskDefinition", "RunTask", "StartTask", "CreateService", "UpdateService", "CreateTaskSet", "CreateExpressGatewayService", "UpdateExpressGatewayService"] and @message like "${namePrefix}"`,
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
    {
      ...exampleEvent("a user adds a task set with our task definition to her own service", user, {
        ...change,
        eventName: "CreateTaskSet",
        requestParameters: { cluster: "x", service: "x", taskDefinition: `${family}:12` },
      }),
      alsoFires: ["ecs-change"],
    },
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
    exampleEvent("a user creates an Express service with the service's role", user, {
      ...change,
      eventName: "CreateExpressGatewayService",
      requestParameters: {
        serviceName: "x",
        taskRoleArn: serviceRoleArn,
        executionRoleArn: "arn:aws:iam::111122223333:role/ecsTaskExecutionRole",
        infrastructureRoleArn: "arn:aws:iam::111122223333:role/ecsInfrastructureRole",
        primaryContainer: { image: "public.ecr.aws/docker/library/busybox" },
      },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateExpressGatewayService.html
    exampleEvent("a user gives her Express service the execution role", user, {
      ...change,
      eventName: "UpdateExpressGatewayService",
      requestParameters: {
        serviceArn: "arn:aws:ecs:ap-southeast-2:111122223333:service/default/x",
        executionRoleArn,
      },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterDaemonTaskDefinition.html
    exampleEvent("a user registers a daemon task definition with the service's role", user, {
      ...change,
      eventName: "RegisterDaemonTaskDefinition",
      requestParameters: { family: "agent", taskRoleArn: serviceRoleArn },
    }),
    exampleEvent("a user lets ECS change a load balancer for her service with our role", user, {
      ...change,
      eventName: "CreateService",
      requestParameters: {
        serviceName: "x",
        taskDefinition: "x:1",
        loadBalancers: [
          {
            targetGroupArn:
              "arn:aws:elasticloadbalancing:ap-southeast-2:111122223333:targetgroup/x/0a1b2c3d4e5f6071",
            advancedConfiguration: { roleArn: rolloutRoleArn },
          },
        ],
      },
    }),
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
        loadBalancers: [{ advancedConfiguration: { roleArn: rolloutRoleArn } }],
      },
    }),
    exampleEvent("a user creates an Express service with roles of her own", user, {
      ...change,
      eventName: "CreateExpressGatewayService",
      requestParameters: {
        serviceName: "orders",
        executionRoleArn: "arn:aws:iam::111122223333:role/ecsTaskExecutionRole",
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
