import { DbInstance } from "@cdktf/provider-aws/lib/db-instance/index.js";
import { DbParameterGroup } from "@cdktf/provider-aws/lib/db-parameter-group/index.js";
import { DbSubnetGroup } from "@cdktf/provider-aws/lib/db-subnet-group/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { DataResource, type ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, resourceName } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { EncryptionKey, grantLogGroups, THIS_KEY } from "./constructs/encryption-key.ts";
import { encryptedLogGroup } from "./constructs/log-group.ts";
import {
  accountPrincipals,
  type Condition,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./constructs/policy.ts";
import { admitTcp } from "./constructs/security-group-rule.ts";

export interface DatabaseStackProps extends CipherwatchStackProps {
  readonly vpcId: string;
  /** In two zones or more: the instance stands in one of them. */
  readonly privateSubnetIds: readonly string[];
  /** The only group whose members reach the database. */
  readonly serviceSecurityGroupId: string;
}

/** The major version of the lab's PostgreSQL; RDS picks the minor one and keeps it up to date. */
const POSTGRESQL = "18";

/** Not PostgreSQL's own 5432, which scanners try first. */
const PORT = 5433;

/** Exported log → the id of its log group. RDS fixes the names of the groups. */
const LOGS = {
  postgresql: "PostgresqlLog",
  upgrade: "UpgradeLog",
  "iam-db-auth-error": "SignInErrorLog",
} as const;

/** Where RDS's Enhanced Monitoring writes: one log group for all databases of an account and region. */
const MONITORING_LOG_GROUP = "RDSOSMetrics";
const MONITORING_SECONDS = 60;

/** Days that each mode of Database Insights keeps: the free week, and what `advanced` prescribes. */
const INSIGHTS_DAYS = { standard: 7, advanced: 465 } as const;

/**
 * What differs from RDS's defaults, or is too important to leave to them. The logs say who signed in,
 * what changed the schema and what was slow or failed, and hold no value of a row: of parameters
 * nothing is logged, and of an error only its message, since its detail quotes the row.
 */
const PARAMETERS = {
  "rds.force_ssl": "1",
  ssl_min_protocol_version: "TLSv1.2",
  password_encryption: "scram-sha-256",
  "rds.accepted_password_auth_method": "scram",
  log_connections: "all", // stages of signing in; from PostgreSQL 18 on RDS refuses the old 1
  log_disconnections: "1",
  log_statement: "ddl",
  log_min_duration_statement: "1000", // milliseconds
  log_parameter_max_length: "0",
  log_parameter_max_length_on_error: "0",
  log_error_verbosity: "terse",
} as const;

/** PostgreSQL on RDS, for the service alone. */
export class DatabaseStack extends CipherwatchStack {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  readonly securityGroupId: string;
  /** RDS makes the secret, knows its value alone and changes it every week. */
  readonly masterSecretArn: string;
  /** Of the key that the master secret is encrypted under; whoever reads the secret needs Decrypt. */
  readonly secretKeyArn: string;
  /** `db-…`, as in the ARN `rds-db:<region>:<account>:dbuser:<resource id>/<user>`. */
  readonly resourceId: string;
  /** The role as which the service signs in, by IAM; a migration makes it. */
  readonly serviceUser: string;
  readonly #identifier: string;

  constructor(scope: Construct, id: string, props: DatabaseStackProps) {
    super(scope, id, props);
    const { settings } = this;
    const { env } = settings;
    this.#identifier = resourceName(env, "database");
    this.port = PORT;
    this.databaseName = "cipherwatch";
    this.serviceUser = "cipherwatch_service";

    const key = new EncryptionKey(this, "DatabaseKey", {
      alias: keyAlias(env, "database"),
      description: `Encrypts the database of cipherwatch ${env}: its storage, logs and insights`,
      grants: [...this.#grantThrough("Rds", "rds"), grantLogGroups(this, ...this.#logGroupNames)],
    });
    const secretKey = new EncryptionKey(this, "SecretKey", {
      alias: keyAlias(env, "database-secret"),
      description: `Encrypts the master secret of the database of cipherwatch ${env}`,
      grants: this.#grantThrough("SecretsManager", "secretsmanager", "rds"),
    });
    this.secretKeyArn = secretKey.keyArn;

    this.securityGroupId = this.#securityGroup(props);
    const logGroups = this.#logGroups(key.keyArn);
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
      kmsKeyId: key.keyArn,

      dbSubnetGroupName: this.#subnetGroup(props.privateSubnetIds),
      vpcSecurityGroupIds: [this.securityGroupId],
      publiclyAccessible: false,
      port: this.port,
      caCertIdentifier: "rds-ca-rsa2048-g1",

      dbName: this.databaseName,
      username: "cipherwatch_admin",
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: secretKey.keyArn,
      iamDatabaseAuthenticationEnabled: true,

      enabledCloudwatchLogsExports: Object.keys(LOGS),
      monitoringInterval: MONITORING_SECONDS,
      monitoringRoleArn: monitoring.arn,
      // The API and Terraform keep the name that Database Insights had: Performance Insights.
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: key.keyArn,
      performanceInsightsRetentionPeriod: INSIGHTS_DAYS[settings.databaseInsights],
      databaseInsightsMode: settings.databaseInsights,

      backupRetentionPeriod: settings.databaseBackupDays,
      copyTagsToSnapshot: true,
      ...this.#end(),
      ...this.protection,
      // RDS would make the log groups itself, unencrypted and kept for ever.
      dependsOn: [...logGroups, monitoring.permissions],
    });
    this.host = instance.address;
    this.resourceId = instance.resourceId;
    this.masterSecretArn = instance.masterUserSecret.get(0).secretArn;
  }

  /** What becomes of the data when the instance is destroyed. */
  #end() {
    const { env, deletionProtection } = this.settings;
    if (!deletionProtection) {
      return { deletionProtection, skipFinalSnapshot: true, deleteAutomatedBackups: true };
    }
    // A name of its own for each database that was ever destroyed: a second one with the same name
    // could not leave its snapshot.
    const end = new DataResource(this, "FinalSnapshot");
    return {
      deletionProtection,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: `${resourceName(env, "database-final")}-${end.id}`,
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
      lifecycle: { createBeforeDestroy: true }, // a new major version's group, while the old is in use
    }).name;
  }

  #subnetGroup(subnetIds: readonly string[]): string {
    return new DbSubnetGroup(this, "Subnets", {
      name: this.#identifier,
      description: `Private subnets of cipherwatch ${this.settings.env}`,
      subnetIds: [...subnetIds],
    }).name;
  }

  /** Admits the service and nobody else; the database itself calls nobody. */
  #securityGroup({ vpcId, serviceSecurityGroupId }: DatabaseStackProps): string {
    const group = new SecurityGroup(this, "SecurityGroup", {
      name: this.#identifier,
      description: "The database of the encryption service",
      vpcId,
      tags: { Name: this.#identifier },
    });
    admitTcp(this, "AdmitService", {
      securityGroupId: group.id,
      peer: { referencedSecurityGroupId: serviceSecurityGroupId },
      port: this.port,
      description: "The service keeps its records",
    });
    return group.id;
  }

  get #logGroupNames(): readonly [string, ...string[]] {
    return Object.keys(LOGS).map((log) => this.#logGroupName(log)) as [string, ...string[]];
  }

  #logGroupName(log: string): string {
    return `/aws/rds/instance/${this.#identifier}/${log}`;
  }

  #logGroups(keyArn: string): ITerraformDependable[] {
    return Object.entries(LOGS).map(([log, id]) =>
      encryptedLogGroup(this, id, { name: this.#logGroupName(log), keyArn }),
    );
  }

  /**
   * Lets AWS services use a key for those whose IAM policies let them use the service: whoever makes
   * the instance, and by the grants that the service makes then, the instance itself.
   * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
   * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
   */
  #grantThrough(what: string, ...services: readonly [string, ...string[]]): Statement[] {
    const [first, ...others] = services.map(
      (service) => `${service}.${this.settings.region}.amazonaws.com`,
    ) as [string, ...string[]];
    const through: Condition = ["StringEquals", "kms:ViaService", first, ...others];
    const common = { principals: accountPrincipals(this), resources: THIS_KEY };
    return [
      {
        sid: `UseThrough${what}`,
        ...common,
        actions: [
          "kms:Decrypt",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ],
        conditions: [through],
      },
      {
        sid: `GrantThrough${what}`,
        ...common,
        actions: ["kms:CreateGrant"],
        conditions: [through, ["Bool", "kms:GrantIsForAWSResource", "true"]],
      },
    ];
  }

  /** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html */
  #monitoringRole() {
    const role = new IamRole(this, "MonitoringRole", {
      name: resourceName(this.settings.env, "database-monitoring"),
      description: "RDS Enhanced Monitoring writes the database's metrics to its log group",
      assumeRolePolicy: policyJson(this, "MonitoringTrust", [
        {
          sid: "EnhancedMonitoringAssumes",
          principals: servicePrincipal("monitoring.rds.amazonaws.com"),
          actions: ["sts:AssumeRole"],
          conditions: [
            ["StringEquals", "aws:SourceAccount", this.accountId],
            ["ArnLike", "aws:SourceArn", this.regionalArn("rds", `db:${this.#identifier}`)],
          ],
        },
      ]),
    });
    const logGroup = this.regionalArn("logs", `log-group:${MONITORING_LOG_GROUP}`);
    const permissions = new IamRolePolicy(this, "MonitoringPermissions", {
      name: "write-metrics",
      role: role.name,
      policy: policyJson(this, "Monitoring", [
        {
          sid: "KeepLogGroup",
          actions: ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
          // A call on a group is one on `<its ARN>:log-stream:`, which the ARN alone does not match:
          // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
          resources: [`${logGroup}:*`],
        },
        {
          sid: "WriteMetrics",
          actions: [
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:GetLogEvents",
            "logs:PutLogEvents",
          ],
          resources: [`${logGroup}:log-stream:*`],
        },
      ]),
    });
    return { arn: role.arn, permissions };
  }
}
