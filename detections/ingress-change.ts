import { TARGET_GROUP_PREFIX } from "../common/naming.ts";
import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleEvent,
  exampleScope,
  roleSession,
  user,
} from "./example-events.ts";
import { inOtherCluster } from "./group-placements.ts";
import { allOf, anyOf, jsonPattern, matchesAny, serviceLinkedRole } from "./pattern.ts";

/** Members of the requests that contain the ARN or the name of a resource of ours. */
const LOAD_BALANCER_MEMBERS = ["loadBalancerArn", "listenerArn", "name"];
const WEB_ACL_MEMBERS = ["resourceArn", "name", "loggingConfiguration.resourceArn"];

const TARGET_GROUP = `*:targetgroup/${TARGET_GROUP_PREFIX}*`;

/** Members of a service of ECS that contain the ARNs of its target groups. */
const SERVICE_MEMBERS = [
  "loadBalancers[*].targetGroupArn",
  "loadBalancers[*].advancedConfiguration.alternateTargetGroupArn",
];

const names = (members: readonly string[], namePrefix: string) =>
  members.map((member) => matchesAny(`$.requestParameters.${member}`, `*${namePrefix}*`));

const { namePrefix } = exampleScope;
const elb = "arn:aws:elasticloadbalancing:ap-southeast-2:111122223333";
const onListeners = { eventSource: "elasticloadbalancing.amazonaws.com", readOnly: false };
const onServices = { eventSource: "ecs.amazonaws.com", readOnly: false };
const onWebAcls = { eventSource: "wafv2.amazonaws.com", readOnly: false };
const loadBalancerArn = `${elb}:loadbalancer/app/${namePrefix}service/50dc6c495c0c9188`;
const listenerArn = `${elb}:listener/app/${namePrefix}service/50dc6c495c0c9188/f2f7dc8efc522ab2`;
const ruleArn = `${elb}:listener-rule/app/${namePrefix}service/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`;
const targetGroupArn = `${elb}:targetgroup/${TARGET_GROUP_PREFIX}20260302/73e2d6bc24d8a067`;

export const ingressChange: TrailDetection = {
  id: "ingress-change",
  title: "The load balancer or its web ACL was changed outside the pipeline",
  severity: "high",
  tactic: "collection",
  source: "trail",
  // Every write call that names our load balancer, its listeners and targets, or its web ACL.
  pattern: ({ namePrefix }) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "elasticloadbalancing.amazonaws.com"),
        "$.readOnly IS FALSE",
        anyOf(
          ...names(LOAD_BALANCER_MEMBERS, namePrefix),
          matchesAny("$.requestParameters.targetGroupArn", TARGET_GROUP),
          // ModifyRule and DeleteRule name a rule only; its ARN contains the load balancer's name.
          matchesAny("$.requestParameters.ruleArn", `*/${namePrefix}*`),
        ),
      ),
    ),
  furtherPatterns: (scope) => [
    jsonPattern(
      allOf(
        matchesAny("$.eventName", "SetRulePriorities"),
        matchesAny("$.requestParameters.rulePriorities[*].ruleArn", `*/${scope.namePrefix}*`),
      ),
    ),
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "wafv2.amazonaws.com"),
        "$.readOnly IS FALSE",
        anyOf(...names(WEB_ACL_MEMBERS, scope.namePrefix)),
      ),
    ),
    // ECS registers the tasks of any service with its own role, so only the service shows whose they are. ecs-change
    // counts changes of ours.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecs.amazonaws.com"),
        matchesAny("$.eventName", "CreateService", "UpdateService", "CreateTaskSet"),
        anyOf(
          ...SERVICE_MEMBERS.map((member) =>
            matchesAny(`$.requestParameters.${member}`, TARGET_GROUP),
          ),
        ),
        inOtherCluster(scope),
      ),
    ),
  ],
  // role-change reports any other caller that assumes the second role, and role-borrowed a service of ECS that passes
  // it. ECS registers tasks as targets with the third.
  expectedCallers: ({ deployRoleArn, rolloutRoleArn }) => ({
    roles: [deployRoleArn, rolloutRoleArn, serviceLinkedRole("ecs")],
  }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Plaintext and Keys pass through the load balancer. A changed listener, certificate or target can send them to somebody else, and without the web ACL nothing limits guessing Keys.",
  falsePositives: [
    "An administrator repaired something manually: planned, and by a person you know.",
    "AWS Firewall Manager attaches a web ACL of your organization: exclude its role.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see what was changed, by whom, and from where.",
    "Restore it: run `npm run diff service`, then `npm run deploy service`. Deregister unknown targets.",
    "If requests went elsewhere, treat the Keys and texts of that time as disclosed, and notify the callers.",
    "Revoke the caller's access.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.listenerArn, requestParameters.resourceArn, eventID, errorCode",
      `filter eventSource in ["elasticloadbalancing.amazonaws.com", "wafv2.amazonaws.com", "ecs.amazonaws.com"] and eventName not like /^(Describe|Get|List|Check)/ and (@message like "${namePrefix}" or @message like ":targetgroup/${TARGET_GROUP_PREFIX}")`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/cloudtrail-logs.html
  // https://docs.aws.amazon.com/waf/latest/developerguide/logging-using-cloudtrail.html
  mustFire: [
    exampleEvent("a user forwards requests to a target group of her own", user, {
      ...onListeners,
      eventName: "ModifyListener",
      requestParameters: {
        listenerArn,
        defaultActions: [
          { type: "forward", targetGroupArn: `${elb}:targetgroup/x/0a1b2c3d4e5f6071` },
        ],
      },
    }),
    exampleEvent("an administrator detaches the web ACL", administrator, {
      ...onWebAcls,
      eventName: "DisassociateWebACL",
      requestParameters: { resourceArn: loadBalancerArn },
    }),
    exampleEvent("a user removes the rules of the web ACL", user, {
      ...onWebAcls,
      eventName: "UpdateWebACL",
      requestParameters: { name: `${namePrefix}service`, scope: "REGIONAL", rules: [] },
    }),
    // https://docs.aws.amazon.com/waf/latest/APIReference/API_PutLoggingConfiguration.html
    exampleEvent("a user sends the log of the web ACL elsewhere", user, {
      ...onWebAcls,
      eventName: "PutLoggingConfiguration",
      requestParameters: {
        loggingConfiguration: {
          resourceArn: `arn:aws:wafv2:ap-southeast-2:111122223333:regional/webacl/${namePrefix}service/473e64fd-f30b-4765-81a0-62ad96dd167a`,
          logDestinationConfigs: ["arn:aws:s3:::aws-waf-logs-mallory"],
        },
      },
    }),
    exampleEvent("a user registers a target of her own", user, {
      ...onListeners,
      eventName: "RegisterTargets",
      requestParameters: { targetGroupArn, targets: [{ id: "172.31.7.7" }] },
    }),
    exampleEvent("a user adds a listener without TLS", user, {
      ...onListeners,
      eventName: "CreateListener",
      requestParameters: { loadBalancerArn, protocol: "HTTP", port: 8080 },
    }),
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
    exampleEvent("a user changes the order of the listener's rules", user, {
      ...onListeners,
      eventName: "SetRulePriorities",
      requestParameters: { rulePriorities: [{ ruleArn, priority: 50 }] },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    exampleEvent("a user creates a service of ECS whose tasks get the service's requests", user, {
      ...onServices,
      eventName: "CreateService",
      requestParameters: {
        cluster: "x",
        serviceName: "x",
        taskDefinition: "x:1",
        loadBalancers: [{ targetGroupArn, containerName: "x", containerPort: 8080 }],
      },
    }),
    exampleEvent("a user adds our target group to a deployment of her own service", user, {
      ...onServices,
      eventName: "UpdateService",
      requestParameters: {
        service: "x",
        loadBalancers: [
          {
            targetGroupArn: `${elb}:targetgroup/x/0a1b2c3d4e5f6071`,
            advancedConfiguration: { alternateTargetGroupArn: targetGroupArn },
          },
        ],
      },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
    exampleEvent(
      "ECS moves our requests to another service, with a role of that service",
      { ...roleSession("infrastructure", "ecs-service-scheduler"), invokedBy: "ecs.amazonaws.com" },
      { ...onListeners, eventName: "ModifyRule", requestParameters: { ruleArn } },
    ),
  ],
  mustNotFire: [
    exampleEvent("the pipeline changes a listener", deployer, {
      ...onListeners,
      eventName: "ModifyListener",
      requestParameters: { listenerArn },
    }),
    exampleEvent(
      "ECS registers a new task as target",
      awsService("ecs.amazonaws.com", "AWSServiceRoleForECS"),
      {
        ...onListeners,
        eventName: "RegisterTargets",
        requestParameters: { targetGroupArn, targets: [{ id: "172.31.9.12", port: 8080 }] },
      },
    ),
    exampleEvent(
      "ECS moves requests to the new version",
      roleSession(`${namePrefix}rollout`, "ecs-service-scheduler"),
      {
        ...onListeners,
        eventName: "ModifyRule",
        requestParameters: { ruleArn },
      },
    ),
    exampleEvent("the pipeline updates the service", deployer, {
      ...onServices,
      eventName: "UpdateService",
      requestParameters: { cluster: `${namePrefix}service`, loadBalancers: [{ targetGroupArn }] },
    }),
    exampleEvent("an administrator changes another application's listener", administrator, {
      ...onListeners,
      eventName: "ModifyListener",
      requestParameters: { listenerArn: `${elb}:listener/app/orders/1/2` },
    }),
    exampleEvent("an administrator describes the listener", administrator, {
      ...onListeners,
      eventName: "DescribeListeners",
      readOnly: true,
      requestParameters: { loadBalancerArn },
    }),
  ],
};
