import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import type { TerraformJson } from "../terraform/json.ts";
import { healthCommand } from "./constructs/service-task.ts";
import { ServiceStack } from "./service.ts";
import { synthesize } from "./synthesize.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

type Variables = Readonly<Record<string, string>>;

const DIGEST = `sha256:${"1".repeat(64)}`;
const KEY_ARN = "arn:aws:kms:ap-southeast-2:111122223333:key/data";
const SECRET_ARN = "arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:rds!db-1";
const SECRET_KEY_ARN = "arn:aws:kms:ap-southeast-2:111122223333:key/secret";
const REPOSITORY_ARN = "arn:aws:ecr:ap-southeast-2:111122223333:repository/service";

function stackOf(variables: Variables = {}, endpointSecurityGroupId?: string): TerraformJson {
  return synthStack(
    (app) =>
      new ServiceStack(app, "service", {
        settings: settingsOf(variables),
        imageDigest: DIGEST,
        repositoryArn: REPOSITORY_ARN,
        repositoryUrl: "registry.example.com/service",
        vpcId: "vpc-1",
        publicSubnetIds: ["subnet-public-a", "subnet-public-b"],
        privateSubnetIds: ["subnet-private-a", "subnet-private-b"],
        serviceSecurityGroupId: "sg-tasks",
        ...(endpointSecurityGroupId === undefined ? {} : { endpointSecurityGroupId }),
        keyArn: KEY_ARN,
        databaseHost: "database.example.com",
        databasePort: 5433,
        databaseName: "cipherwatch",
        databaseUser: "cipherwatch_service",
        databaseResourceId: "db-ABC",
        databaseSecurityGroupId: "sg-database",
        masterSecretArn: SECRET_ARN,
        secretKeyArn: SECRET_KEY_ARN,
      }),
  );
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly [field: string]: unknown;
}

function containersOf(of: TerraformJson): readonly [migrate: Container, api: Container] {
  return JSON.parse(String(resourceOf(of, "aws_ecs_task_definition").container_definitions));
}

const stack = stackOf();
const task = resourceOf(stack, "aws_ecs_task_definition");
const [migrate, api] = containersOf(stack);
const variablesOf = ({ environment }: Container) =>
  Object.fromEntries(environment.map(({ name, value }) => [name, value]));

describe("the task", () => {
  test("is Fargate's, of the size and processor that the settings say", () => {
    const size = { TASK_CPU: "1024", TASK_MEMORY: "2048", CPU_ARCHITECTURE: "ARM64" };
    expect(resourceOf(stackOf(size), "aws_ecs_task_definition")).toMatchObject({
      requires_compatibilities: ["FARGATE"],
      network_mode: "awsvpc",
      cpu: "1024",
      memory: "2048",
      runtime_platform: { operating_system_family: "LINUX", cpu_architecture: "ARM64" },
    });
  });

  test("keeps its last revision until the next one runs", () => {
    expect(task).toMatchObject({ lifecycle: { create_before_destroy: true } });
  });

  test("has roles of its own to start and to run", () => {
    expect(task.execution_role_arn).toMatch(/^\$\{aws_iam_role\.ExecutionRole_.+\.arn\}$/);
    expect(task.task_role_arn).toMatch(/^\$\{aws_iam_role\.ServiceRole_.+\.arn\}$/);
  });
});

describe.each([
  ["migrate", migrate],
  ["api", api],
])("the container %s", (name, container) => {
  test("is the image of this digest", () => {
    expect(container).toMatchObject({ name, image: `registry.example.com/service@${DIGEST}` });
  });

  test("is nobody in particular, may do nothing in particular and writes nowhere", () => {
    expect(container).toMatchObject({
      user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      privileged: false,
      readonlyRootFilesystem: true,
      linuxParameters: { initProcessEnabled: true, capabilities: { drop: ["ALL"] } },
    });
    expect(container).not.toHaveProperty("mountPoints");
  });

  test("logs to the service's log group without waiting for it", () => {
    expect(container.logConfiguration).toMatchObject({
      logDriver: "awslogs",
      options: {
        "awslogs-group": "${aws_cloudwatch_log_group.ServiceLogs.name}",
        "awslogs-region": "ap-southeast-2",
        mode: "non-blocking",
      },
    });
  });
});

describe("migrations", () => {
  test("end before the API starts, and the task goes on without them", () => {
    expect(migrate).toMatchObject({ essential: false, command: ["node", "service/migrate.ts"] });
    expect(api).toMatchObject({
      essential: true,
      dependsOn: [{ containerName: "migrate", condition: "SUCCESS" }],
    });
  });

  test("alone get the master secret, and not by a variable that a task definition shows", () => {
    expect(migrate.secrets).toEqual([{ name: "DATABASE_SECRET", valueFrom: SECRET_ARN }]);
    expect(api).not.toHaveProperty("secrets");
    expect(JSON.stringify([migrate.environment, api.environment])).not.toMatch(/SECRET|PASSWORD/);
  });

  test("learn where the database is and whose role to make", () => {
    expect(variablesOf(migrate)).toEqual({
      DATABASE_HOST: "database.example.com",
      DATABASE_NAME: "cipherwatch",
      DATABASE_PORT: "5433",
      DATABASE_USER: "cipherwatch_service",
    });
  });
});

describe("the API", () => {
  test("learns the key, the database and its namespace", () => {
    expect(variablesOf(api)).toEqual({
      AWS_REGION: "ap-southeast-2",
      DATABASE_HOST: "database.example.com",
      DATABASE_NAME: "cipherwatch",
      DATABASE_PORT: "5433",
      DATABASE_USER: "cipherwatch_service",
      HOST: "0.0.0.0",
      KMS_KEY_ARN: KEY_ARN,
      METRICS_NAMESPACE: "Cipherwatch/dev/Service",
      PORT: "8080",
    });
    expect(api.portMappings).toEqual([{ containerPort: 8080, hostPort: 8080, protocol: "tcp" }]);
  });

  test("is asked for its health by node itself, for the image has no shell", () => {
    expect(api.healthCheck).toMatchObject({ command: ["CMD", ...healthCommand(8080)] });
  });

  test("gets as long to stop as the load balancer gives it", () => {
    expect(api.stopTimeout).toBe(30);
    expect(resourceOf(stack, "aws_lb_target_group").deregistration_delay).toBe("30");
  });
});

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
    const closed = stackOf({}, "sg-endpoints");
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

describe("the ECS service", () => {
  const service = resourceOf(stack, "aws_ecs_service");

  test("runs in the private subnets, without public addresses, on Fargate's latest platform", () => {
    expect(service).toMatchObject({
      launch_type: "FARGATE",
      platform_version: "LATEST",
      network_configuration: {
        subnets: ["subnet-private-a", "subnet-private-b"],
        security_groups: ["sg-tasks"],
        assign_public_ip: false,
      },
    });
  });

  test("fails an apply whose image does not come up, with the old one still serving", () => {
    expect(service).toMatchObject({
      deployment_circuit_breaker: { enable: true, rollback: true },
      deployment_minimum_healthy_percent: 100,
      deployment_maximum_percent: 200,
      wait_for_steady_state: true,
    });
  });

  test("starts with the least number of tasks and leaves their number to the scaling", () => {
    expect(resourceOf(stackOf({ MIN_TASKS: "2" }), "aws_ecs_service")).toMatchObject({
      desired_count: 2,
      lifecycle: { ignore_changes: ["desired_count"] },
    });
  });

  test("waits for what its first task needs", () => {
    expect(service.depends_on).toEqual([
      expect.stringMatching(/^aws_lb_listener\.LoadBalancer_Http_/),
      expect.stringMatching(/^aws_iam_role_policy\.ExecutionRole_/),
      expect.stringMatching(/^aws_iam_role_policy\.ServiceRole_/),
      "aws_vpc_security_group_ingress_rule.AdmitLoadBalancer",
      "aws_vpc_security_group_egress_rule.ReachDatabase",
      "aws_vpc_security_group_egress_rule.ReachAws",
    ]);
  });

  test("gets requests from the target group at the API's port", () => {
    expect(service.load_balancer).toEqual([
      {
        target_group_arn: expect.stringMatching(/^\$\{aws_lb_target_group\..+\.arn\}$/),
        container_name: "api",
        container_port: 8080,
      },
    ]);
  });

  test("scales on CPU and on requests for each task, between the settings' bounds", () => {
    const scaled = stackOf({ MIN_TASKS: "2", MAX_TASKS: "7", REQUESTS_PER_TASK: "300" });
    expect(resourceOf(scaled, "aws_appautoscaling_target")).toMatchObject({
      resource_id: "service/${aws_ecs_cluster.Cluster.name}/${aws_ecs_service.Service.name}",
      scalable_dimension: "ecs:service:DesiredCount",
      min_capacity: 2,
      max_capacity: 7,
    });
    const policy = (id: string) =>
      resourceOf(scaled, "aws_appautoscaling_policy", id)
        .target_tracking_scaling_policy_configuration;
    expect(policy("Scaling_Cpu")).toMatchObject({
      predefined_metric_specification: {
        predefined_metric_type: "ECSServiceAverageCPUUtilization",
      },
      target_value: 60,
    });
    expect(policy("Scaling_Requests")).toMatchObject({
      predefined_metric_specification: {
        predefined_metric_type: "ALBRequestCountPerTarget",
        resource_label: expect.stringMatching(
          /^\$\{aws_lb\..+\.arn_suffix\}\/\$\{aws_lb_target_group\..+\.arn_suffix\}$/,
        ),
      },
      target_value: 300,
    });
  });
});

describe("logs", () => {
  const groups = Object.values(stack.resource?.aws_cloudwatch_log_group ?? {});

  test("all of them are encrypted under one key, whose policy names each", () => {
    const names = groups.map(({ name }) => String(name));
    expect(names.sort()).toEqual([
      "/aws/ecs/containerinsights/cipherwatch-dev-service/performance",
      "/cipherwatch/dev/exec",
      "/cipherwatch/dev/service",
      "aws-waf-logs-cipherwatch-dev-service",
    ]);
    for (const { kms_key_id } of groups) {
      expect(kms_key_id).toMatch(/^\$\{aws_kms_key\.LogsKey_.+\.arn\}$/);
    }
    const { policy } = resourceOf(stack, "aws_kms_key");
    const [condition] = conditionsOf(statementOf(stack, policy, "LogGroupsUseKey"));
    for (const name of names) expect(condition).toContain(`:log-group:${name}`);
  });

  test("Container Insights finds its log group there, and watches as the settings say", () => {
    const cluster = resourceOf(stackOf({ CONTAINER_INSIGHTS: "enhanced" }), "aws_ecs_cluster");
    expect(cluster).toMatchObject({
      setting: [{ name: "containerInsights", value: "enhanced" }],
      depends_on: ["aws_cloudwatch_log_group.InsightsLogs"],
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
    const on = stackOf({ EXECUTE_COMMAND: "true" });
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

test("the lab's outputs are kept", () => {
  expect(Object.keys(stack.output ?? {})).toEqual(
    expect.arrayContaining(["Endpoint", "TaskRoleArn", "ClusterName", "ServiceName"]),
  );
});

describe("among the other stacks", () => {
  const allOf = (digit: string) =>
    synthesize(settingsOf({ IMAGE_DIGEST: `sha256:${digit.repeat(64)}` }));

  test("another digest changes the task definition and nothing else", () => {
    const [before, after] = [allOf("1"), allOf("2")];
    const changed = [...after].flatMap(([id, { resource = {}, ...rest }]) => {
      const { resource: old = {}, ...oldRest } = before.get(id) as TerraformJson;
      expect(rest).toEqual(oldRest);
      return Object.entries(resource)
        .filter(([type, resources]) => JSON.stringify(resources) !== JSON.stringify(old[type]))
        .map(([type]) => `${id}: ${type}`);
    });
    expect(changed).toEqual(["service: aws_ecs_task_definition"]);
  });

  test("without a digest the service is left out, and all else is there", () => {
    const ids = [...allOf("1").keys()];
    const without = [...synthesize(settingsOf()).keys()];
    expect(without).toEqual(ids.filter((id) => id !== "service"));
    expect(ids).toContain("service");
  });
});
