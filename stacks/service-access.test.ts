import { describe, expect, test } from "vitest";
import type { TerraformJson } from "../terraform/json.ts";
import {
  containersOf,
  KEY_ARN,
  REPOSITORY_ARN,
  SECRET_ARN,
  SECRET_KEY_ARN,
  serviceStack,
} from "./testing/service-stack.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  resourcesOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

const stack = serviceStack();
const task = resourceOf(stack, "aws_ecs_task_definition");

/** The permissions of a role by sid: actions, resources and conditions. */
function permissionsOf(of: TerraformJson, role: "ExecutionRole" | "ServiceRole" | "Rewrap") {
  const { policy } = resourceOf(of, "aws_iam_role_policy", role);
  return Object.fromEntries(
    statementsOf(of, policy).map((statement) => [
      statement.sid,
      [statement.actions, statement.resources, conditionsOf(statement)],
    ]),
  );
}

describe("IAM roles", () => {
  test.each(["ExecutionRole", "ServiceRole"])(
    "%s can only be assumed by ECS tasks of this account",
    (role) => {
      const { assume_role_policy } = resourceOf(stack, "aws_iam_role", role);
      const trust = statementOf(stack, assume_role_policy, "TasksAssume");
      expect(statementsOf(stack, assume_role_policy)).toHaveLength(1);
      expect(trust.principals).toEqual([
        { type: "Service", identifiers: ["ecs-tasks.amazonaws.com"] },
      ]);
      expect(conditionsOf(trust)).toEqual([
        `ArnLike aws:SourceArn arn:${PARTITION}:ecs:ap-southeast-2:${ACCOUNT}:*`,
        `StringEquals aws:SourceAccount ${ACCOUNT}`,
      ]);
    },
  );

  test("only let ECS pull the image, write the log and read the database's secret", () => {
    expect(permissionsOf(stack, "ExecutionRole")).toEqual({
      SignInToRegistry: [["ecr:GetAuthorizationToken"], ["*"], []],
      PullImage: [
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        [REPOSITORY_ARN],
        [],
      ],
      WriteLogs: [
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["${aws_cloudwatch_log_group.ServiceLogs.arn}:log-stream:*"],
        [],
      ],
      ReadMasterSecret: [["secretsmanager:GetSecretValue"], [SECRET_ARN], []],
      DecryptMasterSecret: [
        ["kms:Decrypt"],
        [SECRET_KEY_ARN],
        [
          `StringEquals kms:EncryptionContext:SecretARN ${SECRET_ARN}`,
          "StringEquals kms:ViaService secretsmanager.ap-southeast-2.amazonaws.com",
        ],
      ],
    });
  });

  test("only let the service encrypt and decrypt records and sign in as its own user", () => {
    expect(permissionsOf(stack, "ServiceRole")).toEqual({
      SealAndOpenRecords: [
        ["kms:Decrypt", "kms:GenerateDataKey"],
        [KEY_ARN],
        ["StringEquals kms:EncryptionContext:app cipherwatch"],
      ],
      DescribeDataKey: [["kms:DescribeKey"], [KEY_ARN], []],
      SignInToDatabase: [
        ["rds-db:connect"],
        [`arn:${PARTITION}:rds-db:ap-southeast-2:${ACCOUNT}:dbuser:db-ABC/cipherwatch_service`],
        [],
      ],
    });
  });

  test("only let the rewrap worker move records of format 2 between the service's keys, and sign in as its own user", () => {
    const previous = "arn:aws:kms:ap-southeast-2:111122223333:key/previous";
    const two = serviceStack({}, undefined, [previous]);
    const conditions = [
      "StringEquals kms:EncryptionContext:app cipherwatch",
      "StringEquals kms:EncryptionContext:format 2",
    ];
    expect(permissionsOf(two, "Rewrap")).toEqual({
      MoveRecordsFrom: [["kms:ReEncryptFrom"], [previous], conditions],
      MoveRecordsTo: [["kms:ReEncryptTo"], [KEY_ARN], conditions],
      SignInToDatabase: [
        ["rds-db:connect"],
        [`arn:${PARTITION}:rds-db:ap-southeast-2:${ACCOUNT}:dbuser:db-ABC/cipherwatch_rewrap`],
        [],
      ],
    });
    expect(permissionsOf(two, "ServiceRole")).toMatchObject({
      OpenOlderRecords: [
        ["kms:Decrypt"],
        [previous],
        ["StringEquals kms:EncryptionContext:app cipherwatch"],
      ],
    });
    const worker = resourceOf(two, "aws_ecs_task_definition", "Rewrap");
    const [container] = JSON.parse(String(worker.container_definitions));
    expect(worker.family).toBe("cipherwatch-dev-rewrap");
    expect(container).toMatchObject({
      command: ["node", "service/rewrap.ts"],
      readonlyRootFilesystem: true,
      user: "65532:65532",
      image: expect.stringMatching(/@sha256:/),
    });
    const variables = Object.fromEntries(
      container.environment.map(({ name, value }: { name: string; value: string }) => [
        name,
        value,
      ]),
    );
    expect(variables).toMatchObject({
      KMS_KEY_ARN: KEY_ARN,
      KMS_PREVIOUS_KEY_ARNS: previous,
      DATABASE_USER: "cipherwatch_rewrap",
    });
    expect(resourcesOf(stack, "aws_ecs_task_definition")).toHaveProperty("Task");
    expect(Object.keys(resourcesOf(stack, "aws_ecs_task_definition"))).toHaveLength(1);
  });

  test("give the service's role the name that the key policy and the detections use", () => {
    expect(resourceOf(stack, "aws_iam_role", "ServiceRole").name).toBe("cipherwatch-dev-service");
  });
});

/** The rules of the tasks' group: `in` or `out`, peer and port, sorted. */
function connectionsOf(of: TerraformJson): readonly string[] {
  return (["ingress", "egress"] as const)
    .flatMap((direction) =>
      Object.values(of.resource?.[`aws_vpc_security_group_${direction}_rule`] ?? {})
        .filter(({ security_group_id }) => security_group_id === "sg-tasks")
        .map((rule) => {
          expect(rule.description).toMatch(/./);
          expect([rule.ip_protocol, rule.to_port]).toEqual(["tcp", rule.from_port]);
          const peer = rule.cidr_ipv4 ?? rule.referenced_security_group_id ?? rule.prefix_list_id;
          return `${direction} ${peer}:${rule.from_port}`;
        }),
    )
    .sort();
}

describe("the tasks' connections", () => {
  const [balancer] = Object.keys(stack.resource?.aws_security_group ?? {});
  const fromBalancer = `ingress \${aws_security_group.${balancer}.id}:8080`;

  test("are limited to the load balancer, the database and, through NAT, AWS APIs", () => {
    expect(connectionsOf(stack)).toEqual([
      "egress 0.0.0.0/0:443",
      "egress sg-database:5433",
      fromBalancer,
    ]);
  });

  test("only go to VPC addresses and S3 if the network has interface endpoints", () => {
    const closed = serviceStack({}, "sg-endpoints");
    expect(connectionsOf(closed)).toEqual([
      "egress ${data.aws_ec2_managed_prefix_list.S3Addresses.id}:443",
      "egress sg-database:5433",
      "egress sg-endpoints:443",
      fromBalancer,
    ]);
    expect(closed.data?.aws_ec2_managed_prefix_list?.S3Addresses).toMatchObject({
      name: "com.amazonaws.ap-southeast-2.s3",
    });
  });
});

test("the tasks reach the issuer's keys if the settings list its addresses", () => {
  const open = serviceStack(
    {
      DOMAIN_NAME: "vault.example.com",
      HOSTED_ZONE_ID: "Z0123456789",
      VPC_ENDPOINTS: "true",
      OIDC_ISSUER: "https://login.example.com",
      OIDC_AUDIENCE: "vault",
      OIDC_JWKS_URL: "https://login.example.com/jwks",
      OIDC_EGRESS_CIDRS: "203.0.113.0/24",
    },
    "sg-endpoints",
  );
  expect(connectionsOf(open)).toContain("egress 203.0.113.0/24:443");
});

describe("ECS Exec", () => {
  test("is off, but configured with logging and encryption in case it is enabled by hand", () => {
    expect(resourceOf(stack, "aws_ecs_service").enable_execute_command).toBe(false);
    expect(task).not.toHaveProperty("volume");
    expect(JSON.stringify(stack.data)).not.toContain("ssmmessages");
    expect(resourceOf(stack, "aws_ecs_cluster").configuration).toMatchObject({
      execute_command_configuration: {
        kms_key_id: expect.stringMatching(/^\$\{aws_kms_key\.LogsKey_.+\.arn\}$/),
        logging: "OVERRIDE",
        log_configuration: {
          cloud_watch_encryption_enabled: true,
          cloud_watch_log_group_name: "${aws_cloudwatch_log_group.ExecLogs.name}",
        },
      },
    });
  });

  test("can be enabled: the role has permissions, and the agent has writable volumes", () => {
    const on = serviceStack({ EXECUTE_COMMAND: "true" });
    expect(resourceOf(on, "aws_ecs_service").enable_execute_command).toBe(true);
    expect(permissionsOf(on, "ServiceRole")).toMatchObject({
      OpenExecChannels: [
        [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ],
        ["*"],
        [],
      ],
    });
    const [migrations, service] = containersOf(on);
    expect(service).toMatchObject({ readonlyRootFilesystem: true });
    expect(service.mountPoints).toHaveLength(3);
    expect(migrations).not.toHaveProperty("mountPoints");
  });
});
