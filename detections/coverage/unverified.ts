/** What documentation does not settle. Check it in an account, with the command, before you rely on it. */
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
    "Members of EC2 requests: `groupId` for AuthorizeSecurityGroup… and RevokeSecurityGroup…, `ModifySecurityGroupRulesRequest.GroupId` for ModifySecurityGroupRules. The first is documented, the second seen in published queries.",
    "Change the description of a rule with each call.",
  ],
  [
    "Fargate's start of a task reads the secret from the task's own network interface, so through the NAT gateway or the VPC endpoint.",
    "Start a task, and compare `sourceIPAddress` and `vpcEndpointId` of GetSecretValue.",
  ],
  [
    "Records of calls through VPC endpoints contain `vpcEndpointId` and, since 2024, `vpcEndpointAccountId`. The detection accepts records without the second.",
    "Decrypt a record in an environment with VPC endpoints.",
  ],
  [
    "IAM requests above 100 KB have the member `reason` with the value `requestParameters too large` in place of their parameters. Researchers published this; AWS does not document it.",
    "Call PutRolePolicy with a policy that is padded with white space.",
  ],
  [
    "BatchGetSecretValue leaves no GetSecretValue record for each secret. The detection counts both.",
    "Read two secrets at once.",
  ],
  [
    "PutMetricData with a negative value in the detections' namespace lowers the sums of alarms with a threshold above 1, such as those on volume; at a threshold of 1, alarms evaluate the maximum, which it cannot lower. It is a data event, which the trail does not record, and needs `cloudwatch:PutMetricData`, which neither of the service's roles has, but any instance with AWS's CloudWatchAgentServerPolicy.",
    "Deny it for namespaces that begin with `Cipherwatch/` (`cloudwatch:namespace`).",
  ],
  [
    "Denied calls: the records of KMS have no key, and those of EC2 have request parameters. For the other services AWS documents neither.",
    "Repeat a call of each kind with a role without permissions.",
  ],
];
