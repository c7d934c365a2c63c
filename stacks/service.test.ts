import { describe, expect, test } from "vitest";
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

describe("the task", () => {
  test("is Fargate's, of the size and processor that the settings say", () => {
    const size = { TASK_CPU: "1024", TASK_MEMORY: "2048", CPU_ARCHITECTURE: "ARM64" };
    expect(resourceOf(serviceStack(size), "aws_ecs_task_definition")).toMatchObject({
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
    expect(resourceOf(serviceStack({ MIN_TASKS: "2" }), "aws_ecs_service")).toMatchObject({
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
    const scaled = serviceStack({ MIN_TASKS: "2", MAX_TASKS: "7", REQUESTS_PER_TASK: "300" });
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
    const cluster = resourceOf(serviceStack({ CONTAINER_INSIGHTS: "enhanced" }), "aws_ecs_cluster");
    expect(cluster).toMatchObject({
      setting: [{ name: "containerInsights", value: "enhanced" }],
      depends_on: ["aws_cloudwatch_log_group.InsightsLogs"],
    });
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
