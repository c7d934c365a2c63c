import { describe, expect, test } from "vitest";
import { SMALLEST_TASK } from "../common/fargate.ts";
import { memoryForRequests } from "../service/admission.ts";
import { parseServiceEnvironment } from "../service/environment.ts";
import { settingsOf } from "../settings/testing.ts";
import type { TerraformJson } from "../terraform/json.ts";
import { healthCommand } from "./constructs/service-task.ts";
import { synthesize } from "./synthesize.ts";
import {
  type Container,
  containersOf,
  DIGEST,
  KEY_ARN,
  SECRET_ARN,
  serviceStack,
} from "./testing/service-stack.ts";
import { conditionsOf, resourceOf, statementOf } from "./testing/synthesized.ts";

const stack = serviceStack();
const task = resourceOf(stack, "aws_ecs_task_definition");
const [migrate, api] = containersOf(stack);
const variablesOf = ({ environment }: Container) =>
  Object.fromEntries(environment.map(({ name, value }) => [name, value]));

describe("the task definition", () => {
  test("is for Fargate, with the size and processor of the settings", () => {
    const size = { TASK_CPU: "1024", TASK_MEMORY: "2048", CPU_ARCHITECTURE: "ARM64" };
    const sized = serviceStack(size);
    expect(containersOf(sized)[1]).toMatchObject({ memory: 2048 });
    expect(resourceOf(sized, "aws_ecs_task_definition")).toMatchObject({
      requires_compatibilities: ["FARGATE"],
      network_mode: "awsvpc",
      cpu: "1024",
      memory: "2048",
      runtime_platform: { operating_system_family: "LINUX", cpu_architecture: "ARM64" },
    });
  });

  test("gives the service the memory of the task, which suffices for its largest requests", () => {
    expect(api).toMatchObject({ memory: Number(task.memory) });
    expect(api).not.toHaveProperty("memoryReservation");
    // The suite faults loads a service with this much.
    expect(task.memory).toBe(String(SMALLEST_TASK));
    expect(variablesOf(api as Container)).not.toHaveProperty("MAX_TEXT_BYTES");
    const { MAX_TEXT_BYTES } = parseServiceEnvironment({
      DATABASE_URL: "postgres://postgres@localhost/postgres",
      KMS_KEY_ARN: KEY_ARN,
    });
    const shared = memoryForRequests(SMALLEST_TASK * 2 ** 20, MAX_TEXT_BYTES);
    expect(shared).toBeGreaterThan(100 * 2 ** 20);
    expect(() => memoryForRequests(2 ** 20, MAX_TEXT_BYTES)).toThrow("MAX_TEXT_BYTES");
  });

  test("keeps the old revision until the new one exists", () => {
    expect(task).toMatchObject({ lifecycle: { create_before_destroy: true } });
  });

  test("has separate roles to start and to run", () => {
    expect(task.execution_role_arn).toMatch(/^\$\{aws_iam_role\.ExecutionRole_.+\.arn\}$/);
    expect(task.task_role_arn).toMatch(/^\$\{aws_iam_role\.ServiceRole_.+\.arn\}$/);
  });
});

describe.each([
  ["migrate", migrate],
  ["api", api],
])("the container %s", (name, container) => {
  test("uses the image with the digest", () => {
    expect(container).toMatchObject({ name, image: `registry.example.com/service@${DIGEST}` });
  });

  test("runs unprivileged, without capabilities and with a read-only root", () => {
    expect(container).toMatchObject({
      user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      privileged: false,
      readonlyRootFilesystem: true,
      linuxParameters: { initProcessEnabled: true, capabilities: { drop: ["ALL"] } },
    });
    expect(container).not.toHaveProperty("mountPoints");
  });

  test("logs to the service's log group without blocking", () => {
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
  test("finish before the API starts, and the task continues without them", () => {
    expect(migrate).toMatchObject({ essential: false, command: ["node", "service/migrate.ts"] });
    expect(api).toMatchObject({
      essential: true,
      dependsOn: [{ containerName: "migrate", condition: "SUCCESS" }],
    });
  });

  test("are the only container with the master secret, which is not a plain variable", () => {
    expect(migrate.secrets).toEqual([{ name: "DATABASE_SECRET", valueFrom: SECRET_ARN }]);
    expect(api).not.toHaveProperty("secrets");
    expect(JSON.stringify([migrate.environment, api.environment])).not.toMatch(/SECRET|PASSWORD/);
  });

  test("receive the database's address and the role to create", () => {
    expect(variablesOf(migrate)).toEqual({
      DATABASE_HOST: "database.example.com",
      DATABASE_NAME: "cipherwatch",
      DATABASE_PORT: "5433",
      DATABASE_USER: "cipherwatch_service",
    });
  });
});

describe("the API", () => {
  test("receives the key, the database and the metric namespace", () => {
    expect(variablesOf(api)).toEqual({
      AWS_REGION: "ap-southeast-2",
      CANARY_MINUTES: "30",
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

  test("runs no canary if the settings turn it off", () => {
    const [, container] = containersOf(serviceStack({ MONITORING_CANARY: "false" }));
    expect(variablesOf(container)).not.toHaveProperty("CANARY_MINUTES");
  });

  test("receives settings that differ from the service's defaults", () => {
    const [, container] = containersOf(
      serviceStack({ DATABASE_POOL_SIZE: "5", RECORD_FORMAT: "1" }),
    );
    expect(variablesOf(container)).toMatchObject({ DATABASE_POOL_SIZE: "5", RECORD_FORMAT: "1" });
    const { DATABASE_POOL_SIZE, RECORD_FORMAT } = parseServiceEnvironment({
      DATABASE_URL: "postgres://postgres@localhost/postgres",
      KMS_KEY_ARN: KEY_ARN,
    });
    expect(settingsOf().databasePoolSize).toBe(DATABASE_POOL_SIZE);
    expect(settingsOf().recordFormat).toBe(RECORD_FORMAT);
  });

  test("verifies access tokens with the issuer and the keys of the settings", () => {
    const OIDC_JWKS = `{"keys":[{"kty":"OKP","kid":"1","crv":"Ed25519","x":"${"A".repeat(43)}"}]}`;
    const tls = { DOMAIN_NAME: "vault.example.com", HOSTED_ZONE_ID: "Z0123456789" };
    const oidc = { OIDC_ISSUER: "https://login.example.com", OIDC_AUDIENCE: "vault" };
    const [, container] = containersOf(serviceStack({ ...tls, ...oidc, OIDC_JWKS }));
    const variables = variablesOf(container);
    expect(variables).toMatchObject({
      ...oidc,
      OIDC_JWKS,
      OIDC_CLIENT_CLAIM: "sub",
      CLIENT_METRICS: "10",
      CLIENT_REQUESTS_PER_MINUTE: "600",
      CLIENT_DECRYPTS_PER_MINUTE: "120",
      CLIENT_DECRYPTS_PER_DAY: "20000",
    });
    expect(parseServiceEnvironment(variables).identity).toMatchObject({
      issuer: oidc.OIDC_ISSUER,
      keys: { kind: "pinned" },
    });
  });

  test("has a health check that needs no shell", () => {
    expect(api.healthCheck).toMatchObject({ command: ["CMD", ...healthCommand(8080)] });
  });

  test("has the same time to stop as at the load balancer", () => {
    expect(api.stopTimeout).toBe(30);
    expect(resourceOf(stack, "aws_lb_target_group").deregistration_delay).toBe("30");
  });
});

describe("the ECS service", () => {
  const service = resourceOf(stack, "aws_ecs_service");

  test("runs in the private subnets without public addresses, on Fargate's latest platform", () => {
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

  test("runs in the public subnets with public addresses in a cheap dev, without a web ACL", () => {
    const cheap = serviceStack({
      NAT_GATEWAYS: "public-tasks",
      WEB_ACL: "false",
      CONTAINER_INSIGHTS: "disabled",
      FARGATE_SPOT: "true",
    });
    expect(resourceOf(cheap, "aws_ecs_service")).toMatchObject({
      capacity_provider_strategy: [{ capacity_provider: "FARGATE_SPOT", weight: 1 }],
      network_configuration: {
        subnets: ["subnet-public-a", "subnet-public-b"],
        security_groups: ["sg-tasks"],
        assign_public_ip: true,
      },
    });
    expect(resourceOf(cheap, "aws_ecs_cluster")).toMatchObject({
      setting: [{ name: "containerInsights", value: "disabled" }],
    });
    for (const type of ["acl", "acl_association", "acl_logging_configuration"]) {
      expect(cheap.resource).not.toHaveProperty(`aws_wafv2_web_${type}`);
    }
  });

  test("fails the apply if a new image does not start, while the old one keeps serving", () => {
    expect(service).toMatchObject({
      deployment_circuit_breaker: { enable: true, rollback: true },
      deployment_minimum_healthy_percent: 100,
      deployment_maximum_percent: 200,
      wait_for_steady_state: true,
    });
  });

  test("starts with the minimum number of tasks and leaves changes to autoscaling", () => {
    expect(resourceOf(serviceStack({ MIN_TASKS: "2" }), "aws_ecs_service")).toMatchObject({
      desired_count: 2,
      lifecycle: { ignore_changes: ["desired_count"] },
    });
  });

  test("depends on everything that its first task needs", () => {
    expect(service.depends_on).toEqual([
      expect.stringMatching(/^aws_lb_listener\.LoadBalancer_Http_/),
      expect.stringMatching(/^aws_iam_role_policy\.ExecutionRole_/),
      expect.stringMatching(/^aws_iam_role_policy\.ServiceRole_/),
      "aws_vpc_security_group_ingress_rule.AdmitLoadBalancer",
      "aws_vpc_security_group_egress_rule.ReachDatabase",
      "aws_vpc_security_group_egress_rule.ReachAws",
    ]);
  });

  test("receives requests from the target group on the API's port", () => {
    expect(service.load_balancer).toEqual([
      {
        target_group_arn: expect.stringMatching(/^\$\{aws_lb_target_group\..+\.arn\}$/),
        container_name: "api",
        container_port: 8080,
      },
    ]);
  });

  test("scales with CPU and with requests for each task, within the bounds of the settings", () => {
    const scaled = serviceStack({
      DATABASE_INSTANCE_CLASS: "db.t4g.small",
      MIN_TASKS: "2",
      MAX_TASKS: "7",
      REQUESTS_PER_TASK: "300",
    });
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

describe("log groups", () => {
  const groups = Object.values(stack.resource?.aws_cloudwatch_log_group ?? {});

  test("are encrypted with one key, whose policy lists all of them", () => {
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

  test("exist before Container Insights, which has the mode of the settings", () => {
    const cluster = resourceOf(serviceStack({ CONTAINER_INSIGHTS: "enhanced" }), "aws_ecs_cluster");
    expect(cluster).toMatchObject({
      setting: [{ name: "containerInsights", value: "enhanced" }],
      depends_on: ["aws_cloudwatch_log_group.InsightsLogs"],
    });
  });
});

test("has the lab's outputs", () => {
  expect(Object.keys(stack.output ?? {})).toEqual(
    expect.arrayContaining(["Endpoint", "TaskRoleArn", "ClusterName", "ServiceName"]),
  );
});

describe("together with the other stacks", () => {
  const allOf = (digit: string) =>
    synthesize(settingsOf({ IMAGE_DIGEST: `sha256:${digit.repeat(64)}` }));

  test("changes nothing but the task definition with another digest", () => {
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

  test("leaves out only the service without a digest", () => {
    const ids = [...allOf("1").keys()];
    const without = [...synthesize(settingsOf()).keys()];
    expect(without).toEqual(ids.filter((id) => id !== "service"));
    expect(ids).toContain("service");
  });
});
