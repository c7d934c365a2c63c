import { TARGET_GROUP_PREFIX } from "../../common/naming.ts";
import { exampleScope } from "../example-events.ts";
import { type AttackStep, call } from "./attack-call.ts";

const { namePrefix, executionRoleArn, serviceRoleArn } = exampleScope;
const [serviceGroup = ""] = exampleScope.securityGroupIds;
const inServiceGroup = { groupSet: { items: [{ groupId: serviceGroup }] } };
const targetGroupArn = `arn:aws:elasticloadbalancing:ap-southeast-2:111122223333:targetgroup/${TARGET_GROUP_PREFIX}20260302/73e2d6bc24d8a067`;

/** What somebody with an account's permissions can do to run something in the place of the service, or beside it. */
export const WORKLOAD_STEPS: readonly AttackStep[] = [
  [
    "start an instance in the security group of the tasks",
    "network-change",
    call("ec2", "RunInstances", { instanceType: "t4g.nano", ...inServiceGroup }),
  ],
  [
    "create a network interface in the security group of the tasks",
    "network-change",
    call("ec2", "CreateNetworkInterface", { subnetId: "subnet-1", ...inServiceGroup }),
  ],
  [
    "move a network interface to the security group of the tasks",
    "network-change",
    call("ec2", "ModifyNetworkInterfaceAttribute", {
      networkInterfaceId: "eni-1",
      ...inServiceGroup,
    }),
  ],
  [
    "move an instance to the security group of the tasks",
    "network-change",
    call("ec2", "ModifyInstanceAttribute", { instanceId: "i-1", ...inServiceGroup }),
  ],
  [
    "run a task of another application in the security group of the tasks",
    "network-change",
    call("ecs", "RunTask", {
      taskDefinition: "x:1",
      networkConfiguration: { awsvpcConfiguration: { securityGroups: [serviceGroup] } },
    }),
  ],
  [
    "create an Express service in the security group of the tasks",
    "network-change",
    call("ecs", "CreateExpressGatewayService", {
      networkConfiguration: { securityGroups: [serviceGroup] },
    }),
  ],
  [
    "register another service with the target group",
    "ingress-change",
    call("ecs", "CreateService", {
      serviceName: "x",
      taskDefinition: "x:1",
      loadBalancers: [{ targetGroupArn }],
    }),
  ],
  [
    "change the order of the listener's rules",
    "ingress-change",
    call("elasticloadbalancing", "SetRulePriorities", {
      rulePriorities: [
        {
          ruleArn: `arn:aws:elasticloadbalancing:ap-southeast-2:111122223333:listener-rule/app/${namePrefix}service/1/2/3`,
          priority: 50,
        },
      ],
    }),
  ],
  [
    "create a database proxy in the security group of the tasks",
    "network-change",
    call("rds", "CreateDBProxy", { dBProxyName: "x", vpcSecurityGroupIds: [serviceGroup] }),
  ],
  [
    "connect a proxy to the database",
    "database-change",
    call("rds", "RegisterDBProxyTargets", {
      dBProxyName: "x",
      dBInstanceIdentifiers: [`${namePrefix}database`],
    }),
  ],
  [
    "create an Express service with the service's role",
    "role-borrowed",
    call("ecs", "CreateExpressGatewayService", { taskRoleArn: serviceRoleArn }),
  ],
  [
    "register a daemon task definition with the execution role",
    "role-borrowed",
    call("ecs", "RegisterDaemonTaskDefinition", { family: "x", executionRoleArn }),
  ],
  [
    "stop a task",
    "ecs-change",
    call("ecs", "StopTask", { cluster: `${namePrefix}service`, task: "x" }),
  ],
  [
    "delete the service's task definition",
    "ecs-change",
    call("ecs", "DeleteTaskDefinitions", { taskDefinitions: [`${namePrefix}service:12`] }),
  ],
  [
    "archive the image",
    "image-change",
    call("ecr", "UpdateImageStorageClass", {
      repositoryName: `${namePrefix}service`,
      targetStorageClass: "ARCHIVE",
    }),
  ],
  [
    "deny everybody to pull the image",
    "image-change",
    call("ecr", "PutRegistryPolicy", { policyText: "{}" }),
  ],
];
