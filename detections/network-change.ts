import type { TrailDetection } from "./detection.ts";
import { administrator, deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";
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

const [serviceGroup, databaseGroup] = exampleScope.securityGroupIds;
const change = { eventSource: "ec2.amazonaws.com", readOnly: false };

export const networkChange: TrailDetection = {
  id: "network-change",
  title: "A security group or a VPC endpoint was changed outside the pipeline",
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
        ],
  expectedCallers: ({ deployRoleArn }) => ({ roles: [deployRoleArn] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Security groups alone decide who can connect to the database and to the service. The policies of the VPC endpoints restrict which roles can use AWS from the VPC. Somebody opened a way in, or a way out for data.",
  falsePositives: [
    "An administrator repaired a connection manually: planned, and by a person you know.",
    "Another team changed a VPC endpoint of its own in this account: exclude its role.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see which group or endpoint was changed, by whom, and from where.",
    "Restore it: run `npm run diff network database service`, then `npm run deploy` for the stacks that differ.",
    "Check who connected in the meantime: the flow log for accepted connections, and the database's log for sessions.",
    "Revoke the caller's access.",
  ],
  insightsQuery: () =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.groupId, requestParameters.ModifySecurityGroupRulesRequest.GroupId, requestParameters.ipPermissions.items.0.ipRanges.items.0.cidrIp, eventID, errorCode",
      'filter eventSource = "ec2.amazonaws.com" and eventName like /SecurityGroup(Ingress|Egress|Rules)|DeleteSecurityGroup|ModifyVpcEndpoint|DeleteVpcEndpoints/ and eventName not like /^Describe/',
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
  ],
  mustNotFire: [
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
