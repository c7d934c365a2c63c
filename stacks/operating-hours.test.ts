import { expect, test } from "vitest";
import { allOf, stackOf } from "./testing/cheap-dev.ts";
import { permissionsOfRole } from "./testing/pipeline-permissions.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  resourcesOf,
  statementsOf,
} from "./testing/synthesized.ts";

const database = stackOf("database");
const DATABASE_ARN = `arn:${PARTITION}:rds:ap-southeast-2:${ACCOUNT}:db:cipherwatch-dev-database`;

test("starts the database before the hours and stops it after them, without late retries", () => {
  const schedules = Object.values(resourcesOf(database, "aws_scheduler_schedule"));
  const common = {
    schedule_expression_timezone: "Australia/Sydney",
    flexible_time_window: { mode: "OFF" },
  };
  const target = (action: string) => ({
    arn: `arn:${PARTITION}:scheduler:::aws-sdk:rds:${action}DBInstance`,
    input: '{"DbInstanceIdentifier":"cipherwatch-dev-database"}',
    retry_policy: { maximum_event_age_in_seconds: 3600 },
  });
  expect(schedules).toMatchObject([
    {
      ...common,
      schedule_expression: "cron(40 6 ? * MON,TUE,WED,THU,FRI *)",
      target: target("start"),
    },
    {
      ...common,
      schedule_expression: "cron(10 19 ? * MON,TUE,WED,THU,FRI *)",
      target: target("stop"),
    },
  ]);
});

test("backs up and maintains the database while it runs", () => {
  expect(resourceOf(database, "aws_db_instance")).toMatchObject({
    backup_window: "21:30-22:00",
    maintenance_window: "sun:22:30-sun:23:00",
  });
});

test("lets the schedules start and stop this database only, within the permissions boundary", () => {
  const policy = resourceOf(database, "aws_iam_role_policy", "OperatingHours_").policy;
  const use = {
    actions: ["rds:StartDBInstance", "rds:StopDBInstance"],
    resources: [DATABASE_ARN],
  };
  expect(statementsOf(database, policy)).toMatchObject([use]);
  const role = resourceOf(database, "aws_iam_role", "OperatingHours_");
  const [trust] = statementsOf(database, role.assume_role_policy);
  expect(trust && conditionsOf(trust)).toEqual([
    `ArnLike aws:SourceArn arn:${PARTITION}:scheduler:ap-southeast-2:${ACCOUNT}:schedule-group/default`,
    `StringEquals aws:SourceAccount ${ACCOUNT}`,
  ]);
  const bootstrap = stackOf("bootstrap");
  const boundary = statementsOf(
    bootstrap,
    resourceOf(bootstrap, "aws_iam_policy", "Pipeline_Boundary").policy,
  );
  expect(boundary).toContainEqual(expect.objectContaining(use));
});

test("has no tasks at other times, and keeps the number of tasks that the schedule sets", () => {
  const service = stackOf("service");
  const actions = Object.values(resourcesOf(service, "aws_appautoscaling_scheduled_action"));
  const days = "? * MON,TUE,WED,THU,FRI *";
  expect(actions).toMatchObject([
    {
      schedule: `cron(0 19 ${days})`,
      timezone: "Australia/Sydney",
      scalable_target_action: { min_capacity: "0", max_capacity: "0" },
    },
    {
      schedule: `cron(0 7 ${days})`,
      timezone: "Australia/Sydney",
      scalable_target_action: { min_capacity: "1", max_capacity: "2" },
    },
  ]);
  expect(resourceOf(service, "aws_appautoscaling_target")).toMatchObject({
    lifecycle: { ignore_changes: ["min_capacity", "max_capacity"] },
  });
});

test("expects the schedules' role to start and stop the database", () => {
  const filters = Object.values(resourcesOf(stackOf("alarm"), "aws_cloudwatch_log_metric_filter"));
  const patternOf = (name: string) =>
    filters.find((filter) => filter.name === `cipherwatch-dev-${name}`)?.pattern;
  expect(patternOf("database-change")).toMatch(
    /sessionIssuer\.arn != "arn:[^"]+role\/cipherwatch-dev-operating-hours"/,
  );
});

test("has no alarm that fires because the service is silent at other times", () => {
  const breaching = allOf("aws_cloudwatch_metric_alarm")
    .filter(({ treat_missing_data }) => treat_missing_data !== "notBreaching")
    .map(({ alarm_name }) => alarm_name);
  // CloudTrail delivers events of the account at night, too.
  expect(breaching).toEqual(["cipherwatch-dev-trail-silent"]);
});

test("lets the pipeline manage the schedules and pass the role to EventBridge Scheduler", () => {
  const deploy = permissionsOfRole(stackOf("bootstrap"), "Deploy");
  const schedules = `arn:${PARTITION}:scheduler:ap-southeast-2:${ACCOUNT}:schedule/default/cipherwatch-dev-*`;
  expect(deploy.find(({ sid }) => sid === "ManageSchedules")?.resources).toEqual([schedules]);
  const pass = deploy.find(({ sid }) => sid === "PassRoles");
  expect(pass && conditionsOf(pass).join()).toContain("scheduler.amazonaws.com");
  expect(deploy.find(({ sid }) => sid === "ManageScaling")?.actions).toContain(
    "application-autoscaling:PutScheduledAction",
  );
});
