import { describe, expect, test } from "vitest";
import type { Block, TerraformJson } from "../../terraform/json.ts";
import { serviceStack } from "../testing/service-stack.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  resourcesOf,
  statementsOf,
} from "../testing/synthesized.ts";

const CANARY = { DEPLOYMENT_STRATEGY: "canary", SHIFT_PERCENT: "10", SHIFT_MINUTES: "7" };
const rolling = serviceStack();
const canary = serviceStack(CANARY);

const serviceOf = (stack: TerraformJson) => resourceOf(stack, "aws_ecs_service");
const alarmsOf = (stack: TerraformJson) =>
  Object.entries(resourcesOf(stack, "aws_cloudwatch_metric_alarm"));
const alarmNamed = (name: string, stack = rolling): Block => {
  const alarm = alarmsOf(stack).find(([, { alarm_name }]) => alarm_name === name);
  if (alarm === undefined) throw new Error(`The stack has no alarm ${name}.`);
  return alarm[1];
};

describe("deployment alarms", () => {
  test("stop and roll back a deployment, each of them, by reference", () => {
    for (const stack of [rolling, canary]) {
      expect(serviceOf(stack).alarms).toEqual({
        alarm_names: expect.any(Array),
        enable: true,
        rollback: true,
      });
      const { alarm_names: names } = serviceOf(stack).alarms as { alarm_names: string[] };
      expect(names.toSorted()).toEqual(
        alarmsOf(stack)
          .map(([name]) => `\${aws_cloudwatch_metric_alarm.${name}.alarm_name}`)
          .toSorted(),
      );
    }
    expect(
      alarmsOf(rolling)
        .map(([, { alarm_name }]) => alarm_name)
        .toSorted(),
    ).toEqual([
      "cipherwatch-dev-rollback-denied-decrypts",
      "cipherwatch-dev-rollback-latency",
      "cipherwatch-dev-rollback-no-response",
      "cipherwatch-dev-rollback-server-errors",
      "cipherwatch-dev-rollback-unhealthy-targets",
    ]);
  });

  test("notify the routine topic by its ARN, as the stack alarm may be deployed later", () => {
    for (const [, { alarm_actions, actions_enabled }] of alarmsOf(canary)) {
      expect(actions_enabled).toBe(true);
      expect(alarm_actions).toEqual([
        `arn:${PARTITION}:sns:ap-southeast-2:${ACCOUNT}:cipherwatch-dev-routine`,
      ]);
    }
  });

  test("need two of three minutes, and are OK without requests", () => {
    for (const [, alarm] of alarmsOf(rolling)) {
      expect(alarm).toMatchObject({
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        treat_missing_data: "notBreaching",
        comparison_operator: "GreaterThanOrEqualToThreshold",
      });
      const queries = (alarm.metric_query ?? []) as Block[];
      const metrics =
        queries.length === 0 ? [alarm] : queries.flatMap(({ metric }) => metric ?? []);
      const periods = (metrics as Block[]).map(({ period }) => period);
      expect(new Set(periods)).toEqual(new Set([60]));
    }
  });

  test("read the share of server errors, with a minimum for a service with few requests", () => {
    const loadBalancer = expect.stringMatching(/^\$\{aws_lb\..+\.arn_suffix\}$/);
    const sum = (metric_name: string) => ({
      namespace: "AWS/ApplicationELB",
      metric_name,
      dimensions: { LoadBalancer: loadBalancer },
      period: 60,
      stat: "Sum",
    });
    expect(alarmNamed("cipherwatch-dev-rollback-server-errors")).toMatchObject({
      threshold: 5,
      metric_query: [
        { id: "events", metric: sum("HTTPCode_Target_5XX_Count") },
        { id: "all", metric: sum("RequestCount") },
        { id: "share", expression: "IF(events >= 5, 100 * events / all, 0)", return_data: true },
      ],
    });
  });

  test("read the share of denied decrypts from the service's own metrics", () => {
    const { metric_query } = alarmNamed("cipherwatch-dev-rollback-denied-decrypts");
    const metric = { namespace: "Cipherwatch/dev/Service", dimensions: { Service: "api" } };
    expect(metric_query).toMatchObject([
      { metric: { ...metric, metric_name: "DecryptDenied" } },
      { metric: { ...metric, metric_name: "Decrypts" } },
      { expression: "IF(events >= 10, 100 * events / all, 0)" },
    ]);
  });

  test("have the thresholds of the settings", () => {
    const strict = serviceStack({
      ROLLBACK_ERROR_PERCENT: "1",
      ROLLBACK_DENIED_PERCENT: "80",
      ROLLBACK_LATENCY_MS: "750",
    });
    const thresholdOf = (name: string) => alarmNamed(`cipherwatch-dev-${name}`, strict).threshold;
    expect(thresholdOf("rollback-server-errors")).toBe(1);
    expect(thresholdOf("rollback-denied-decrypts")).toBe(80);
    expect(thresholdOf("rollback-latency")).toBe(0.75);
  });

  test("read both target groups if deployments alternate between them", () => {
    const dimensionsOf = (name: string) =>
      alarmNamed(`cipherwatch-dev-${name}`, canary).dimensions as Block;
    const groups = ["rollback-unhealthy-targets", "rollback-unhealthy-alternatetargets"].map(
      (name) => dimensionsOf(name).TargetGroup,
    );
    expect(groups).toEqual([
      expect.stringMatching(/^\$\{aws_lb_target_group\.LoadBalancer_Targets_/),
      expect.stringMatching(/^\$\{aws_lb_target_group\.LoadBalancer_AlternateTargets_/),
    ]);
  });
});

describe("the strategy", () => {
  const configurationOf = (strategy: string) =>
    serviceOf(serviceStack({ ...CANARY, DEPLOYMENT_STRATEGY: strategy, SHIFT_PERCENT: "30" }))
      .deployment_configuration;

  test("rolling is the default, and needs no second target group, rule and role", () => {
    expect(serviceOf(rolling)).not.toHaveProperty("deployment_configuration");
    expect(serviceOf(rolling).load_balancer).toEqual([
      expect.not.objectContaining({ advanced_configuration: expect.anything() }),
    ]);
    expect(Object.keys(resourcesOf(rolling, "aws_lb_target_group"))).toHaveLength(1);
    expect(rolling.resource).not.toHaveProperty("aws_lb_listener_rule");
    expect(Object.keys(resourcesOf(rolling, "aws_iam_role"))).not.toContainEqual(
      expect.stringMatching(/^Rollout_/),
    );
  });

  test.each([
    ["blue-green", { strategy: "BLUE_GREEN", bake_time_in_minutes: "5" }],
    [
      "canary",
      {
        strategy: "CANARY",
        bake_time_in_minutes: "5",
        canary_configuration: { canary_percent: 30, canary_bake_time_in_minutes: "7" },
      },
    ],
    [
      "linear",
      {
        strategy: "LINEAR",
        bake_time_in_minutes: "5",
        linear_configuration: { step_percent: 30, step_bake_time_in_minutes: "7" },
      },
    ],
  ])("%s is passed to ECS with its times", (strategy, configuration) => {
    expect(configurationOf(strategy)).toEqual(configuration);
  });

  test("gives ECS the two target groups, the rule and a role for the load balancer", () => {
    expect(serviceOf(canary).load_balancer).toEqual([
      expect.objectContaining({
        target_group_arn: expect.stringMatching(/\.LoadBalancer_Targets_\w+\.arn\}$/),
        advanced_configuration: {
          alternate_target_group_arn: expect.stringMatching(/_AlternateTargets_\w+\.arn\}$/),
          production_listener_rule: expect.stringMatching(/^\$\{aws_lb_listener_rule\./),
          role_arn: expect.stringMatching(/^\$\{aws_iam_role\.Rollout_ShiftRole_/),
        },
      }),
    ]);
    const groups = Object.values(resourcesOf(canary, "aws_lb_target_group"));
    expect(groups[0]).toEqual(groups[1]);
  });

  test("leaves the weights of the rule to ECS", () => {
    const rule = resourceOf(canary, "aws_lb_listener_rule");
    expect(rule).toMatchObject({
      priority: 1,
      condition: [{ path_pattern: { values: ["/*"] } }],
      lifecycle: { ignore_changes: ["action"] },
    });
    expect(rule.action).toMatchObject([
      { type: "forward", forward: { target_group: [{ weight: 100 }, { weight: 0 }] } },
    ]);
  });

  test("lets the role change only this rule, listener and these target groups", () => {
    const { assume_role_policy: trust } = resourceOf(canary, "aws_iam_role", "Rollout_");
    expect(statementsOf(canary, trust).map(conditionsOf)).toEqual([
      [
        `ArnLike aws:SourceArn arn:${PARTITION}:ecs:ap-southeast-2:${ACCOUNT}:*`,
        `StringEquals aws:SourceAccount ${ACCOUNT}`,
      ],
    ]);
    const { policy } = resourceOf(canary, "aws_iam_role_policy", "Rollout_");
    const changes = statementsOf(canary, policy).filter(({ resources }) => resources?.[0] !== "*");
    expect(changes.flatMap(({ actions }) => actions)).toEqual([
      "elasticloadbalancing:DeregisterTargets",
      "elasticloadbalancing:RegisterTargets",
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyRule",
    ]);
    expect(changes.flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(/^\$\{aws_lb_target_group\.LoadBalancer_Targets_/),
      expect.stringMatching(/^\$\{aws_lb_target_group\.LoadBalancer_AlternateTargets_/),
      expect.stringMatching(/^\$\{aws_lb_listener\./),
      expect.stringMatching(/^\$\{aws_lb_listener_rule\./),
    ]);
  });

  test("waits longer than the strategy takes", () => {
    expect(serviceOf(canary).timeouts).toEqual({ create: "50m", update: "50m" });
  });

  test("scales on the requests of both target groups", () => {
    const policy = (stack: TerraformJson) =>
      resourceOf(stack, "aws_appautoscaling_policy", "Scaling_Requests_")
        .target_tracking_scaling_policy_configuration as Block;
    expect(policy(rolling)).toHaveProperty("predefined_metric_specification.resource_label");
    expect(policy(canary)).not.toHaveProperty("predefined_metric_specification");
    expect(policy(canary)).toMatchObject({
      customized_metric_specification: {
        metrics: [
          { id: "requests", return_data: false },
          { id: "tasks", return_data: false },
          { id: "requestsPerTask", expression: "requests / tasks", return_data: true },
        ],
      },
    });
  });
});
