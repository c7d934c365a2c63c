import type { TrailDetection } from "./detection.ts";
import { administrator, exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

const instanceName = ({ namePrefix }: DetectionScope) => `${namePrefix}database`;

/** Copies that name the instance, in the request or in the response. */
const COPIES_OF_INSTANCE = ["CreateDBSnapshot", "CopyDBSnapshot", "CreateDBInstanceReadReplica"];

/** Copies that name the instance's ARN: a zero-ETL integration, a blue/green deployment, a replica as an Aurora cluster. */
const COPIES_OF_ARN = ["CreateIntegration", "CreateBlueGreenDeployment", "CreateDBCluster"];

const RESTORE_AS_CLUSTER = "RestoreDBClusterFromSnapshot";

/** Uses of snapshots and backups. Their records name the snapshot, which may have any name. */
const USES_OF_BACKUPS = [
  "ModifyDBSnapshotAttribute",
  "RestoreDBInstance*",
  "StartExportTask",
  "StartDBInstanceAutomatedBackupsReplication",
];

const change = { eventSource: "rds.amazonaws.com", readOnly: false };
const dBInstanceIdentifier = instanceName(exampleScope);
const snapshot = "before-migration";
const region = "ap-southeast-2:111122223333";

export const databaseCopy: TrailDetection = {
  id: "database-copy",
  title: "The database was copied, or a backup was shared, exported or restored",
  severity: "high",
  tactic: "exfiltration",
  source: "trail",
  // Counts uses of any snapshot of the account, and any caller: RDS makes its daily backups without API
  // calls, and no deployment copies the database.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "rds.amazonaws.com"),
        anyOf(
          matchesAny("$.eventName", ...USES_OF_BACKUPS),
          `(${allOf(
            matchesAny("$.eventName", ...COPIES_OF_INSTANCE),
            anyOf(
              ...["dBInstanceIdentifier", "sourceDBInstanceIdentifier"].map((member) =>
                matchesAny(`$.requestParameters.${member}`, `*${instanceName(scope)}`),
              ),
              matchesAny(
                "$.requestParameters.sourceDBSnapshotIdentifier",
                `*${instanceName(scope)}*`,
              ),
              ...["dBInstanceIdentifier", "readReplicaSourceDBInstanceIdentifier"].map((member) =>
                matchesAny(`$.responseElements.${member}`, `*${instanceName(scope)}`),
              ),
            ),
          )})`,
        ),
      ),
    ),
  furtherPatterns: (scope) => [
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "rds.amazonaws.com"),
        matchesAny("$.eventName", ...COPIES_OF_ARN),
        anyOf(
          ...[
            "requestParameters.sourceArn",
            "requestParameters.source",
            "requestParameters.replicationSourceIdentifier",
            "responseElements.replicationSourceIdentifier",
          ].map((member) => matchesAny(`$.${member}`, `*:db:${instanceName(scope)}`)),
        ),
      ),
    ),
    // Only an ARN specifies a snapshot of an instance here. Snapshots of clusters have other ARNs.
    jsonPattern(
      allOf(
        matchesAny("$.eventName", RESTORE_AS_CLUSTER),
        matchesAny("$.requestParameters.snapshotIdentifier", "*:snapshot:*"),
      ),
    ),
  ],
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The database's security group, log and passwords do not protect a copy. The records in it stay encrypted: decrypting them also takes the service's KMS key and the callers' Keys.",
  falsePositives: [
    "A restore or a migration: planned, and by a person you know. Delete the copy afterwards.",
    "AWS Backup, or a team that shares this account, copies databases: exclude its role.",
  ],
  runbook: [
    "Run the query to see who copied or shared what, and with which account.",
    "Stop sharing (`aws rds modify-db-snapshot-attribute`), cancel exports (`aws rds cancel-export-task`), and delete unknown snapshots, replicas and instances.",
    "Whoever copied a shared snapshot keeps the copy, but needs the database's KMS key to restore it: check kms-key-change for grants and policies, and disable that key's foreign access.",
    "Revoke the caller's access.",
  ],
  insightsQuery: () =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.dBSnapshotIdentifier, requestParameters.valuesToAdd.0, requestParameters.sourceArn, requestParameters.s3BucketName, eventID, errorCode",
      `filter eventSource = "rds.amazonaws.com" and eventName in ${JSON.stringify([...COPIES_OF_INSTANCE, ...COPIES_OF_ARN, ...USES_OF_BACKUPS.filter((name) => !name.endsWith("*")), "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime", RESTORE_AS_CLUSTER])}`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSnapshotAttribute.html
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
  mustFire: [
    exampleEvent("a user shares a snapshot with another account", user, {
      ...change,
      eventName: "ModifyDBSnapshotAttribute",
      requestParameters: {
        dBSnapshotIdentifier: snapshot,
        attributeName: "restore",
        valuesToAdd: ["444455556666"],
      },
      responseElements: {
        dBSnapshotIdentifier: snapshot,
        dBSnapshotAttributes: [{ attributeName: "restore", attributeValues: ["444455556666"] }],
      },
    }),
    exampleEvent("an administrator creates a snapshot", administrator, {
      ...change,
      eventName: "CreateDBSnapshot",
      requestParameters: { dBInstanceIdentifier, dBSnapshotIdentifier: snapshot },
      responseElements: {
        dBInstanceIdentifier,
        dBSnapshotIdentifier: snapshot,
        status: "creating",
      },
    }),
    exampleEvent("a user copies a snapshot under another key", user, {
      ...change,
      eventName: "CopyDBSnapshot",
      requestParameters: {
        sourceDBSnapshotIdentifier: snapshot,
        targetDBSnapshotIdentifier: "x",
        kmsKeyId: "alias/eve",
      },
      responseElements: { dBInstanceIdentifier, dBSnapshotIdentifier: "x" },
    }),
    exampleEvent("a user exports an automated backup to a bucket", user, {
      ...change,
      eventName: "StartExportTask",
      requestParameters: {
        exportTaskIdentifier: "x",
        sourceArn: `arn:aws:rds:${region}:snapshot:rds:${dBInstanceIdentifier}-2026-03-02-03-11`,
        s3BucketName: "eve",
        iamRoleArn: "arn:aws:iam::111122223333:role/export",
        kmsKeyId: "alias/eve",
      },
    }),
    exampleEvent("a user restores a snapshot to another instance", user, {
      ...change,
      eventName: "RestoreDBInstanceFromDBSnapshot",
      requestParameters: {
        dBInstanceIdentifier: "x",
        dBSnapshotIdentifier: snapshot,
        publiclyAccessible: true,
      },
      responseElements: { dBInstanceIdentifier: "x" },
    }),
    exampleEvent("a user restores the database to a point in time", user, {
      ...change,
      eventName: "RestoreDBInstanceToPointInTime",
      requestParameters: {
        sourceDBInstanceIdentifier: dBInstanceIdentifier,
        targetDBInstanceIdentifier: "x",
        useLatestRestorableTime: true,
      },
      responseElements: { dBInstanceIdentifier: "x" },
    }),
    exampleEvent("a user creates a read replica", user, {
      ...change,
      eventName: "CreateDBInstanceReadReplica",
      requestParameters: {
        dBInstanceIdentifier: "x",
        sourceDBInstanceIdentifier: dBInstanceIdentifier,
      },
      responseElements: {
        dBInstanceIdentifier: "x",
        readReplicaSourceDBInstanceIdentifier: dBInstanceIdentifier,
      },
    }),
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateIntegration.html
    exampleEvent("a user replicates the database to a data warehouse", user, {
      ...change,
      eventName: "CreateIntegration",
      requestParameters: {
        integrationName: "x",
        sourceArn: `arn:aws:rds:${region}:db:${dBInstanceIdentifier}`,
        targetArn: "arn:aws:redshift-serverless:ap-southeast-2:111122223333:namespace/x",
      },
    }),
    exampleEvent("a user restores a snapshot as an Aurora cluster", user, {
      ...change,
      eventName: RESTORE_AS_CLUSTER,
      requestParameters: {
        dBClusterIdentifier: "x",
        engine: "aurora-postgresql",
        snapshotIdentifier: `arn:aws:rds:${region}:snapshot:${snapshot}`,
      },
    }),
    exampleEvent("a user replicates the database to an Aurora cluster", user, {
      ...change,
      eventName: "CreateDBCluster",
      requestParameters: {
        dBClusterIdentifier: "x",
        engine: "aurora-postgresql",
        replicationSourceIdentifier: `arn:aws:rds:${region}:db:${dBInstanceIdentifier}`,
      },
    }),
  ],
  mustNotFire: [
    exampleEvent("an administrator restores the snapshot of a cluster", administrator, {
      ...change,
      eventName: RESTORE_AS_CLUSTER,
      requestParameters: {
        dBClusterIdentifier: "orders",
        engine: "aurora-postgresql",
        snapshotIdentifier: `arn:aws:rds:${region}:cluster-snapshot:orders-1`,
      },
    }),
    exampleEvent("an administrator creates a snapshot of another database", administrator, {
      ...change,
      eventName: "CreateDBSnapshot",
      requestParameters: { dBInstanceIdentifier: "orders", dBSnapshotIdentifier: "orders-1" },
      responseElements: { dBInstanceIdentifier: "orders" },
    }),
    exampleEvent("an administrator lists snapshots", administrator, {
      ...change,
      eventName: "DescribeDBSnapshots",
      readOnly: true,
      requestParameters: { dBInstanceIdentifier },
    }),
    exampleEvent("an administrator deletes a snapshot of another database", administrator, {
      ...change,
      eventName: "DeleteDBSnapshot",
      requestParameters: { dBSnapshotIdentifier: snapshot },
      responseElements: { dBInstanceIdentifier: "orders", dBSnapshotIdentifier: snapshot },
    }),
  ],
};
