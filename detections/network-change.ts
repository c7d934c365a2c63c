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
import { placementPatterns } from "./group-placements.ts";
import { allOf, anyOf, jsonPattern, matchesAny, mentionsAny } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

/** Changes of a security group and its rules. Those of tags and descriptions do not matter. */
const GROUP_CHANGES = [
  "AuthorizeSecurityGroup*",
  "RevokeSecurityGroup*",
  "ModifySecurityGroupRules",
  "DeleteSecurityGroup",
];

/** Their records name endpoints by ID, one or several, so every endpoint of the account counts. */
const ENDPOINT_CHANGES = ["ModifyVpcEndpoint", "DeleteVpcEndpoints"];

/** Older operations have `groupId`, newer ones the whole request under its name. */
const ourGroup = ({ securityGroupIds }: DetectionScope) =>
  anyOf(
    ...["groupId", "ModifySecurityGroupRulesRequest.GroupId"].map((member) =>
      matchesAny(`$.requestParameters.${member}`, ...securityGroupIds),
    ),
  );

const { namePrefix } = exampleScope;
const [serviceGroup, databaseGroup] = exampleScope.securityGroupIds;
const change = { eventSource: "ec2.amazonaws.com", readOnly: false };
const tasks = { eventSource: "ecs.amazonaws.com", readOnly: false };
const inServiceGroup = { groupSet: { items: [{ groupId: serviceGroup }] } };
const createInterface = {
  ...change,
  eventName: "CreateNetworkInterface",
  requestParameters: { subnetId: "subnet-0a1b2c3d4e5f60715", ...inServiceGroup },
};

/** Everything else that names one of our groups, without the interfaces of our own tasks. */
const placementsQuery = ({ securityGroupIds }: DetectionScope) =>
  securityGroupIds.length === 0
    ? ""
    : ` or eventName like /RunInstances|NetworkInterface|InstanceAttribute|CreateVpcEndpoint|LoadBalancer|SetSecurityGroups|ResourceShare|ResourceGateway|Function|Service$|Task|TaskSet|^(Create|Modify)DB/ and ${mentionsAny(securityGroupIds)} and sourceIPAddress != "ecs.amazonaws.com"`;

export const networkChange: TrailDetection = {
  id: "network-change",
  title: "A security group, its members or a VPC endpoint was changed outside the pipeline",
  severity: "high",
  tactic: "defense evasion",
  source: "trail",
  pattern: () =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ec2.amazonaws.com"),
        matchesAny("$.eventName", ...ENDPOINT_CHANGES),
      ),
    ),
  furtherPatterns: (scope) =>
    scope.securityGroupIds.length === 0
      ? []
      : [
          jsonPattern(
            allOf(
              matchesAny("$.eventSource", "ec2.amazonaws.com"),
              matchesAny("$.eventName", ...GROUP_CHANGES),
              ourGroup(scope),
            ),
          ),
          ...placementPatterns(scope),
        ],
  expectedCallers: ({ deployRoleArn }) => ({ roles: [deployRoleArn] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Security groups limit who connects to the database and the service, and endpoint policies which roles use AWS from the VPC. Somebody opened a way in, or a way out for data.",
  falsePositives: [
    "An administrator repaired a connection manually: planned, and by a person you know.",
    "Another team changed a VPC endpoint of its own in this account: exclude its role.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see what was changed or put into a group, and by whom.",
    "Stop what is in the stacks' groups (`aws ec2 describe-network-interfaces`) besides their tasks, database and endpoints.",
    "Restore groups and endpoints: run `npm run diff network database service`, then `npm run deploy` for the stacks that differ.",
    "Check the flow log for accepted connections, and the database's log for sessions.",
    "Revoke the caller's access.",
  ],
  insightsQuery: (scope) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.groupId, requestParameters.ModifySecurityGroupRulesRequest.GroupId, requestParameters.ipPermissions.items.0.ipRanges.items.0.cidrIp, requestParameters.groupSet.items.0.groupId, requestParameters.cluster, eventID, errorCode",
      `filter eventName not like /^Describe/ and (eventSource = "ec2.amazonaws.com" and eventName like /SecurityGroup(Ingress|Egress|Rules)|DeleteSecurityGroup|ModifyVpcEndpoint|DeleteVpcEndpoints/${placementsQuery(scope)})`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
  mustFire: [
    exampleEvent("a user removes the policy of a VPC endpoint", user, {
      ...change,
      eventName: "ModifyVpcEndpoint",
      requestParameters: {
        ModifyVpcEndpointRequest: { VpcEndpointId: "vpce-0a1b2c3d4e5f60718", ResetPolicy: true },
      },
    }),
    exampleEvent("a user opens the database to the internet", user, {
      ...change,
      eventName: "AuthorizeSecurityGroupIngress",
      requestParameters: {
        groupId: databaseGroup,
        ipPermissions: {
          items: [
            {
              ipProtocol: "tcp",
              fromPort: 5432,
              toPort: 5432,
              ipRanges: { items: [{ cidrIp: "0.0.0.0/0" }] },
            },
          ],
        },
      },
    }),
    exampleEvent("an administrator widens a rule of the service", administrator, {
      ...change,
      eventName: "ModifySecurityGroupRules",
      requestParameters: {
        ModifySecurityGroupRulesRequest: {
          GroupId: serviceGroup,
          SecurityGroupRule: {
            tag: 1,
            SecurityGroupRuleId: "sgr-0a1b2c3d4e5f60718",
            SecurityGroupRule: { CidrIpv4: "0.0.0.0/0", IpProtocol: "-1" },
          },
        },
      },
    }),
    exampleEvent("AWS denies a user to let tasks connect to the internet", user, {
      ...change,
      eventName: "AuthorizeSecurityGroupEgress",
      errorCode: "Client.UnauthorizedOperation",
      requestParameters: { groupId: serviceGroup, ipPermissions: { items: [] } },
    }),
    exampleEvent("a user deletes two VPC endpoints", user, {
      ...change,
      eventName: "DeleteVpcEndpoints",
      requestParameters: {
        DeleteVpcEndpointsRequest: {
          VpcEndpointId: [
            { tag: 1, content: "vpce-0a1b2c3d4e5f60718" },
            { tag: 2, content: "vpce-0a1b2c3d4e5f60719" },
          ],
        },
      },
    }),
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/using-cloudtrail.html
    exampleEvent("a user starts an instance in the group of the tasks", user, {
      ...change,
      eventName: "RunInstances",
      requestParameters: {
        instancesSet: { items: [{ imageId: "ami-0a1b2c3d4e5f60717", minCount: 1, maxCount: 1 }] },
        ...inServiceGroup,
        instanceType: "t4g.nano",
      },
    }),
    exampleEvent("a user moves an instance to the group of the database", user, {
      ...change,
      eventName: "ModifyInstanceAttribute",
      requestParameters: {
        instanceId: "i-0a1b2c3d4e5f60716",
        groupSet: { items: [{ groupId: "sg-0f9e8d7c6b5a49382" }, { groupId: databaseGroup }] },
      },
    }),
    exampleEvent(
      "Auto Scaling starts an instance in the group, which only the launch template names",
      awsService("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
      {
        ...change,
        eventName: "RunInstances",
        requestParameters: { launchTemplate: { launchTemplateId: "lt-0a1b2c3d4e5f60714" } },
        responseElements: {
          instancesSet: { items: [{ instanceId: "i-0a1b2c3d4e5f60716", ...inServiceGroup }] },
        },
      },
    ),
    exampleEvent("a user starts an instance with a second interface in the group", user, {
      ...change,
      eventName: "RunInstances",
      requestParameters: {
        networkInterfaceSet: {
          items: [
            { deviceIndex: 0, groupSet: { items: [{ groupId: "sg-0f9e8d7c6b5a49382" }] } },
            { deviceIndex: 1, ...inServiceGroup },
          ],
        },
      },
    }),
    exampleEvent("a user creates a network interface in the group", user, createInterface),
    exampleEvent("a user moves a network interface to the group", user, {
      ...change,
      eventName: "ModifyNetworkInterfaceAttribute",
      requestParameters: { networkInterfaceId: "eni-0a1b2c3d4e5f60713", ...inServiceGroup },
    }),
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    exampleEvent(
      "Lambda connects a function to the group",
      { ...roleSession("orders-function", "orders"), invokedBy: "lambda.amazonaws.com" },
      { ...createInterface, sourceIPAddress: "lambda.amazonaws.com" },
    ),
    exampleEvent("a user creates a VPC endpoint in one of our groups", user, {
      ...change,
      eventName: "CreateVpcEndpoint",
      requestParameters: {
        CreateVpcEndpointRequest: {
          ServiceName: "com.amazonaws.ap-southeast-2.s3",
          SecurityGroupId: { tag: 1, content: serviceGroup },
        },
      },
    }),
    exampleEvent("a user creates a VPC endpoint in several groups", user, {
      ...change,
      eventName: "CreateVpcEndpoint",
      requestParameters: {
        CreateVpcEndpointRequest: {
          SecurityGroupId: [
            { tag: 1, content: "sg-0f9e8d7c6b5a49382" },
            { tag: 2, content: serviceGroup },
          ],
        },
      },
    }),
    exampleEvent("a user runs a task of her own in the group", user, {
      ...tasks,
      eventName: "RunTask",
      requestParameters: {
        taskDefinition: "maintenance:3",
        networkConfiguration: { awsvpcConfiguration: { securityGroups: [serviceGroup] } },
      },
    }),
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBProxy.html
    exampleEvent("a user creates a database proxy in the group", user, {
      ...change,
      eventSource: "rds.amazonaws.com",
      eventName: "CreateDBProxy",
      requestParameters: { dBProxyName: "x", vpcSecurityGroupIds: [serviceGroup] },
    }),
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/cloudtrail-logs.html
    exampleEvent("a user creates a load balancer in the group", user, {
      ...change,
      eventSource: "elasticloadbalancing.amazonaws.com",
      eventName: "CreateLoadBalancer",
      requestParameters: { name: "x", type: "network", securityGroups: [serviceGroup] },
    }),
    // https://docs.aws.amazon.com/vpc/latest/userguide/security-group-sharing.html
    exampleEvent("a user shares the group with another account", user, {
      ...change,
      eventSource: "ram.amazonaws.com",
      eventName: "CreateResourceShare",
      requestParameters: {
        name: "x",
        resourceArns: [`arn:aws:ec2:ap-southeast-2:111122223333:security-group/${serviceGroup}`],
        principals: ["444455556666"],
      },
    }),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
    exampleEvent("a user creates an Express service in the group", user, {
      ...tasks,
      eventName: "CreateExpressGatewayService",
      requestParameters: {
        serviceName: "x",
        networkConfiguration: { securityGroups: [serviceGroup] },
      },
    }),
  ],
  mustNotFire: [
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/operating-at-scale-dealing-with-throttles.html
    exampleEvent(
      "ECS creates the interface of a task",
      awsService("ecs.amazonaws.com", "AWSServiceRoleForECS"),
      { ...createInterface, sourceIPAddress: "ecs.amazonaws.com" },
    ),
    exampleEvent(
      "RDS creates the interface of the database",
      awsService("rds.amazonaws.com", "AWSServiceRoleForRDS"),
      {
        ...createInterface,
        sourceIPAddress: "rds.amazonaws.com",
        requestParameters: { groupSet: { items: [{ groupId: databaseGroup }] } },
      },
    ),
    exampleEvent(
      "AWS creates the interface of a VPC endpoint",
      { type: "AWSService", invokedBy: "ec2.amazonaws.com" },
      {
        ...createInterface,
        requestParameters: { groupSet: { items: [{ groupId: serviceGroup }] } },
      },
    ),
    exampleEvent("a user starts an instance in another group", user, {
      ...change,
      eventName: "RunInstances",
      requestParameters: { groupSet: { items: [{ groupId: "sg-0f9e8d7c6b5a49382" }] } },
    }),
    {
      ...exampleEvent("an administrator runs a task in our cluster", administrator, {
        ...tasks,
        eventName: "RunTask",
        requestParameters: {
          cluster: `${namePrefix}service`,
          taskDefinition: `${namePrefix}service:12`,
          networkConfiguration: { awsvpcConfiguration: { securityGroups: [serviceGroup] } },
        },
      }),
      alsoFires: ["ecs-change"],
    },
    exampleEvent("the pipeline adds a rule", deployer, {
      ...change,
      eventName: "AuthorizeSecurityGroupIngress",
      requestParameters: { groupId: databaseGroup, ipPermissions: { items: [] } },
    }),
    exampleEvent("an administrator changes another security group", administrator, {
      ...change,
      eventName: "AuthorizeSecurityGroupIngress",
      requestParameters: { groupId: "sg-0f9e8d7c6b5a49382", ipPermissions: { items: [] } },
    }),
    exampleEvent("an administrator describes the rules", administrator, {
      ...change,
      eventName: "DescribeSecurityGroupRules",
      readOnly: true,
      requestParameters: { filterSet: {} },
    }),
  ],
};
