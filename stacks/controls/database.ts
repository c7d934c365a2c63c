import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import type { Area } from "./control.ts";
import { DESTROYABLE } from "./reasons.ts";
import { allOf, every, ifAny, is } from "./rule.ts";
import { companions, companionsOf } from "./subject.ts";
import type { Values } from "./values.ts";
import {
  absent,
  altered,
  atLeast,
  customerKey,
  equal,
  holds,
  isFalse,
  isLiteral,
  isResource,
  isTrue,
  type Origin,
  oneOf,
  referenceTo,
  referred,
  UNRESOLVABLE,
  type Wanted,
} from "./wanted.ts";

const DATABASE = "aws_db_instance";
const PARAMETERS = "aws_db_parameter_group";
const SECRET = "aws_secretsmanager_secret";

/** The provider's route tables keep routes in a resource of their own, or within. */
function leadsToInternet(table: string, origin: Origin): boolean {
  const { stacks } = origin;
  const routes = companionsOf(stacks, { type: "aws_route", link: "route_table_id" }, table);
  const within = resourcesOf(stacks, "aws_route_table").filter((it) => addressOf(it) === table);
  return (
    routes.some(({ values }) => values.gateway_id !== undefined) ||
    within.some(({ values }) => values.route !== undefined)
  );
}

/** Each is in a route table without a route to an internet gateway. */
const privateSubnets: Wanted = {
  says: "subnets that the internet does not reach",
  accepts: (value, origin) => {
    const subnets = referred(value, "aws_subnet", origin);
    if (subnets === undefined || subnets.length === 0) return false;
    return subnets.every((subnet) => {
      const associations = companionsOf(
        origin.stacks,
        { type: "aws_route_table_association", link: "subnet_id" },
        addressOf(subnet),
      );
      // A subnet without one is in the VPC's main route table, which nobody here knows.
      return (
        associations.length > 0 &&
        associations.every(({ stack, values }) => {
          const table = resolveReference(origin.stacks, stack, values.route_table_id);
          return isResource(table, "aws_route_table") && !leadsToInternet(addressOf(table), origin);
        })
      );
    });
  },
  wrong: [
    [],
    altered<readonly unknown[]>("an unknown one among them", (it) => [...it, UNRESOLVABLE]),
  ],
};

const uncommonPort: Wanted = {
  says: "a port other than PostgreSQL's 5432",
  accepts: (value) => typeof value === "number" && value !== 5432,
  wrong: [5432],
};

const COMMON_ADMINISTRATORS = ["admin", "administrator", "awsuser", "postgres", "root"];
const uncommonName: Wanted = {
  says: `a name other than ${COMMON_ADMINISTRATORS.join(", ")}`,
  accepts: (value) => isLiteral(value) && value !== "" && !COMMON_ADMINISTRATORS.includes(value),
  wrong: ["postgres", "admin", ""],
};

/** The first major version of which none lets log_fdw, or an import, read files of the host. */
const FIRST_SAFE_VERSION = 14;
const safeVersion: Wanted = {
  says: `version ${FIRST_SAFE_VERSION} or newer`,
  accepts: (value) => isLiteral(value) && Number.parseInt(value, 10) >= FIRST_SAFE_VERSION,
  wrong: ["13.2", "9.6.2", "latest"],
};

const logsExported: Wanted = {
  says: "a list with postgresql and upgrade",
  accepts: (value) =>
    Array.isArray(value) && ["postgresql", "upgrade"].every((log) => value.includes(log)),
  wrong: [[], ["postgresql"], ["upgrade"], [UNRESOLVABLE]],
};

/** Milliseconds as text; -1 would log nothing. */
const slowStatements: Wanted = {
  says: "a number of milliseconds",
  accepts: (value) => typeof value === "string" && /^\d+$/.test(value),
  wrong: ["-1", ""],
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

/** A secret beside the one that RDS keeps, as it should be. */
function withSecret(stacks: Stacks): Stacks {
  const [key] = resourcesOf(stacks, "aws_kms_key");
  if (key === undefined) throw new Error("The stacks have no key for the secret.");
  const { stack, name } = key;
  const add = (changed: Stacks, type: string, values: Values) =>
    withResource(changed, { stack, type, name: "Example", values });
  const secret = add(stacks, SECRET, { kms_key_id: `\${aws_kms_key.${name}.arn}` });
  return add(secret, "aws_secretsmanager_secret_rotation", {
    secret_id: `\${${SECRET}.Example.id}`,
    rotation_rules: { automatically_after_days: 30 },
  });
}

const atMostQuarterly: Wanted = {
  says: "at most 90 days",
  accepts: (value) => typeof value === "number" && value >= 1 && value <= 90,
  wrong: [91, 0],
};

const privateNetwork = every("aws_db_subnet_group", is("subnet_ids", privateSubnets));

export const database: readonly Area[] = [
  {
    name: "RDS",
    controls: [
      {
        id: "rds-encrypted",
        title: "Storage is encrypted, under a customer's key",
        checkov: ["CKV_AWS_16"],
        trivy: ["AWS-0080"],
        securityHub: ["RDS.3"],
        rule: every(DATABASE, is("storage_encrypted", isTrue), is("kms_key_id", customerKey)),
      },
      {
        id: "rds-private",
        title: "It has no public address, and the internet does not reach its subnets",
        checkov: ["CKV_AWS_17"],
        trivy: ["AWS-0180"],
        securityHub: ["RDS.2", "RDS.46"],
        rule: allOf(
          every(
            DATABASE,
            is("publicly_accessible", isFalse),
            is("db_subnet_group_name", referenceTo("aws_db_subnet_group")),
          ),
          {
            ...privateNetwork,
            examples: [
              ...privateNetwork.examples,
              {
                title: "subnets with a route to the internet",
                broken: (stacks) =>
                  resourcesOf(stacks, "aws_db_subnet_group").map((group) => ({
                    address: addressOf(group),
                    stacks: withPublicSubnets(stacks),
                  })),
              },
            ],
          },
        ),
      },
      {
        id: "rds-multi-az",
        title: "A standby runs in another availability zone",
        checkov: ["CKV_AWS_157"],
        securityHub: ["RDS.5"],
        rule: every(DATABASE, is("multi_az", isTrue)),
        refusals: [
          {
            under: ["dev"],
            reason:
              "A standby doubles the price of the database; dev can wait for a restart. `CIPHERWATCH_DATABASE_MULTI_AZ=true` runs one.",
          },
        ],
      },
      {
        id: "rds-iam",
        title: "Users can sign in by IAM",
        checkov: ["CKV_AWS_161"],
        trivy: ["AWS-0176"],
        securityHub: ["RDS.10"],
        rule: every(DATABASE, is("iam_database_authentication_enabled", isTrue)),
      },
      {
        id: "rds-deletion-protection",
        title: "Deletion protection is on",
        checkov: ["CKV_AWS_293"],
        trivy: ["AWS-0177"],
        securityHub: ["RDS.8"],
        rule: every(DATABASE, is("deletion_protection", isTrue)),
        refusals: [{ under: ["dev"], reason: DESTROYABLE }],
      },
      {
        id: "rds-insights",
        title: "Performance Insights is on, under a customer's key",
        checkov: ["CKV_AWS_353", "CKV_AWS_354"],
        trivy: ["AWS-0078", "AWS-0133"],
        rule: every(
          DATABASE,
          is("performance_insights_enabled", isTrue),
          is("performance_insights_kms_key_id", customerKey),
        ),
      },
      {
        id: "rds-logs",
        title: "Logs are exported, with changes of the schema and slow statements",
        checkov: ["CKV_AWS_129", "CKV2_AWS_30"],
        securityHub: ["RDS.9", "RDS.36"],
        rule: allOf(
          every(
            DATABASE,
            is("enabled_cloudwatch_logs_exports", logsExported),
            is("parameter_group_name", referenceTo(PARAMETERS)),
          ),
          every(
            PARAMETERS,
            is("parameter", holds("log_statement", oneOf(["ddl", "mod", "all"], "none"))),
            is("parameter", holds("log_min_duration_statement", slowStatements)),
          ),
        ),
      },
      {
        id: "rds-backup",
        title: "Backups are kept for a week or longer",
        checkov: ["CKV_AWS_133"],
        trivy: ["AWS-0077"],
        securityHub: ["RDS.11"],
        rule: every(DATABASE, is("backup_retention_period", atLeast(7))),
      },
      {
        id: "rds-monitoring",
        title: "Enhanced Monitoring is on",
        checkov: ["CKV_AWS_118"],
        securityHub: ["RDS.6"],
        rule: every(
          DATABASE,
          is("monitoring_interval", oneOf([1, 5, 10, 15, 30, 60], 0)),
          is("monitoring_role_arn", referenceTo("aws_iam_role")),
        ),
      },
      {
        id: "rds-minor-upgrades",
        title: "Minor versions are upgraded by themselves",
        checkov: ["CKV_AWS_226"],
        securityHub: ["RDS.13"],
        rule: every(DATABASE, is("auto_minor_version_upgrade", isTrue)),
      },
      {
        id: "rds-ca",
        title: "Its certificate is from a current authority",
        checkov: ["CKV_AWS_211"],
        rule: every(
          DATABASE,
          is(
            "ca_cert_identifier",
            oneOf(["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"], "rds-ca-2019"),
          ),
        ),
      },
      {
        id: "rds-tls",
        title: "Connections without TLS are refused",
        checkov: ["CKV2_AWS_69"],
        securityHub: ["RDS.38"],
        rule: allOf(
          every(DATABASE, is("parameter_group_name", referenceTo(PARAMETERS))),
          every(PARAMETERS, is("parameter", holds("rds.force_ssl", equal("1", "0")))),
        ),
      },
      {
        id: "rds-snapshot-tags",
        title: "Snapshots have the tags of the database",
        checkov: ["CKV2_AWS_60"],
        securityHub: ["RDS.17"],
        rule: every(DATABASE, is("copy_tags_to_snapshot", isTrue)),
      },
      {
        id: "rds-uncommon",
        title: "Port and administrator are not what everybody tries first",
        securityHub: ["RDS.23", "RDS.25"],
        rule: every(DATABASE, is("port", uncommonPort), is("username", uncommonName)),
      },
      {
        id: "rds-version",
        title: "No version that lets files of the host be read",
        checkov: ["CKV_AWS_250", "CKV_AWS_388"],
        rule: every(
          DATABASE,
          is("engine", equal("postgres", "aurora-postgresql")),
          is("engine_version", safeVersion),
        ),
      },
    ],
  },
  {
    name: "Secrets Manager",
    controls: [
      {
        id: "secret-key",
        title: "Secrets are encrypted under a customer's key",
        checkov: ["CKV_AWS_149"],
        trivy: ["AWS-0098"],
        rule: allOf(
          every(DATABASE, is("master_user_secret_kms_key_id", customerKey)),
          ifAny(SECRET, every(SECRET, is("kms_key_id", customerKey)), withSecret),
        ),
      },
      {
        id: "secret-rotation",
        title: "Secrets are changed every 90 days or sooner",
        checkov: ["CKV_AWS_304", "CKV2_AWS_57"],
        securityHub: ["SecretsManager.1", "SecretsManager.4"],
        rule: allOf(
          // RDS changes the secret that it manages every seven days.
          every(
            DATABASE,
            is("manage_master_user_password", isTrue),
            is("password", absent),
            is("password_wo", absent),
          ),
          ifAny(
            SECRET,
            every(
              companions(SECRET, { type: "aws_secretsmanager_secret_rotation", link: "secret_id" }),
              is("rotation_rules.automatically_after_days", atMostQuarterly),
            ),
            withSecret,
          ),
        ),
      },
    ],
  },
];
