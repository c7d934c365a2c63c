/** Assumptions that documentation does not confirm. Check them in an account, with the command, before you rely on them. */
export const unverified: readonly (readonly [assumption: string, check: string])[] = [
  [
    "Records of calls by KMS, RDS, IAM, ECR, S3, Elastic Load Balancing and WAF contain `readOnly`, also those of denied calls. AWS documents the field as optional.",
    "Change a tag of each resource, and look the events up with `aws cloudtrail lookup-events`.",
  ],
  [
    "Responses of RDS contain `dBInstanceIdentifier` in lower case, also those of DeleteDBSnapshot, CopyDBSnapshot and DeleteDBInstanceAutomatedBackup.",
    "Copy and delete a snapshot and a backup of a test database.",
  ],
  [
    "Records of calls that Systems Manager Automation, Step Functions, EventBridge Scheduler and CloudFormation make with somebody's permissions have these services in `invokedBy`.",
    "Run an automation that calls `kms:ListKeys`.",
  ],
  [
    "Members of EC2 requests: `groupId` for AuthorizeSecurityGroup… and RevokeSecurityGroup…, `ModifySecurityGroupRulesRequest.GroupId` for ModifySecurityGroupRules. The first is documented, the second seen in published queries.",
    "Change the description of a rule with each call.",
  ],
  [
    "ECS and RDS create the network interfaces of tasks and of the database with their service-linked roles, and AWS those of VPC endpoints as an AWS service. AWS documents the role of ECS in records and the permission of RDS. If one of these calls had another caller, each start of a task would raise network-change.",
    "Start a task, and look CreateNetworkInterface up with `aws cloudtrail lookup-events`.",
  ],
  [
    "RunInstances, ModifyInstanceAttribute, CreateNetworkInterface and ModifyNetworkInterfaceAttribute record groups as `groupSet.items[].groupId`, and CreateVpcEndpoint as `CreateVpcEndpointRequest.SecurityGroupId`. The first and third are published, the others follow them. Launch templates, Auto Scaling, fleets and Spot requests leave a RunInstances record with the groups in its response. Of each further interface of an instance, network-change compares the first group, and none if a launch template has it.",
    "Start an instance from a launch template in a group of a test, and move it and an interface to another.",
  ],
  [
    "Lambda and other services that connect to a VPC on somebody's behalf leave a CreateNetworkInterface record with the groups. They share an interface between functions with the same groups and subnets, so only the first function leaves one.",
    "Create a function in a group of a test.",
  ],
  [
    "Express services and daemons of ECS record the members of their requests as the API reference names them. AWS publishes no record of them.",
    "Create and delete one of each.",
  ],
  [
    "Amazon Q Developer in chat applications records `chatConfigurationArn`, or `ChatConfigurationArn` as in its API reference. alarm-change compares both.",
    "Change the logging level of a channel of a test.",
  ],
  [
    "Fargate's start of a task reads the secret from the task's own network interface, so through the NAT gateway or the VPC endpoint.",
    "Start a task, and compare `sourceIPAddress` and `vpcEndpointId` of GetSecretValue.",
  ],
  [
    "Records of calls through VPC endpoints contain `vpcEndpointId`, which AWS documents, also those of denied calls.",
    "Decrypt a record in an environment with VPC endpoints.",
  ],
  [
    "A telemetry pipeline can drop or change log events of CloudTrail before metric filters count them. AWS documents both for log groups, and names no exception.",
    "Create a pipeline on a log group of a test that drops an event.",
  ],
  [
    "UpdateEventBus records `name`, or none for the default event bus. With a disabled key of somebody else, the rules of the bus match nothing.",
    "Set a key of a test for the default event bus of a test account, disable the key, and cause an event.",
  ],
  [
    "IAM accepts a role's name in any case, and records it as the caller wrote it. AWS documents that names are not distinguished by case.",
    "Call TagRole with the name of a role of a test in capitals.",
  ],
  [
    "Requests above 100 KB have the member `omitted` in place of their parameters, and those to ECR name the repository among their resources. AWS documents the member, researchers published a record of IAM.",
    "Call PutRolePolicy with a policy that is padded with white space, and PutImage with a manifest of more than 100 KB.",
  ],
  [
    "BatchGetSecretValue leaves no GetSecretValue record for each secret. The detection counts both.",
    "Read two secrets at once.",
  ],
  [
    "PutMetricData with a negative value in the detections' namespace lowers the sums of alarms with a threshold above 1, such as those on volume; at a threshold of 1, alarms evaluate the maximum, which it cannot lower. The call is a data event, which the trail does not record. It needs `cloudwatch:PutMetricData`, which any instance with AWS's CloudWatchAgentServerPolicy has, but neither of the service's roles. A log event in the embedded metric format does the same, and needs only `logs:PutLogEvents`.",
    "Deny it for namespaces that begin with `Cipherwatch/` (`cloudwatch:namespace`).",
  ],
  [
    "Denied calls: the records of KMS have no key, and those of EC2 have request parameters. For the other services AWS documents neither.",
    "Repeat a call of each kind with a role without permissions.",
  ],
];
