import { exampleScope, managementEvent, onKey, service, user } from "../example-events.ts";
import { databaseName } from "../scope.ts";
import { type AttackStep, call } from "./attack-call.ts";

const instance = databaseName(exampleScope);
const rds = "arn:aws:rds:ap-southeast-2:111122223333";
const { namePrefix, detectionNamespace } = exampleScope;
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
];
