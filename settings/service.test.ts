import { expect, test } from "vitest";
import { settings as alarmSettings } from "./alarms.ts";
import { settings } from "./service.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

const { monitoringCanary } = alarmSettings;
const { operatingHours, ...others } = settings;

testSettings(others, {
  imageDigest: [
    "IMAGE_DIGEST",
    DIGEST,
    DIGEST,
    {
      latest: /^is not a valid image digest$/,
      [`sha256:${"A".repeat(64)}`]: /^is not a valid image digest$/,
    },
  ],
  imagesKept: ["IMAGES_KEPT", "20", 20, { 1: /^must be an integer between 2 and 1000$/ }],
  taskCpu: [
    "TASK_CPU",
    "1024",
    1024,
    { 300: /^is not a task size that Fargate offers$/, half: /^must be a number$/ },
  ],
  taskMemory: [
    "TASK_MEMORY",
    "3072",
    3072,
    { "1.5": /^must be an integer between 512 and 122880$/ },
  ],
  cpuArchitecture: [
    "CPU_ARCHITECTURE",
    "ARM64",
    "ARM64",
    { arm64: /^is not a CPU architecture that Fargate offers$/ },
  ],
  minTasks: ["MIN_TASKS", "3", 3, { 0: /^must be an integer between 1 and 1000$/ }],
  maxTasks: ["MAX_TASKS", "3", 3, { 1001: /^must be an integer between 1 and 1000$/ }],
  requestsPerTask: [
    "REQUESTS_PER_TASK",
    "500",
    500,
    { many: /^must be an integer between 1 and 1000000$/ },
  ],
  containerInsights: [
    "CONTAINER_INSIGHTS",
    "enhanced",
    "enhanced",
    { none: /^is not a level of Container Insights that ECS offers$/ },
  ],
  fargateSpot: ["FARGATE_SPOT", "true", true, { cheap: /must be true or false/ }],
  recordFormat: ["RECORD_FORMAT", "1", 1, { 3: /^is not a format version of records$/ }],
  decryptWithoutTrail: [
    "DECRYPT_WITHOUT_TRAIL",
    "refuse-unknown",
    "refuse-unknown",
    { deny: /^is not a way to treat decrypts without a trail$/ },
  ],
  executeCommand: ["EXECUTE_COMMAND", "true", true, { sometimes: /must be true or false/ }],
});

testSettings(
  { operatingHours, monitoringCanary },
  {
    operatingHours: [
      "OPERATING_HOURS",
      "Mon-Fri 07:00-19:00 Australia/Sydney",
      {
        days: ["MON", "TUE", "WED", "THU", "FRI"],
        opens: 420,
        closes: 1140,
        timeZone: "Australia/Sydney",
      },
      { always: /^must be days, hours and a time zone$/ },
    ],
    monitoringCanary: ["MONITORING_CANARY", "false", false, { maybe: /^must be true or false$/ }],
  },
);

const hours = {
  OPERATING_HOURS: "Mon-Fri 07:00-19:00 Australia/Sydney",
  MONITORING_CANARY: "false",
};

test.each([
  ["in prod", { ENV: "prod" }, /^must not be set in prod: at other times no record/],
  ["with the canary", { MONITORING_CANARY: "true" }, /^must not be set with the canary, whose/],
  [
    "with a second Region",
    { REPLICA_REGION: "ap-southeast-1" },
    /^must not be set with a second Region/,
  ],
])("rejects operating hours %s", (_, changes, message) => {
  const issue = issuesOf({ ...hours, ...changes }).find(
    ({ variable }) => variable === "CIPHERWATCH_OPERATING_HOURS",
  );
  expect(issue?.message).toMatch(message);
});

test("runs at least two tasks in prod, and allows no commands in containers", () => {
  expect(settingsOf()).toMatchObject({ minTasks: 1, executeCommand: false });
  const prod = settingsOf({ ENV: "prod" });
  expect(prod.minTasks).toBeGreaterThanOrEqual(2);
  expect(prod.executeCommand).toBe(false);
});

test("rejects memory that Fargate does not offer with the CPU", () => {
  expect(issuesOf({ TASK_CPU: "512", TASK_MEMORY: "512" })).toMatchObject([
    {
      variable: "CIPHERWATCH_TASK_MEMORY",
      received: "512",
      message: "is 512 MiB, which Fargate does not offer with 512 CPU units",
      allowed: expect.stringContaining("1024 to 4096 with 512 CPU units"),
    },
  ]);
});

test("rejects a maximum of tasks below the minimum", () => {
  expect(issuesOf({ MIN_TASKS: "3" })).toMatchObject([
    { variable: "CIPHERWATCH_MAX_TASKS", message: "must not be lower than CIPHERWATCH_MIN_TASKS" },
  ]);
});

test("rejects more tasks than the database has connections for, during a deployment", () => {
  expect(issuesOf({ MAX_TASKS: "4" })).toMatchObject([
    {
      variable: "CIPHERWATCH_MAX_TASKS",
      message: expect.stringMatching(/^needs up to 80 database connections .* of the 74 /),
    },
  ]);
  expect(settingsOf({ MAX_TASKS: "4", DATABASE_POOL_SIZE: "9" }).maxTasks).toBe(4);
  expect(settingsOf({ MAX_TASKS: "4", DATABASE_INSTANCE_CLASS: "db.t4g.small" }).maxTasks).toBe(4);
});

test("rejects tasks on Fargate Spot in prod", () => {
  expect(issuesOf({ ENV: "prod", FARGATE_SPOT: "true" })).toMatchObject([
    {
      variable: "CIPHERWATCH_FARGATE_SPOT",
      message: "must be false in prod: AWS can stop all tasks at once",
    },
  ]);
});

test("rejects a cluster without Container Insights in prod", () => {
  expect(issuesOf({ ENV: "prod", CONTAINER_INSIGHTS: "disabled" })).toMatchObject([
    { variable: "CIPHERWATCH_CONTAINER_INSIGHTS", message: "must not be disabled in prod" },
  ]);
});
