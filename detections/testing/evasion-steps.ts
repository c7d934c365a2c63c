import {
  deployer,
  exampleScope,
  managementEvent,
  onKey,
  service,
  user,
} from "../example-events.ts";
import { databaseName } from "../scope.ts";
import { type AttackStep, call } from "./attack-call.ts";

const instance = databaseName(exampleScope);
const rds = "arn:aws:rds:ap-southeast-2:111122223333";
const { namePrefix, detectionNamespace } = exampleScope;
const [serviceGroup = "", databaseGroup = ""] = exampleScope.securityGroupIds;
const TASK = "5e1d0a9c4b8f47d2a6c3e7f0918b2d54";
const [databaseKey = "", secretKey = ""] = exampleScope.storageKeyArns;

/** A call that another AWS service makes with the user's permissions. */
const throughService = (invokedBy: string, eventName: string, keyArn: string) =>
  managementEvent(
    { ...user, invokedBy },
    { eventSource: "kms.amazonaws.com", eventName, readOnly: false, ...onKey(keyArn) },
  );

const failedWithStolenSession = (eventSource: string, eventName: string, errorCode: string) =>
  managementEvent(service, {
    eventSource,
    eventName,
    readOnly: true,
    errorCode,
    sourceIPAddress: "198.51.100.23",
  });

/** The goals of `ATTACK_STEPS` by calls, spellings and errors that are less usual, and that the lab does not make. */
export const EVASION_STEPS: readonly AttackStep[] = [
  [
    "restore a snapshot as an Aurora cluster",
    "database-copy",
    call("rds", "RestoreDBClusterFromSnapshot", {
      dBClusterIdentifier: "x",
      engine: "aurora-postgresql",
      snapshotIdentifier: `${rds}:snapshot:rds:${instance}-2026-03-02-15-11`,
    }),
  ],
  [
    "replicate the database to an Aurora cluster",
    "database-copy",
    call("rds", "CreateDBCluster", {
      dBClusterIdentifier: "x",
      engine: "aurora-postgresql",
      replicationSourceIdentifier: `${rds}:db:${instance}`,
    }),
  ],
  [
    "replicate the database to an Aurora cluster, with its name in capitals",
    "database-copy",
    call(
      "rds",
      "CreateDBCluster",
      { replicationSourceIdentifier: `${rds}:db:${instance.toUpperCase()}` },
      { responseElements: { replicationSourceIdentifier: `${rds}:db:${instance}` } },
    ),
  ],
  [
    "stop the copies of backups in the second Region",
    "database-change",
    call(
      "rds",
      "StopDBInstanceAutomatedBackupsReplication",
      { sourceDBInstanceArn: `${rds}:db:${instance}` },
      { responseElements: { dBInstanceIdentifier: instance } },
    ),
  ],
  [
    "change the parameter group, with its name in capitals",
    "database-change",
    call(
      "rds",
      "ModifyDBParameterGroup",
      { dBParameterGroupName: `${instance}-postgres18`.toUpperCase() },
      { responseElements: { dBParameterGroupName: `${instance}-postgres18` } },
    ),
  ],
  [
    "change the subnet group, with its name in capitals",
    "database-change",
    call(
      "rds",
      "ModifyDBSubnetGroup",
      { dBSubnetGroupName: instance.toUpperCase() },
      { responseElements: { dBSubnetGroupName: instance } },
    ),
  ],
  [
    "schedule the deletion of the database's key through Systems Manager Automation",
    "kms-key-change",
    throughService("ssm.amazonaws.com", "ScheduleKeyDeletion", databaseKey),
  ],
  [
    "open the key of the master secret through CloudFormation",
    "kms-key-change",
    throughService("cloudformation.amazonaws.com", "PutKeyPolicy", secretKey),
  ],
  [
    "revoke the grant of RDS on the database's key through Step Functions",
    "kms-key-change",
    throughService("states.amazonaws.com", "RevokeGrant", databaseKey),
  ],
  [
    "ask SNS, whose denials have an error code of their own, with the service's stolen credentials",
    "service-credentials-outside",
    failedWithStolenSession("sns.amazonaws.com", "ListTopics", "AuthorizationError"),
  ],
  [
    "look for a bucket that does not exist with the service's stolen credentials",
    "service-credentials-outside",
    failedWithStolenSession("s3.amazonaws.com", "GetBucketPolicy", "NoSuchBucket"),
  ],
  [
    "lower the number of decrypts with a metric filter of another name",
    "alarm-change",
    call("logs", "PutMetricFilter", {
      logGroupName: "/another/application",
      filterName: "x",
      metricTransformations: [
        { metricNamespace: detectionNamespace, metricName: "kms-volume", metricValue: "-1000" },
      ],
    }),
  ],
  [
    "exclude a day of copying from the training of an anomaly detector",
    "alarm-change",
    call("monitoring", "PutAnomalyDetector", {
      namespace: detectionNamespace,
      metricName: "kms-volume",
      stat: "Sum",
      configuration: { excludedTimeRanges: [] },
    }),
  ],
  [
    "delete the trail's files by a life cycle so long that CloudTrail omits the bucket's name",
    "trail-change",
    call("s3", "PutBucketLifecycle", { omitted: true, originalSize: 131_072 }),
  ],
  [
    "push an image whose manifest is so long that CloudTrail omits the repository's name",
    "image-change",
    call(
      "ecr",
      "PutImage",
      { reason: "requestParameters too large", omitted: true, originalSize: 131_072 },
      {
        resources: [
          {
            accountId: "111122223333",
            ARN: `arn:aws:ecr:ap-southeast-2:111122223333:repository/${namePrefix}service`,
          },
        ],
      },
    ),
  ],
  [
    "open a shell in a task through Session Manager, without ECS Exec",
    "ecs-change",
    call("ssm", "StartSession", { target: `ecs:${namePrefix}service_${TASK}_${TASK}-0265927825` }),
  ],
  [
    "stop all tasks through Application Auto Scaling",
    "ecs-change",
    call("autoscaling", "RegisterScalableTarget", {
      serviceNamespace: "ecs",
      resourceId: `service/${namePrefix}service/${namePrefix}service`,
      minCapacity: 0,
      maxCapacity: 0,
    }),
  ],
  [
    "put a load balancer of her own into the security group of the tasks",
    "network-change",
    call("elasticloadbalancing", "CreateLoadBalancer", {
      name: "x",
      type: "network",
      securityGroups: ["sg-1", serviceGroup],
    }),
  ],
  [
    "put a resource gateway of VPC Lattice into the security group of the tasks",
    "network-change",
    call("vpc-lattice", "CreateResourceGateway", { name: "x", securityGroupIds: [serviceGroup] }),
  ],
  [
    "put a further function into the security group of the tasks, which creates no interface",
    "network-change",
    call("lambda", "CreateFunction20150331", {
      functionName: "x",
      vpcConfig: { securityGroupIds: [serviceGroup] },
    }),
  ],
  [
    "share the security group of the database with another account, whose trail records who joins it",
    "network-change",
    call("ram", "CreateResourceShare", {
      name: "x",
      resourceArns: [
        "arn:aws:ec2:ap-southeast-2:111122223333:subnet/subnet-1",
        `arn:aws:ec2:ap-southeast-2:111122223333:security-group/${databaseGroup}`,
      ],
      principals: ["444455556666"],
    }),
  ],
  [
    "change the service's role, with its name in capitals",
    "role-change",
    call("iam", "PutRolePolicy", {
      roleName: exampleScope.serviceRoleName.toUpperCase(),
      policyDocument: "{}",
    }),
  ],
  [
    "drop the log events of an attack with a telemetry pipeline, whose record names no log group",
    "trail-change",
    call("observabilityadmin", "CreateTelemetryPipeline", {
      name: "pipeline",
      configuration: { body: "pipeline: {}" },
    }),
  ],
  [
    "delete all automated backups as the pipeline",
    "database-change",
    managementEvent(deployer, {
      eventSource: "rds.amazonaws.com",
      eventName: "ModifyDBInstance",
      readOnly: false,
      requestParameters: { dBInstanceIdentifier: instance, backupRetentionPeriod: 0 },
      responseElements: { dBInstanceIdentifier: instance },
    }),
  ],
  [
    "encrypt the default event bus with a key of her own, which she then disables",
    "alarm-change",
    call("events", "UpdateEventBus", { name: "default", kmsKeyIdentifier: "alias/x" }),
  ],
];
