import type { CloudTrailRecord } from "../detection.ts";
import { exampleScope, managementEvent, onDataKey, onKey, service } from "../example-events.ts";
import { STORAGE_KEYS } from "../scope.ts";
import { type AttackStep, call } from "./attack-call.ts";
import { WORKLOAD_STEPS } from "./workload-steps.ts";

const { namePrefix, trailLogGroupName } = exampleScope;
const instance = `${namePrefix}database`;
const instanceResponse = { responseElements: { dBInstanceIdentifier: instance } };
const trail = "arn:aws:cloudtrail:ap-southeast-2:111122223333:trail/cipherwatch-dev-trail";
const elb = "arn:aws:elasticloadbalancing:ap-southeast-2:111122223333";
const loadBalancer = `${namePrefix}service/50dc6c495c0c9188`;
const topic = `arn:aws:sns:ap-southeast-2:111122223333:${namePrefix}urgent`;

const onInstance = (eventName: string, parameters: CloudTrailRecord = {}) =>
  call("rds", eventName, { dBInstanceIdentifier: instance, ...parameters }, instanceResponse);

const onOurRole = (eventName: string, roleName: string) =>
  call("iam", eventName, { roleName, policyDocument: "{}" });

/** What somebody with an account's permissions can do to read records, or to do so unseen. */
export const ATTACK_STEPS: readonly AttackStep[] = [
  ["create a snapshot", "database-copy", onInstance("CreateDBSnapshot")],
  [
    "share a snapshot",
    "database-copy",
    call("rds", "ModifyDBSnapshotAttribute", {
      dBSnapshotIdentifier: "x",
      attributeName: "restore",
      valuesToAdd: ["444455556666"],
    }),
  ],
  [
    "copy a snapshot",
    "database-copy",
    call("rds", "CopyDBSnapshot", { sourceDBSnapshotIdentifier: "x" }, instanceResponse),
  ],
  [
    "export a snapshot",
    "database-copy",
    call("rds", "StartExportTask", {
      sourceArn: "arn:aws:rds:ap-southeast-2:111122223333:snapshot:x",
      s3BucketName: "eve",
    }),
  ],
  [
    "restore a snapshot",
    "database-copy",
    call("rds", "RestoreDBInstanceFromDBSnapshot", {
      dBInstanceIdentifier: "x",
      dBSnapshotIdentifier: "x",
    }),
  ],
  [
    "make the database public",
    "database-change",
    onInstance("ModifyDBInstance", { publiclyAccessible: true }),
  ],
  [
    "reset the master password",
    "database-change",
    onInstance("ModifyDBInstance", { masterUserPassword: "****" }),
  ],
  [
    "turn deletion protection off",
    "database-change",
    onInstance("ModifyDBInstance", { deletionProtection: false }),
  ],
  [
    "delete the database",
    "database-change",
    onInstance("DeleteDBInstance", { skipFinalSnapshot: true }),
  ],
  [
    "change the parameter group",
    "database-change",
    call("rds", "ModifyDBParameterGroup", { dBParameterGroupName: `${instance}-postgres18` }),
  ],
  [
    "register a task definition with the execution role",
    "role-borrowed",
    call("ecs", "RegisterTaskDefinition", {
      family: "x",
      executionRoleArn: exampleScope.executionRoleArn,
    }),
  ],
  [
    "register a task definition whose task role is the execution role",
    "role-borrowed",
    call("ecs", "RegisterTaskDefinition", {
      family: "x",
      taskRoleArn: exampleScope.executionRoleArn,
    }),
  ],
  [
    "run the service's task definition in another cluster",
    "role-borrowed",
    call("ecs", "RunTask", { cluster: "default", taskDefinition: `${namePrefix}service:12` }),
  ],
  [
    "run a task with the execution role as an override",
    "role-borrowed",
    call("ecs", "RunTask", {
      taskDefinition: "x:1",
      overrides: { taskRoleArn: exampleScope.executionRoleArn },
    }),
  ],
  [
    "change the service role's trust",
    "role-change",
    onOurRole("UpdateAssumeRolePolicy", exampleScope.serviceRoleName),
  ],
  [
    "add a policy to the service role",
    "role-change",
    onOurRole("PutRolePolicy", exampleScope.serviceRoleName),
  ],
  [
    "attach a policy to the execution role",
    "role-change",
    onOurRole("AttachRolePolicy", exampleScope.executionRoleName),
  ],
  [
    "change the deploy role's trust",
    "role-change",
    onOurRole("UpdateAssumeRolePolicy", exampleScope.deployRoleName),
  ],
  [
    "widen the OIDC provider",
    "role-change",
    call("iam", "AddClientIDToOpenIDConnectProvider", {
      openIDConnectProviderArn:
        "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
      clientID: "eve",
    }),
  ],
  [
    "assume the service role",
    "role-change",
    call(
      "sts",
      "AssumeRole",
      { roleArn: exampleScope.serviceRoleArn, roleSessionName: "x" },
      { readOnly: true },
    ),
  ],
  [
    "disable the service's key",
    "kms-key-change",
    call("kms", "DisableKey", {}, onKey(exampleScope.keyArn)),
  ],
  ...exampleScope.storageKeyArns.map(
    (arn, index) =>
      [
        `disable the key of the ${STORAGE_KEYS[index]}`,
        "kms-key-change",
        call("kms", "DisableKey", {}, onKey(arn)),
      ] as const,
  ),
  [
    "decrypt with the service's key",
    "kms-outsider",
    call("kms", "Decrypt", {}, { readOnly: true, ...onDataKey }),
  ],
  [
    "read several secrets at once",
    "secret-access",
    call(
      "secretsmanager",
      "BatchGetSecretValue",
      { filters: [{ key: "name", values: ["rds"] }] },
      { readOnly: true },
    ),
  ],
  [
    "open the secret to another account",
    "secret-access",
    call("secretsmanager", "PutResourcePolicy", {
      secretId: "rds!db-4d1e7a90",
      resourcePolicy: "{}",
    }),
  ],
  [
    "change the listener",
    "ingress-change",
    call("elasticloadbalancing", "ModifyListener", {
      listenerArn: `${elb}:listener/app/${loadBalancer}/f2f7dc8efc522ab2`,
    }),
  ],
  [
    "detach the web ACL",
    "ingress-change",
    call("wafv2", "DisassociateWebACL", { resourceArn: `${elb}:loadbalancer/app/${loadBalancer}` }),
  ],
  [
    "replace the key of the trail's log group",
    "trail-change",
    call("logs", "AssociateKmsKey", { logGroupName: trailLogGroupName, kmsKeyId: "x" }),
  ],
  [
    "mask the trail's log events",
    "trail-change",
    call("logs", "PutDataProtectionPolicy", { logGroupIdentifier: trailLogGroupName }),
  ],
  [
    "let bearer tokens write to the trail's log group",
    "trail-change",
    call("logs", "PutBearerTokenAuthentication", {
      logGroupIdentifier: trailLogGroupName,
      bearerTokenAuthenticationEnabled: true,
    }),
  ],
  [
    "delete the configuration of the Slack channel",
    "alarm-change",
    call("chatbot", "DeleteSlackChannelConfiguration", {
      chatConfigurationArn: `arn:aws:chatbot::111122223333:chat-configuration/slack-channel/${namePrefix}chat`,
    }),
  ],
  [
    "delete the flow log",
    "trail-change",
    call("ec2", "DeleteFlowLogs", { DeleteFlowLogsRequest: { FlowLogId: { content: "fl-1" } } }),
  ],
  [
    "turn Insights off",
    "trail-change",
    call("cloudtrail", "PutInsightSelectors", { trailName: trail }),
  ],
  ["stop the trail", "trail-change", call("cloudtrail", "StopLogging", { name: trail })],
  [
    "share the image repository",
    "image-change",
    call("ecr", "SetRepositoryPolicy", { repositoryName: `${namePrefix}service` }),
  ],
  [
    "push an image",
    "image-change",
    call("ecr", "PutImage", { repositoryName: `${namePrefix}service`, imageTag: "x" }),
  ],
  [
    "subscribe to the topic",
    "alarm-change",
    call("sns", "Subscribe", { topicArn: topic, protocol: "email", endpoint: "x@example.com" }),
  ],
  [
    "decrypt with the service's stolen credentials",
    "service-credentials-outside",
    managementEvent(service, {
      eventSource: "kms.amazonaws.com",
      eventName: "Decrypt",
      readOnly: true,
      sourceIPAddress: "198.51.100.23",
      ...onDataKey,
    }),
  ],
  [
    "open the database's security group",
    "network-change",
    call("ec2", "AuthorizeSecurityGroupIngress", {
      groupId: exampleScope.securityGroupIds[1] ?? "",
      ipPermissions: { items: [] },
    }),
  ],
  [
    "delete a VPC endpoint",
    "network-change",
    call("ec2", "DeleteVpcEndpoints", {
      DeleteVpcEndpointsRequest: { VpcEndpointId: { tag: 1, content: "vpce-1" } },
    }),
  ],
  [
    "let others write plans for the pipeline",
    "bucket-change",
    call("s3", "PutBucketPolicy", { bucketName: `${namePrefix}plans-111122223333-x` }),
  ],
  [
    "delete the log group of the web ACL",
    "trail-change",
    call("logs", "DeleteLogGroup", { logGroupName: `aws-waf-logs-${namePrefix}service` }),
  ],
  [
    "stop exporting the database's log",
    "database-change",
    onInstance("ModifyDBInstance", {
      cloudwatchLogsExportConfiguration: { disableLogTypes: ["postgresql"] },
    }),
  ],
  [
    "delete a snapshot",
    "database-change",
    call("rds", "DeleteDBSnapshot", { dBSnapshotIdentifier: "x" }, instanceResponse),
  ],
  [
    "replicate the database to a data warehouse",
    "database-copy",
    call("rds", "CreateIntegration", {
      sourceArn: `arn:aws:rds:ap-southeast-2:111122223333:db:${instance}`,
    }),
  ],
  [
    "purge the queue of the alarm events",
    "alarm-change",
    call("sqs", "PurgeQueue", { queueUrl: `https://sqs.example/111122223333/${namePrefix}x` }),
  ],
  [
    "make the topic reject messages",
    "alarm-change",
    call("sns", "PutDataProtectionPolicy", { resourceArn: topic, dataProtectionPolicy: "{}" }),
  ],
  ...WORKLOAD_STEPS,
];
