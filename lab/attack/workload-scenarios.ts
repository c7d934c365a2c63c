import { TARGET_GROUP_PREFIX } from "../../common/naming.ts";
import type { LabClient } from "./lab-client.ts";
import type { Scenario } from "./scenario.ts";

const live = (description: string, run: Scenario["run"]): Scenario => ({
  description,
  kind: "live",
  run,
});

export const containerDefinitions = [{ name: "x", image: "public.ecr.aws/docker/library/busybox" }];

/** Returns the ARN of a resource of Elastic Load Balancing. */
export const elb = ({ scope, region }: LabClient, resource: string) =>
  `arn:aws:elasticloadbalancing:${region}:${scope.accountId}:${resource}`;

export const targetGroupArn = (lab: LabClient) =>
  elb(lab, `targetgroup/${TARGET_GROUP_PREFIX}20260302/73e2d6bc24d8a067`);

/** Returns the id of the tasks' security group. */
const taskSecurityGroup = ({ scope }: LabClient) => scope.securityGroupIds[0] ?? "";

export const placementScenarios: readonly Scenario[] = [
  live("mallory starts an instance in the security group of the tasks", (lab) =>
    lab.attacker.query("ec2", "RunInstances", {
      ImageId: "ami-0a1b2c3d4e5f60717",
      InstanceType: "t4g.nano",
      MinCount: "1",
      MaxCount: "1",
      "SecurityGroupId.1": taskSecurityGroup(lab),
    }),
  ),
  live("mallory creates a network interface in the security group of the tasks", (lab) =>
    lab.attacker.query("ec2", "CreateNetworkInterface", {
      SubnetId: "subnet-0a1b2c3d4e5f60715",
      "SecurityGroupId.1": taskSecurityGroup(lab),
    }),
  ),
  live("mallory moves a network interface to the security group of the tasks", (lab) =>
    lab.attacker.query("ec2", "ModifyNetworkInterfaceAttribute", {
      NetworkInterfaceId: "eni-0a1b2c3d4e5f60713",
      "SecurityGroupId.1": taskSecurityGroup(lab),
    }),
  ),
  live("mallory moves an instance to the security group of the tasks", (lab) =>
    lab.attacker.query("ec2", "ModifyInstanceAttribute", {
      InstanceId: "i-0a1b2c3d4e5f60716",
      "GroupId.1": taskSecurityGroup(lab),
    }),
  ),
  live("mallory runs a task of her own in the security group of the tasks", (lab) =>
    lab.attacker.json("ecs", "RunTask", {
      taskDefinition: "maintenance:1",
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ["subnet-0a1b2c3d4e5f60715"],
          securityGroups: [taskSecurityGroup(lab)],
        },
      },
    }),
  ),
  live("mallory creates an Express service in the security group of the tasks", (lab) =>
    lab.attacker.json("ecs", "CreateExpressGatewayService", {
      serviceName: "maintenance",
      executionRoleArn: `arn:aws:iam::${lab.scope.accountId}:role/ecsTaskExecutionRole`,
      infrastructureRoleArn: `arn:aws:iam::${lab.scope.accountId}:role/ecsInfrastructureRole`,
      primaryContainer: { image: containerDefinitions[0]?.image },
      networkConfiguration: { securityGroups: [taskSecurityGroup(lab)] },
    }),
  ),
  live("mallory creates a database proxy in the security group of the tasks", (lab) =>
    lab.attacker.query("rds", "CreateDBProxy", {
      DBProxyName: "mallory",
      EngineFamily: "POSTGRESQL",
      RoleArn: `arn:aws:iam::${lab.scope.accountId}:role/proxy`,
      "VpcSubnetIds.member.1": "subnet-0a1b2c3d4e5f60715",
      "VpcSecurityGroupIds.member.1": taskSecurityGroup(lab),
    }),
  ),
  live("mallory opens the security group of the database to the internet", ({ attacker, scope }) =>
    attacker.query("ec2", "AuthorizeSecurityGroupIngress", {
      GroupId: scope.securityGroupIds[1] ?? "",
      "IpPermissions.1.IpProtocol": "tcp",
      "IpPermissions.1.FromPort": "5432",
      "IpPermissions.1.ToPort": "5432",
      "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0",
    }),
  ),
];

export const requestScenarios: readonly Scenario[] = [
  live("mallory creates a service of her own whose tasks get the requests", (lab) =>
    lab.attacker.json("ecs", "CreateService", {
      serviceName: "maintenance",
      taskDefinition: "maintenance:1",
      loadBalancers: [
        { targetGroupArn: targetGroupArn(lab), containerName: "x", containerPort: 8080 },
      ],
    }),
  ),
  live("mallory changes the order of the listener's rules", (lab) =>
    lab.attacker.query("elasticloadbalancing", "SetRulePriorities", {
      "RulePriorities.member.1.RuleArn": elb(
        lab,
        `listener-rule/app/${lab.scope.namePrefix}service/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`,
      ),
      "RulePriorities.member.1.Priority": "50",
    }),
  ),
];

export const borrowedRoleScenarios: readonly Scenario[] = [
  live("mallory creates an Express service with the service's role", ({ attacker, scope }) =>
    attacker.json("ecs", "CreateExpressGatewayService", {
      serviceName: "maintenance",
      taskRoleArn: scope.serviceRoleArn,
      executionRoleArn: scope.executionRoleArn,
      infrastructureRoleArn: `arn:aws:iam::${scope.accountId}:role/ecsInfrastructureRole`,
      primaryContainer: { image: containerDefinitions[0]?.image },
    }),
  ),
  live("mallory registers a daemon with the execution role", ({ attacker, scope }) =>
    attacker.json("ecs", "RegisterDaemonTaskDefinition", {
      family: "maintenance",
      executionRoleArn: scope.executionRoleArn,
      containerDefinitions,
    }),
  ),
];

export const serviceStopScenarios: readonly Scenario[] = [
  live("mallory stops a task of the service", ({ attacker, scope }) =>
    attacker.json("ecs", "StopTask", {
      cluster: `${scope.namePrefix}service`,
      task: "5e1d0a9c4b8f47d2a6c3e7f0918b2d54",
    }),
  ),
  live("mallory deletes the service's task definition", ({ attacker, scope }) =>
    attacker.json("ecs", "DeleteTaskDefinitions", {
      taskDefinitions: [`${scope.namePrefix}service:12`],
    }),
  ),
];

export const imageScenarios: readonly Scenario[] = [
  live("mallory archives the image of the service", ({ attacker, scope }) =>
    attacker.json("ecr", "UpdateImageStorageClass", {
      repositoryName: `${scope.namePrefix}service`,
      imageId: { imageTag: "latest" },
      targetStorageClass: "ARCHIVE",
    }),
  ),
  live("mallory denies every caller the use of the registry", ({ attacker }) =>
    attacker.json("ecr", "PutRegistryPolicy", {
      policyText: JSON.stringify({
        Version: "2012-10-17",
        Statement: { Effect: "Deny", Principal: "*", Action: "ecr:*", Resource: "*" },
      }),
    }),
  ),
];
