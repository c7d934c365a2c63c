import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import { allOf, everyHas, forbidden, withViolations } from "./check.ts";
import { type ControlArea, cheapDev, DESTROYABLE_DEV, KEYS_OF_AWS, ofVpcOwner } from "./control.ts";
import {
  absent,
  altered,
  atLeast,
  customerKey,
  isLiteral,
  isResource,
  type Matcher,
  referencedResources,
  referenceTo,
  setting,
  UNRESOLVABLE,
  type ValueLocation,
} from "./matchers.ts";
import { companionsOf } from "./subjects.ts";

const DATABASE = "aws_db_instance";
const PARAMETERS = "aws_db_parameter_group";

/** Whether a route table has a route to an internet gateway, inline or as an `aws_route`. */
function reachesInternet(table: string, location: ValueLocation): boolean {
  const { stacks } = location;
  const routes = companionsOf(stacks, { type: "aws_route", link: "route_table_id" }, table);
  const within = resourcesOf(stacks, "aws_route_table").filter(
    (candidate) => addressOf(candidate) === table,
  );
  return (
    routes.some(({ values }) => values.gateway_id !== undefined) ||
    within.some(({ values }) => values.route !== undefined)
  );
}

const privateSubnets: Matcher = {
  description: "subnets without routes to an internet gateway",
  accepts: (value, location) => {
    const subnets = referencedResources(value, "aws_subnet", location);
    if (subnets === undefined || subnets.length === 0) return false;
    return subnets.every((subnet) => {
      const associations = companionsOf(
        location.stacks,
        { type: "aws_route_table_association", link: "subnet_id" },
        addressOf(subnet),
      );
      // A subnet without one uses the main route table of the VPC, which the stacks do not configure.
      return (
        associations.length > 0 &&
        associations.every(({ stack, values }) => {
          const table = resolveReference(location.stacks, stack, values.route_table_id);
          return (
            isResource(table, "aws_route_table") && !reachesInternet(addressOf(table), location)
          );
        })
      );
    });
  },
  violations: [
    [],
    altered<readonly unknown[]>("with an unknown subnet", (subnets) => [...subnets, UNRESOLVABLE]),
  ],
};

const uncommonPort: Matcher = {
  description: "a port other than PostgreSQL's 5432",
  accepts: (value) => typeof value === "number" && value !== 5432,
  violations: [5432],
};

const COMMON_ADMINISTRATORS = ["admin", "administrator", "awsuser", "postgres", "root"];
const uncommonName: Matcher = {
  description: `a name other than ${COMMON_ADMINISTRATORS.join(", ")}`,
  accepts: (value) => isLiteral(value) && value !== "" && !COMMON_ADMINISTRATORS.includes(value),
  violations: ["postgres", "admin", ""],
};

/** Earlier versions let log_fdw or an import read files of the host. */
const FIRST_SAFE_VERSION = 14;
const safeVersion: Matcher = {
  description: `version ${FIRST_SAFE_VERSION} or newer`,
  accepts: (value) => isLiteral(value) && Number.parseInt(value, 10) >= FIRST_SAFE_VERSION,
  violations: ["13.2", "9.6.2", "latest"],
};

const logsExported: Matcher = {
  description: "a list with postgresql and upgrade",
  accepts: (value) =>
    Array.isArray(value) && ["postgresql", "upgrade"].every((log) => value.includes(log)),
  violations: [[], ["postgresql"], ["upgrade"], [UNRESOLVABLE]],
};

/** Milliseconds as a string; -1 disables the log. */
const slowStatements: Matcher = {
  description: "a number of milliseconds as a string",
  accepts: (value) => typeof value === "string" && /^\d+$/.test(value),
  violations: ["-1", ""],
};

function withPublicSubnets(stacks: Stacks): Stacks {
  const [gateway] = resourcesOf(stacks, "aws_internet_gateway");
  return resourcesOf(stacks, "aws_route_table").reduce(
    (changed, { stack, name }) =>
      withResource(changed, {
        stack,
        type: "aws_route",
        name: `Example-${name}`,
        values: {
          route_table_id: `\${aws_route_table.${name}.id}`,
          destination_cidr_block: "0.0.0.0/0",
          gateway_id: `\${aws_internet_gateway.${gateway?.name}.id}`,
        },
      }),
    stacks,
  );
}

export const database: readonly ControlArea[] = [
  {
    name: "RDS",
    controls: [
      {
        id: "rds-encrypted",
        title: "Storage is encrypted with a customer managed key",
        scanners: "CKV_AWS_16 AWS-0080 RDS.3",
        exemptions: [KEYS_OF_AWS],
        check: everyHas(DATABASE, { storage_encrypted: true, kms_key_id: customerKey }),
      },
      {
        id: "rds-private",
        title: "The database has no public address and its subnets no route to the internet",
        scanners: "CKV_AWS_17 AWS-0180 RDS.2 RDS.46",
        exemptions: [ofVpcOwner("database/aws_db_subnet_group.Subnets")],
        check: withViolations(
          allOf(
            everyHas(DATABASE, {
              publicly_accessible: false,
              db_subnet_group_name: referenceTo("aws_db_subnet_group"),
            }),
            everyHas("aws_db_subnet_group", { subnet_ids: privateSubnets }),
          ),
          {
            title: "subnets with a route to the internet",
            apply: (stacks) =>
              resourcesOf(stacks, "aws_db_subnet_group").map((group) => ({
                address: addressOf(group),
                stacks: withPublicSubnets(stacks),
              })),
          },
        ),
      },
      {
        id: "rds-multi-az",
        title: "A standby runs in another availability zone",
        scanners: "CKV_AWS_157 RDS.5",
        check: everyHas(DATABASE, { multi_az: true }),
        exemptions: [
          {
            under: ["dev", "a cheap dev"],
            reason:
              "A standby doubles the price of the database, and dev tolerates downtime. `CIPHERWATCH_DATABASE_MULTI_AZ=true` adds one.",
          },
        ],
      },
      {
        id: "rds-iam",
        title: "IAM database authentication is enabled",
        scanners: "CKV_AWS_161 AWS-0176 RDS.10",
        check: everyHas(DATABASE, { iam_database_authentication_enabled: true }),
      },
      {
        id: "rds-deletion-protection",
        title: "Deletion protection is enabled",
        scanners: "CKV_AWS_293 AWS-0177 RDS.8",
        check: everyHas(DATABASE, { deletion_protection: true }),
        exemptions: [DESTROYABLE_DEV],
      },
      {
        id: "rds-insights",
        title: "Performance Insights is enabled, encrypted with a customer managed key",
        scanners: "CKV_AWS_353 CKV_AWS_354 AWS-0078 AWS-0133",
        exemptions: [KEYS_OF_AWS],
        check: everyHas(DATABASE, {
          performance_insights_enabled: true,
          performance_insights_kms_key_id: customerKey,
        }),
      },
      {
        id: "rds-logs",
        title: "The database exports its logs, with schema changes and slow statements",
        scanners: "CKV_AWS_129 CKV2_AWS_30 RDS.9 RDS.36",
        check: allOf(
          everyHas(DATABASE, {
            enabled_cloudwatch_logs_exports: logsExported,
            parameter_group_name: referenceTo(PARAMETERS),
          }),
          everyHas(PARAMETERS, { parameter: setting("log_statement", ["ddl", "mod", "all"]) }),
          everyHas(PARAMETERS, {
            parameter: setting("log_min_duration_statement", slowStatements),
          }),
        ),
      },
      {
        id: "rds-backup",
        title: "Backups are kept for at least a week",
        scanners: "CKV_AWS_133 AWS-0077 RDS.11",
        exemptions: [cheapDev("Accounts on the free plan of AWS allow one day of backups.")],
        check: everyHas(DATABASE, { backup_retention_period: atLeast(7) }),
      },
      {
        id: "rds-monitoring",
        title: "Enhanced Monitoring is enabled",
        scanners: "CKV_AWS_118 RDS.6",
        check: everyHas(DATABASE, {
          monitoring_interval: [1, 5, 10, 15, 30, 60],
          monitoring_role_arn: referenceTo("aws_iam_role"),
        }),
      },
      {
        id: "rds-minor-upgrades",
        title: "Minor versions upgrade automatically",
        scanners: "CKV_AWS_226 RDS.13",
        check: everyHas(DATABASE, { auto_minor_version_upgrade: true }),
      },
      {
        id: "rds-ca",
        title: "The certificate is from a current certificate authority",
        scanners: "CKV_AWS_211",
        check: everyHas(DATABASE, {
          ca_cert_identifier: ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"],
        }),
      },
      {
        id: "rds-tls",
        title: "The database rejects connections without TLS",
        scanners: "CKV2_AWS_69 RDS.38",
        check: allOf(
          everyHas(DATABASE, { parameter_group_name: referenceTo(PARAMETERS) }),
          everyHas(PARAMETERS, { parameter: setting("rds.force_ssl", "1") }),
        ),
      },
      {
        id: "rds-snapshot-tags",
        title: "Snapshots have the database's tags",
        scanners: "CKV2_AWS_60 RDS.17",
        check: everyHas(DATABASE, { copy_tags_to_snapshot: true }),
      },
      {
        id: "rds-uncommon",
        title: "Port and administrator name differ from the defaults",
        scanners: "RDS.23 RDS.25",
        check: everyHas(DATABASE, { port: uncommonPort, username: uncommonName }),
      },
      {
        id: "rds-version",
        title: "The engine version does not let users read files of the host",
        scanners: "CKV_AWS_250 CKV_AWS_388",
        check: everyHas(DATABASE, { engine: "postgres", engine_version: safeVersion }),
      },
    ],
  },
  {
    name: "Secrets Manager",
    controls: [
      {
        id: "secret-key",
        title: "The only secret, which RDS manages, is encrypted with a customer managed key",
        scanners: "CKV_AWS_149 AWS-0098",
        exemptions: [KEYS_OF_AWS],
        check: allOf(
          everyHas(DATABASE, { master_user_secret_kms_key_id: customerKey }),
          forbidden("aws_secretsmanager_secret"),
        ),
      },
      {
        id: "secret-rotation",
        title: "The only secret, which RDS manages, rotates every seven days",
        scanners: "CKV_AWS_304 CKV2_AWS_57 SecretsManager.1 SecretsManager.4",
        check: allOf(
          everyHas(DATABASE, {
            manage_master_user_password: true,
            password: absent,
            password_wo: absent,
          }),
          forbidden("aws_secretsmanager_secret"),
        ),
      },
    ],
  },
];
