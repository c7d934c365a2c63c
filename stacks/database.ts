import { DbInstance } from "@cdktf/provider-aws/lib/db-instance/index.js";
import { DbInstanceAutomatedBackupsReplication } from "@cdktf/provider-aws/lib/db-instance-automated-backups-replication/index.js";
import { DbParameterGroup } from "@cdktf/provider-aws/lib/db-parameter-group/index.js";
import { DbSubnetGroup } from "@cdktf/provider-aws/lib/db-subnet-group/index.js";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { erasureLogGroupName, keyAlias, resourceName } from "../common/naming.ts";
import { databaseWindows } from "../common/operating-hours.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { type AwsServiceRole, awsServiceRole } from "./constructs/aws-service-role.ts";
import { DatabaseHours } from "./constructs/database-hours.ts";
import { grantLogGroups, grantThrough, supportingKey } from "./constructs/encryption-key.ts";
import { keepKeys } from "./constructs/fixed-keys.ts";
import { encryptedLogGroup } from "./constructs/log-group.ts";
import { allow, fromSource } from "./constructs/policy.ts";
import { allowTcpFrom } from "./constructs/security-group-rule.ts";
import { terraformData } from "./constructs/terraform-data.ts";

export interface DatabaseStackProps extends CipherwatchStackProps {
  readonly vpcId: string;
  /** In two or more availability zones. */
  readonly privateSubnetIds: readonly string[];
  /** Security group of the service, the only one with access to the database. */
  readonly serviceSecurityGroupId: string;
}

/** Major version, the same as the lab's. RDS selects and upgrades the minor version. */
const POSTGRESQL = "18";

/** Not PostgreSQL's default 5432, which scanners try first. */
const PORT = 5433;

/** Exported log → construct id of its log group. RDS prescribes the log groups' names. */
const LOGS = {
  postgresql: "PostgresqlLog",
  upgrade: "UpgradeLog",
  "iam-db-auth-error": "SignInErrorLog",
} as const;

/** Log group of RDS Enhanced Monitoring, shared by all databases of an account and region. */
const MONITORING_LOG_GROUP = "RDSOSMetrics";
const MONITORING_SECONDS = 60;

/** Retention of each mode of Database Insights in days: the free week, and the one `advanced` requires. */
const INSIGHTS_DAYS = { standard: 7, advanced: 465 } as const;

/** Retention of the erasure ledger in days: ten years, the longest that CloudWatch Logs has. */
const LEDGER_DAYS = 3653;

/**
 * Parameters that differ from RDS's defaults or are too important to rely on them. The logs contain
 * sign-ins, schema changes, slow statements and errors, but no values of rows: neither the parameters of
 * statements nor the details of errors, which quote the row.
 */
const PARAMETERS = {
  "rds.force_ssl": "1",
  ssl_min_protocol_version: "TLSv1.2",
  password_encryption: "scram-sha-256",
  "rds.accepted_password_auth_method": "scram",
  log_connections: "all", // every stage; since PostgreSQL 18 RDS rejects the old value 1
  log_disconnections: "1",
  log_statement: "ddl",
  log_min_duration_statement: "1000", // milliseconds
  log_parameter_max_length: "0",
  log_parameter_max_length_on_error: "0",
  log_error_verbosity: "terse",
} as const;

/** What identifies a database instance. */
export interface DatabaseInstance {
  readonly databaseHost: string;
  /** Secret of the master user, which RDS creates and rotates every week. */
  readonly masterSecretArn: string;
  /** `db-…`, as in the ARN `rds-db:<region>:<account>:dbuser:<resource id>/<user>`. */
  readonly databaseResourceId: string;
}

/**
 * The service's PostgreSQL database on RDS. Only the service can reach it. With a database in another Region,
 * its backups are copied to this one, and the instance is restored from them.
 */
export class DatabaseStack extends CipherwatchStack {
  /** Undefined in a standby, which has only the backups. */
  readonly instance: DatabaseInstance | undefined;
  readonly port: number;
  readonly databaseName: string;
  readonly securityGroupId: string;
  /** KMS key of the storage, logs and insights. Undefined if RDS and CloudWatch Logs manage it. */
  readonly keyArn: string | undefined;
  /**
   * KMS key of the master secret. Readers of the secret need `kms:Decrypt` with it. Undefined if Secrets Manager
   * manages it.
   */
  readonly secretKeyArn: string | undefined;
  /** PostgreSQL role that the service signs in as, with IAM authentication. A migration creates it. */
  readonly serviceUser: string;
  /** PostgreSQL role that moves records to another KMS key. */
  readonly rewrapUser: string;
  readonly #identifier: string;

  constructor(scope: Construct, id: string, props: DatabaseStackProps) {
    super(scope, id, props);
    const { settings } = this;
    const { env } = settings;
    this.#identifier = resourceName(env, "database");
    this.port = PORT;
    this.databaseName = "cipherwatch";
    this.serviceUser = "cipherwatch_service";
    this.rewrapUser = "cipherwatch_rewrap";

    const ledger = settings.erasureLedger ? [erasureLogGroupName(env)] : [];
    const logGroupNames = [...Object.keys(LOGS).map((log) => this.#logGroupName(log)), ...ledger];
    this.keyArn = supportingKey(this, "DatabaseKey", {
      alias: keyAlias(env, "database"),
      description: `Encrypts the database of cipherwatch ${env}: its storage, logs and insights`,
      grants: [...grantThrough(this, "Rds", "rds"), grantLogGroups(this, ...logGroupNames)],
    });
    this.secretKeyArn = supportingKey(this, "SecretKey", {
      alias: keyAlias(env, "database-secret"),
      description: `Encrypts the master secret of the database of cipherwatch ${env}`,
      grants: grantThrough(this, "SecretsManager", "secretsmanager", "rds"),
    });

    this.securityGroupId = this.#securityGroup(props);
    const logGroups = this.#logGroups();
    for (const name of ledger) this.#addLedger(name);
    const backups = this.#copyBackups();
    this.instance = settings.standby ? undefined : this.#instance(props, backups, logGroups);
  }

  /**
   * Copies the backups and transaction logs of the other Region's database to this one.
   * @returns the ARN of the copies; undefined if the settings name no such database
   * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
   */
  #copyBackups(): string | undefined {
    const { sourceDatabaseArn, databaseBackupDays } = this.settings;
    if (sourceDatabaseArn === undefined) return undefined;
    return new DbInstanceAutomatedBackupsReplication(this, "BackupCopies", {
      sourceDbInstanceArn: sourceDatabaseArn,
      ...(this.keyArn !== undefined && { kmsKeyId: this.keyArn }),
      retentionPeriod: databaseBackupDays,
    }).id;
  }

  /** @param backupsArn backups to restore the instance from when it is created. Default: an empty database. */
  #instance(
    props: DatabaseStackProps,
    backupsArn: string | undefined,
    logGroups: readonly ITerraformDependable[],
  ): DatabaseInstance {
    const { settings } = this;
    keepKeys(this);
    const monitoring = this.#monitoringRole();
    const instance = new DbInstance(this, "Instance", {
      identifier: this.#identifier,
      engine: "postgres",
      engineVersion: POSTGRESQL,
      autoMinorVersionUpgrade: true,
      allowMajorVersionUpgrade: false,
      instanceClass: settings.databaseInstanceClass,
      multiAz: settings.databaseMultiAz,
      parameterGroupName: this.#parameterGroup(),

      storageType: "gp3",
      allocatedStorage: settings.databaseStorage,
      maxAllocatedStorage: settings.databaseStorageLimit,
      storageEncrypted: true,
      ...(this.keyArn !== undefined && {
        kmsKeyId: this.keyArn,
        performanceInsightsKmsKeyId: this.keyArn,
      }),

      dbSubnetGroupName: this.#subnetGroup(props.privateSubnetIds),
      vpcSecurityGroupIds: [this.securityGroupId],
      publiclyAccessible: false,
      port: this.port,
      caCertIdentifier: "rds-ca-rsa2048-g1",

      ...(backupsArn === undefined
        ? { dbName: this.databaseName }
        : { restoreToPointInTime: restoreFrom(backupsArn) }),
      username: "cipherwatch_admin",
      manageMasterUserPassword: true,
      ...(this.secretKeyArn !== undefined && { masterUserSecretKmsKeyId: this.secretKeyArn }),
      iamDatabaseAuthenticationEnabled: true,

      enabledCloudwatchLogsExports: Object.keys(LOGS),
      monitoringInterval: MONITORING_SECONDS,
      monitoringRoleArn: monitoring.roleArn,
      // The API and Terraform still call Database Insights by its old name.
      performanceInsightsEnabled: true,
      performanceInsightsRetentionPeriod: INSIGHTS_DAYS[settings.databaseInsights],
      databaseInsightsMode: settings.databaseInsights,

      backupRetentionPeriod: settings.databaseBackupDays,
      ...this.#operatingHours(),
      copyTagsToSnapshot: true,
      ...this.#deletionArguments(),
      // A database that exists stays, whatever it was once restored from.
      lifecycle: { ...this.protection.lifecycle, ignoreChanges: ["restore_to_point_in_time"] },
      // Otherwise RDS creates the log groups itself, unencrypted and without expiration.
      dependsOn: [...logGroups, monitoring.permissions],
    });
    return {
      databaseHost: instance.address,
      databaseResourceId: instance.resourceId,
      masterSecretArn: instance.masterUserSecret.get(0).secretArn,
    };
  }

  /**
   * Starts and stops the instance, and sets its backup and maintenance windows to times when it runs. RDS chooses the
   * windows of an instance that always runs.
   */
  #operatingHours() {
    const { operatingHours: hours } = this.settings;
    if (hours === undefined) return {};
    new DatabaseHours(this, "OperatingHours", { identifier: this.#identifier, hours });
    const { backup, maintenance } = databaseWindows(hours);
    return { backupWindow: backup, maintenanceWindow: maintenance };
  }

  /** Deletes all data with the instance, or protects it and keeps a final snapshot. */
  #deletionArguments() {
    const { env, deletionProtection } = this.settings;
    if (!deletionProtection) {
      return { deletionProtection, skipFinalSnapshot: true, deleteAutomatedBackups: true };
    }
    // Generates a unique name: the final snapshot of another database with the same name would fail.
    const uniqueName = terraformData(this, "FinalSnapshot");
    return {
      deletionProtection,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: `${resourceName(env, "database-final")}-${uniqueName.getStringAttribute("id")}`,
      deleteAutomatedBackups: false,
    };
  }

  #parameterGroup(): string {
    const family = `postgres${POSTGRESQL}`;
    return new DbParameterGroup(this, "Parameters", {
      name: `${this.#identifier}-${family}`,
      family,
      description: `PostgreSQL ${POSTGRESQL} of cipherwatch ${this.settings.env}`,
      parameter: Object.entries(PARAMETERS).map(([name, value]) => ({ name, value })),
      lifecycle: { createBeforeDestroy: true }, // the instance uses the old group during a major upgrade
    }).name;
  }

  #subnetGroup(subnetIds: readonly string[]): string {
    return new DbSubnetGroup(this, "Subnets", {
      name: this.#identifier,
      description: `Private subnets of cipherwatch ${this.settings.env}`,
      subnetIds: [...subnetIds],
    }).name;
  }

  /** Only admits the service. Has no egress rules. */
  #securityGroup({ vpcId, serviceSecurityGroupId }: DatabaseStackProps): string {
    const group = new SecurityGroup(this, "SecurityGroup", {
      name: this.#identifier,
      description: "The database of the encryption service",
      vpcId,
      tags: { Name: this.#identifier },
    });
    allowTcpFrom(this, "AdmitService", {
      securityGroupId: group.id,
      peer: { referencedSecurityGroupId: serviceSecurityGroupId },
      port: this.port,
      description: "The service stores its records",
    });
    return group.id;
  }

  #logGroupName(log: string): string {
    return `/aws/rds/instance/${this.#identifier}/${log}`;
  }

  #logGroups(): ITerraformDependable[] {
    return Object.entries(LOGS).map(([log, id]) =>
      encryptedLogGroup(this, id, { name: this.#logGroupName(log), keyArn: this.keyArn }),
    );
  }

  /**
   * Adds the log group of the ids of forgotten records. Separate from the backups, so that restoring one does not
   * restore an older ledger.
   */
  #addLedger(name: string): void {
    encryptedLogGroup(this, "ErasureLedger", {
      name,
      keyArn: this.keyArn,
      retentionInDays: LEDGER_DAYS,
      ...this.protection,
    });
  }

  /** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html */
  #monitoringRole(): AwsServiceRole {
    const logGroup = this.regionalArn("logs", `log-group:${MONITORING_LOG_GROUP}`);
    return awsServiceRole(this, "Monitoring", {
      name: resourceName(this.settings.env, "database-monitoring"),
      description: "Lets RDS Enhanced Monitoring write the database's metrics to the log group",
      service: "monitoring.rds.amazonaws.com",
      trustSid: "EnhancedMonitoringAssumes",
      trustConditions: fromSource(this, this.regionalArn("rds", `db:${this.#identifier}`)),
      policyId: "Monitoring",
      policyName: "write-metrics",
      permissions: [
        // The resource of these calls is `<log group ARN>:log-stream:`, which the ARN alone does not match:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
        allow(
          "KeepLogGroup",
          [`${logGroup}:*`],
          ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
        ),
        allow(
          "WriteMetrics",
          [`${logGroup}:log-stream:*`],
          [
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:GetLogEvents",
            "logs:PutLogEvents",
          ],
        ),
      ],
    });
  }
}

function restoreFrom(sourceDbInstanceAutomatedBackupsArn: string) {
  return { sourceDbInstanceAutomatedBackupsArn, useLatestRestorableTime: true };
}
