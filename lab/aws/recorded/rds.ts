import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedDatabase } from "../../../terraform/access.ts";
import type { AwsStructure, Call, Operations } from "../shared/operation.ts";
import {
  type Members,
  missingQueryParameter,
  type RecordedOperation,
  recordedOperations,
  textOf,
} from "./recorded-operation.ts";

/**
 * Operations of RDS that copy, expose or remove a database.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
 */
export function rdsOperations(databases: readonly DeployedDatabase[]): Operations {
  return recordedOperations(
    {
      prefix: "rds",
      passedTo: "export.rds.amazonaws.com",
      missingParameter: missingQueryParameter,
    },
    { ...instanceOperations(databases), ...snapshotOperations(databases) },
  );
}

type RecordedOperations = Readonly<Record<string, RecordedOperation>>;

function instanceOperations(databases: readonly DeployedDatabase[]): RecordedOperations {
  const onInstance = (status: string): RecordedOperation => ({
    required: ["DBInstanceIdentifier"],
    resource: existingDatabase(databases),
    respond: instanceResponse(status),
  });
  const onNewInstance = (member: string): RecordedOperation => ({
    required: [member],
    resource: namedResource("db", member),
    respond: instanceResponse("creating", member),
  });
  return {
    ModifyDBInstance: onInstance("available"),
    DeleteDBInstance: onInstance("deleting"),
    RestoreDBInstanceFromDBSnapshot: onNewInstance("DBInstanceIdentifier"),
    RestoreDBInstanceToPointInTime: onNewInstance("TargetDBInstanceIdentifier"),
    CreateDBProxy: {
      required: ["DBProxyName", "EngineFamily", "RoleArn", "VpcSubnetIds"],
      resource: namedResource("db-proxy", "DBProxyName"),
    },
    RegisterDBProxyTargets: {
      required: ["DBProxyName"],
      resource: namedResource("db-proxy", "DBProxyName"),
    },
    ModifyDBParameterGroup: {
      required: ["DBParameterGroupName"],
      resource: namedResource("pg", "DBParameterGroupName"),
      respond: (members) => ({ DBParameterGroupName: textOf(members, "DBParameterGroupName") }),
    },
  };
}

function snapshotOperations(databases: readonly DeployedDatabase[]): RecordedOperations {
  const [database] = databases;
  /** Responds with a snapshot of the only database, because the lab keeps no snapshots. */
  const snapshot =
    (member: string) =>
    (members: Members, call: Call): AwsStructure => ({
      DBSnapshot: {
        DBSnapshotIdentifier: textOf(members, member),
        DBInstanceIdentifier: textOf(members, "DBInstanceIdentifier") || database?.identifier,
        DBSnapshotArn: arnOf("snapshot", textOf(members, member), call),
        SnapshotType: "manual",
        Status: "creating",
        Engine: "postgres",
      },
    });
  return {
    DeleteDBSnapshot: {
      required: ["DBSnapshotIdentifier"],
      resource: namedResource("snapshot", "DBSnapshotIdentifier"),
      respond: snapshot("DBSnapshotIdentifier"),
    },
    CreateIntegration: {
      required: ["SourceArn", "TargetArn", "IntegrationName"],
      resource: (members) => textOf(members, "SourceArn"),
      respond: (members) => ({
        SourceArn: textOf(members, "SourceArn"),
        TargetArn: textOf(members, "TargetArn"),
        IntegrationName: textOf(members, "IntegrationName"),
        Status: "creating",
      }),
    },
    CreateDBSnapshot: {
      required: ["DBInstanceIdentifier", "DBSnapshotIdentifier"],
      resource: existingDatabase(databases),
      respond: snapshot("DBSnapshotIdentifier"),
    },
    CopyDBSnapshot: {
      required: ["SourceDBSnapshotIdentifier", "TargetDBSnapshotIdentifier"],
      resource: namedResource("snapshot", "SourceDBSnapshotIdentifier"),
      respond: snapshot("TargetDBSnapshotIdentifier"),
    },
    ModifyDBSnapshotAttribute: {
      required: ["DBSnapshotIdentifier", "AttributeName"],
      resource: namedResource("snapshot", "DBSnapshotIdentifier"),
      respond: (members) => ({
        DBSnapshotAttributesResult: {
          DBSnapshotIdentifier: textOf(members, "DBSnapshotIdentifier"),
        },
      }),
    },
    StartExportTask: {
      required: ["ExportTaskIdentifier", "SourceArn", "S3BucketName", "IamRoleArn", "KmsKeyId"],
      resource: (members) => textOf(members, "SourceArn"),
      passedRoles: (members) => [textOf(members, "IamRoleArn")],
      respond: (members) => ({
        ExportTaskIdentifier: textOf(members, "ExportTaskIdentifier"),
        SourceArn: textOf(members, "SourceArn"),
        S3Bucket: textOf(members, "S3BucketName"),
        Status: "STARTING",
      }),
    },
  };
}

/** Returns the ARN of the database that the request names. @throws AwsError `DBInstanceNotFound` */
function existingDatabase(
  databases: readonly DeployedDatabase[],
): NonNullable<RecordedOperation["resource"]> {
  return (members, call) => {
    const identifier = textOf(members, "DBInstanceIdentifier");
    if (databases.some((database) => database.identifier === identifier)) {
      return arnOf("db", identifier, call);
    }
    throw new AwsError("DBInstanceNotFound", `DBInstance ${identifier} not found.`, 404);
  };
}

function namedResource(type: string, member: string): NonNullable<RecordedOperation["resource"]> {
  return (members, call) => arnOf(type, textOf(members, member), call);
}

function arnOf(type: string, name: string, { region, caller }: Call): string {
  return name.startsWith("arn:")
    ? name
    : `arn:aws:rds:${region}:${caller.accountId}:${type}:${name}`;
}

function instanceResponse(DBInstanceStatus: string, member = "DBInstanceIdentifier") {
  return (members: Members, call: Call): AwsStructure => ({
    DBInstance: {
      DBInstanceIdentifier: textOf(members, member),
      DBInstanceArn: arnOf("db", textOf(members, member), call),
      DBInstanceStatus,
      Engine: "postgres",
    },
  });
}
