import {
  allOf,
  CALLER_ROLE_ARN,
  jsonPattern,
  matchesAny,
  matchesNone,
  serviceLinkedRole,
} from "./pattern.ts";
import { type DetectionScope, databaseName } from "./scope.ts";

/** A pattern has at most three selectors with `[*]`: one for each security group. */
const GROUPS = "groupSet.items[*].groupId";

const ENDPOINT_GROUPS = "requestParameters.CreateVpcEndpointRequest.SecurityGroupId";

/**
 * Members of other services' requests, such as those of Elastic Load Balancing, VPC Lattice, Lambda and CodeBuild.
 * Services with a role of their own leave no record of the interfaces that they create, or not of all.
 */
const OTHER_GROUPS = ["securityGroups", "securityGroupIds", "vpcConfig.securityGroupIds"];

/** Requests that name a cluster, and the security groups of its tasks. */
const TASKS = ["RunTask", "StartTask", "CreateService", "UpdateService", "CreateTaskSet"];

/**
 * Patterns of the calls that put something into our security groups, which then connects like the tasks, the database
 * or the VPC endpoints. ECS and RDS create the interfaces of these themselves. Calls on our own cluster are those of
 * ecs-change.
 */
export function placementPatterns(scope: DetectionScope): readonly string[] {
  const ec2 = (calls: readonly string[], member: string, ...conditions: readonly string[]) =>
    placement("ec2", calls, namesOurs(scope, member), ...conditions);
  return [
    ec2(["RunInstances", "ModifyInstanceAttribute"], `requestParameters.${GROUPS}`),
    // The groups of a launch template are in the response only.
    ec2(["RunInstances"], `responseElements.instancesSet.items[0].${GROUPS}`),
    // Further interfaces of an instance.
    ec2(
      ["RunInstances"],
      "requestParameters.networkInterfaceSet.items[*].groupSet.items[0].groupId",
    ),
    // CreateNetworkInterface and ModifyNetworkInterfaceAttribute, also by services that connect to a VPC on
    // somebody's behalf, such as Lambda.
    ec2(
      ["*NetworkInterface*"],
      `requestParameters.${GROUPS}`,
      matchesNone(CALLER_ROLE_ARN, serviceLinkedRole("ecs"), serviceLinkedRole("rds")),
      matchesNone("$.userIdentity.type", "AWSService"),
    ),
    // EC2 records one group as an object, several as a list.
    ec2(["CreateVpcEndpoint"], `${ENDPOINT_GROUPS}.content`),
    ec2(["CreateVpcEndpoint"], `${ENDPOINT_GROUPS}[*].content`),
    // RDS creates the interfaces of proxies, and of another database, which can connect to ours.
    placement(
      "rds",
      ["CreateDB*", "ModifyDB*"],
      namesOurs(scope, "requestParameters.vpcSecurityGroupIds[*]"),
      matchesNone("$.requestParameters.dBInstanceIdentifier", databaseName(scope)),
    ),
    placement(
      "ecs",
      TASKS,
      namesOurs(
        scope,
        "requestParameters.networkConfiguration.awsvpcConfiguration.securityGroups[*]",
      ),
      inOtherCluster(scope),
    ),
    placement(
      "ecs",
      ["CreateExpressGatewayService", "UpdateExpressGatewayService"],
      namesOurs(scope, "requestParameters.networkConfiguration.securityGroups[*]"),
      inOtherCluster(scope),
    ),
    ...OTHER_GROUPS.map((member) =>
      jsonPattern(allOf("$.readOnly IS FALSE", namesOurs(scope, `requestParameters.${member}[*]`))),
    ),
    // Another account can then start instances in the group, and only its own trail records that.
    placement(
      "ram",
      ["*ResourceShare"],
      matchesAny(
        "$.requestParameters.resourceArns[*]",
        ...scope.securityGroupIds.map((id) => `*/${id}`),
      ),
    ),
  ];
}

function placement(
  service: string,
  calls: readonly string[],
  ...conditions: readonly string[]
): string {
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", `${service}.amazonaws.com`),
      matchesAny("$.eventName", ...calls),
      ...conditions,
    ),
  );
}

const namesOurs = ({ securityGroupIds }: DetectionScope, member: string) =>
  matchesAny(`$.${member}`, ...securityGroupIds);

/** Without a name, ECS uses the cluster `default`. */
export const inOtherCluster = ({ namePrefix }: DetectionScope): string =>
  matchesNone("$.requestParameters.cluster", `*${namePrefix}*`);
