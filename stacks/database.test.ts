import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import { DatabaseStack } from "./database.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

const stackOf = (variables: Readonly<Record<string, string>> = {}) =>
  synthStack(
    (app) =>
      new DatabaseStack(app, "database", {
        settings: settingsOf(variables),
        vpcId: "vpc-1",
        privateSubnetIds: ["subnet-a", "subnet-b"],
        serviceSecurityGroupId: "sg-service",
      }),
  );

const stack = stackOf();
const prod = stackOf({ ENV: "prod" });
const instance = resourceOf(stack, "aws_db_instance");
const prodInstance = resourceOf(prod, "aws_db_instance");
const DATABASE_KEY = expect.stringMatching(/^\$\{aws_kms_key\.DatabaseKey_.+\.arn\}$/);
const SECRET_KEY = expect.stringMatching(/^\$\{aws_kms_key\.SecretKey_.+\.arn\}$/);

describe("the instance", () => {
  test("runs the lab's major version of PostgreSQL and upgrades minor versions automatically", () => {
    expect(instance).toMatchObject({
      engine: "postgres",
      engine_version: "18",
      auto_minor_version_upgrade: true,
      allow_major_version_upgrade: false,
    });
    expect(resourceOf(stack, "aws_db_parameter_group")).toMatchObject({
      name: "cipherwatch-dev-database-postgres18",
      family: "postgres18",
      lifecycle: { create_before_destroy: true },
    });
  });

  test("is small and single-zone in dev, larger with a standby in prod", () => {
    expect(instance).toMatchObject({ instance_class: "db.t4g.micro", multi_az: false });
    expect(prodInstance).toMatchObject({ instance_class: "db.m7g.large", multi_az: true });
  });

  test("grows automatically up to a limit", () => {
    const sized = stackOf({ DATABASE_STORAGE: "100", DATABASE_STORAGE_LIMIT: "200" });
    expect(resourceOf(sized, "aws_db_instance")).toMatchObject({
      storage_type: "gp3",
      allocated_storage: 100,
      max_allocated_storage: 200,
    });
  });

  test("encrypts storage, insights and logs with a customer managed key", () => {
    expect(instance).toMatchObject({
      storage_encrypted: true,
      kms_key_id: DATABASE_KEY,
      performance_insights_kms_key_id: DATABASE_KEY,
    });
    for (const logGroup of Object.values(stack.resource?.aws_cloudwatch_log_group ?? {})) {
      expect(logGroup.kms_key_id).toEqual(DATABASE_KEY);
    }
  });

  test("is in the private subnets, without a public address, with its own security group", () => {
    expect(resourceOf(stack, "aws_db_subnet_group").subnet_ids).toEqual(["subnet-a", "subnet-b"]);
    expect(instance).toMatchObject({
      publicly_accessible: false,
      db_subnet_group_name: "${aws_db_subnet_group.Subnets.name}",
      vpc_security_group_ids: ["${aws_security_group.SecurityGroup.id}"],
      ca_cert_identifier: "rds-ca-rsa2048-g1",
    });
  });

  test("uses neither PostgreSQL's default port nor a common administrator name", () => {
    expect(instance.port).not.toBe(5432);
    expect(["postgres", "admin", "root"]).not.toContain(instance.username);
  });

  test("keeps backups for the days of the settings", () => {
    expect(instance).toMatchObject({ backup_retention_period: 7, copy_tags_to_snapshot: true });
    expect(prodInstance.backup_retention_period).toBe(35);
  });

  test("collects insights, and metrics of the operating system every minute", () => {
    expect(instance).toMatchObject({
      performance_insights_enabled: true,
      performance_insights_retention_period: 7,
      database_insights_mode: "standard",
      monitoring_interval: 60,
      monitoring_role_arn: "${aws_iam_role.MonitoringRole.arn}",
    });
    // The advanced mode requires this retention:
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.TurningOnAdvanced.html
    expect(resourceOf(stackOf({ DATABASE_INSIGHTS: "advanced" }), "aws_db_instance")).toMatchObject(
      {
        performance_insights_retention_period: 465,
        database_insights_mode: "advanced",
      },
    );
  });
});

describe("deleting the instance", () => {
  test("leaves nothing behind in dev", () => {
    expect(instance).toMatchObject({
      deletion_protection: false,
      skip_final_snapshot: true,
      delete_automated_backups: true,
    });
    expect(instance.lifecycle).not.toHaveProperty("prevent_destroy");
  });

  test("is rejected in prod, and would keep a snapshot with a unique name", () => {
    expect(prodInstance).toMatchObject({
      deletion_protection: true,
      skip_final_snapshot: false,
      final_snapshot_identifier:
        "cipherwatch-prod-database-final-${terraform_data.FinalSnapshot.id}",
      delete_automated_backups: false,
      lifecycle: { prevent_destroy: true },
    });
  });
});

describe("a database in another Region", () => {
  const SOURCE = "arn:aws:rds:ap-southeast-1:111122223333:db:cipherwatch-dev-database";
  const replica = {
    PRIMARY_KEY_ARNS: `arn:aws:kms:ap-southeast-1:111122223333:key/mrk-${"0".repeat(32)}`,
    SOURCE_DATABASE_ARN: SOURCE,
  };
  const copies = { source_db_instance_arn: SOURCE, kms_key_id: DATABASE_KEY, retention_period: 7 };
  const COPIES = "aws_db_instance_automated_backups_replication";

  test("has its backups copied under this Region's key, which a standby does without an instance", () => {
    const standby = stackOf({ ...replica, STANDBY: "true" });
    expect(resourceOf(standby, COPIES)).toEqual(copies);
    expect(standby.resource?.aws_db_instance).toBeUndefined();
    expect(stack.resource?.[COPIES]).toBeUndefined();
  });

  test("is restored from the copies, once", () => {
    const promoted = stackOf(replica);
    const restored = resourceOf(promoted, "aws_db_instance");
    expect(restored).toMatchObject({
      restore_to_point_in_time: {
        source_db_instance_automated_backups_arn: `\${${COPIES}.BackupCopies.id}`,
        use_latest_restorable_time: true,
      },
      kms_key_id: DATABASE_KEY,
      lifecycle: { ignore_changes: ["restore_to_point_in_time"] },
    });
    // RDS takes the name of the database from the backup.
    expect(restored).not.toHaveProperty("db_name");
    expect(instance).toMatchObject({ db_name: "cipherwatch", lifecycle: restored.lifecycle });
  });
});

describe("signing in", () => {
  test("uses IAM authentication for the service", () => {
    expect(instance.iam_database_authentication_enabled).toBe(true);
  });

  test("keeps the master password in a secret of RDS with a separate key, not in the stack", () => {
    expect(instance).toMatchObject({
      manage_master_user_password: true,
      master_user_secret_kms_key_id: SECRET_KEY,
    });
    expect(instance).not.toHaveProperty("password");
    expect(instance).not.toHaveProperty("password_wo");
  });
});

describe("parameters", () => {
  const group = resourceOf(stack, "aws_db_parameter_group");
  const parameters = Object.fromEntries(
    (group.parameter as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
  );

  test("require TLS and reject outdated password hashes", () => {
    expect(parameters).toMatchObject({
      "rds.force_ssl": "1",
      ssl_min_protocol_version: "TLSv1.2",
      password_encryption: "scram-sha-256",
      "rds.accepted_password_auth_method": "scram",
    });
  });

  test("log sign-ins, schema changes and slow statements", () => {
    expect(parameters).toMatchObject({
      log_connections: "all",
      log_disconnections: "1",
      log_statement: "ddl",
      log_min_duration_statement: "1000",
    });
  });

  test("log no values: neither parameters nor error details, which quote the row", () => {
    expect(parameters).toMatchObject({
      log_parameter_max_length: "0",
      log_parameter_max_length_on_error: "0",
      log_error_verbosity: "terse",
    });
  });
});

describe("the security group", () => {
  test("admits the service on the database's port and has no other rules", () => {
    expect(resourceOf(stack, "aws_vpc_security_group_ingress_rule")).toMatchObject({
      security_group_id: "${aws_security_group.SecurityGroup.id}",
      referenced_security_group_id: "sg-service",
      ip_protocol: "tcp",
      from_port: instance.port,
      to_port: instance.port,
    });
    expect(stack.resource).not.toHaveProperty("aws_vpc_security_group_egress_rule");
    const group = resourceOf(stack, "aws_security_group");
    expect(group).not.toHaveProperty("ingress");
    expect(group).not.toHaveProperty("egress");
  });
});

describe("logs", () => {
  test("are exported, including sign-in errors, to log groups that exist before the instance", () => {
    const logs = ["postgresql", "upgrade", "iam-db-auth-error"];
    expect(instance.enabled_cloudwatch_logs_exports).toEqual(logs);
    const groups = Object.entries(stack.resource?.aws_cloudwatch_log_group ?? {});
    expect(groups.map(([, { name }]) => name).sort()).toEqual(
      logs.map((log) => `/aws/rds/instance/${instance.identifier}/${log}`).sort(),
    );
    expect(instance.depends_on).toEqual(
      expect.arrayContaining(groups.map(([id]) => `aws_cloudwatch_log_group.${id}`)),
    );
  });

  test("are the only log groups that CloudWatch Logs may use the key for", () => {
    const { policy } = resourceOf(stack, "aws_kms_key", "DatabaseKey");
    const [condition] = statementOf(stack, policy, "LogGroupsUseKey").condition ?? [];
    expect(condition?.values).toEqual(
      ["postgresql", "upgrade", "iam-db-auth-error"].map(
        (log) =>
          `arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:/aws/rds/instance/cipherwatch-dev-database/${log}`,
      ),
    );
  });
});

describe("keys", () => {
  test.each([
    ["DatabaseKey", "Rds", "rds.ap-southeast-2.amazonaws.com"],
    [
      "SecretKey",
      "SecretsManager",
      "secretsmanager.ap-southeast-2.amazonaws.com,rds.ap-southeast-2.amazonaws.com",
    ],
  ])("%s can only be used and granted through AWS services", (key, what, via) => {
    const { policy } = resourceOf(stack, "aws_kms_key", key);
    const through = `StringEquals kms:ViaService ${via}`;
    expect(conditionsOf(statementOf(stack, policy, `UseThrough${what}`))).toEqual([through]);
    expect(conditionsOf(statementOf(stack, policy, `GrantThrough${what}`))).toEqual([
      "Bool kms:GrantIsForAWSResource true",
      through,
    ]);
    const uses = statementsOf(stack, policy).filter(
      ({ actions, condition }) => actions.includes("kms:Decrypt") && condition === undefined,
    );
    expect(uses).toEqual([]);
  });

  test("are separate for storage and secret", () => {
    expect(instance.kms_key_id).not.toBe(instance.master_user_secret_kms_key_id);
  });
});

describe("the monitoring role", () => {
  test("can only be assumed for this database", () => {
    const { assume_role_policy } = resourceOf(stack, "aws_iam_role");
    const trust = statementOf(stack, assume_role_policy, "EnhancedMonitoringAssumes");
    expect(trust.principals).toEqual([
      { type: "Service", identifiers: ["monitoring.rds.amazonaws.com"] },
    ]);
    expect(conditionsOf(trust)).toEqual([
      `ArnLike aws:SourceArn arn:${PARTITION}:rds:ap-southeast-2:${ACCOUNT}:db:cipherwatch-dev-database`,
      `StringEquals aws:SourceAccount ${ACCOUNT}`,
    ]);
  });

  test("only writes to RDS's log group for metrics, and exists before the instance", () => {
    const { policy } = resourceOf(stack, "aws_iam_role_policy");
    const logGroup = `arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:RDSOSMetrics`;
    const resources = statementsOf(stack, policy).flatMap((statement) => statement.resources ?? []);
    expect(resources).toEqual([`${logGroup}:*`, `${logGroup}:log-stream:*`]);
    expect(instance.depends_on).toContain("aws_iam_role_policy.MonitoringPermissions");
  });
});

test("exposes what other stacks need as properties, and no outputs", () => {
  let database: DatabaseStack | undefined;
  const { output } = synthStack((app) => {
    database = new DatabaseStack(app, "database", {
      settings: settingsOf(),
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-a", "subnet-b"],
      serviceSecurityGroupId: "sg-service",
    });
    return database;
  });
  expect(database).toMatchObject({
    port: instance.port,
    databaseName: instance.db_name,
    serviceUser: "cipherwatch_service",
  });
  expect(output ?? {}).toEqual({});
});

test("keeps the erasure ledger encrypted and for ten years, and protects it in prod", () => {
  const ledgerOf = (variables: Readonly<Record<string, string>>) =>
    resourceOf(
      stackOf({ ERASURE_LEDGER: "true", ...variables }),
      "aws_cloudwatch_log_group",
      "ErasureLedger",
    );
  expect(ledgerOf({ ENV: "prod" })).toMatchObject({
    name: "/cipherwatch/prod/erasures",
    retention_in_days: 3653,
    kms_key_id: DATABASE_KEY,
    lifecycle: { prevent_destroy: true },
  });
  expect(ledgerOf({}).lifecycle).toBeUndefined();
});
