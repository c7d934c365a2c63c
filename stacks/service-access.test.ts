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
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

const stack = serviceStack();
const task = resourceOf(stack, "aws_ecs_task_definition");

/** The permissions of a role by sid: actions, resources and conditions. */
function permissionsOf(of: TerraformJson, role: "ExecutionRole" | "ServiceRole") {
  const { policy } = resourceOf(of, "aws_iam_role_policy", role);
  return Object.fromEntries(
    statementsOf(of, policy).map((statement) => [
      statement.sid,
      [statement.actions, statement.resources, conditionsOf(statement)],
    ]),
  );
}

describe("roles", () => {
  test.each(["ExecutionRole", "ServiceRole"])("%s is for ECS tasks of this account", (role) => {
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
  });

  test("what starts a task pulls this image, writes this log and reads this secret", () => {
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

  test("the service seals and opens its records and signs in as its own user, no more", () => {
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

  test("the service's has the name that the key's policy and the detections know", () => {
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

  test("come from the load balancer and go to the database and, by the NAT, to AWS's APIs", () => {
    expect(connectionsOf(stack)).toEqual([
      "egress 0.0.0.0/0:443",
      "egress sg-database:5433",
      fromBalancer,
    ]);
  });

  test("go to nobody else's address where the network has interface endpoints", () => {
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

describe("commands in a container", () => {
  test("are off, and would be logged and encrypted if somebody let them run by hand", () => {
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

  test("are on by a setting: the role may, and the agent writes beside the read-only root", () => {
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
