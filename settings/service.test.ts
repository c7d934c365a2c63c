import { expect, test } from "vitest";
import { settings } from "./service.ts";
import { problemsOf, settingsOf, testSettings } from "./testing.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

testSettings(settings, {
  imageDigest: [
    "IMAGE_DIGEST",
    DIGEST,
    DIGEST,
    { latest: /digest/, [`sha256:${"A".repeat(64)}`]: /digest/ },
  ],
  imagesKept: ["IMAGES_KEPT", "20", 20, { 1: /number/ }],
  taskCpu: ["TASK_CPU", "1024", 1024, { 300: /Fargate offers no such task/, half: /no number/ }],
  taskMemory: ["TASK_MEMORY", "3072", 3072, { "1.5": /number/ }],
  cpuArchitecture: ["CPU_ARCHITECTURE", "ARM64", "ARM64", { arm64: /processor/ }],
  minTasks: ["MIN_TASKS", "3", 3, { 0: /number/ }],
  maxTasks: ["MAX_TASKS", "3", 3, { 1001: /number/ }],
  requestsPerTask: ["REQUESTS_PER_TASK", "500", 500, { many: /number/ }],
  containerInsights: ["CONTAINER_INSIGHTS", "enhanced", "enhanced", { disabled: /level/ }],
  executeCommand: ["EXECUTE_COMMAND", "true", true, { sometimes: /neither true nor false/ }],
});

test("prod survives the loss of a task, and nobody runs commands in it", () => {
  expect(settingsOf()).toMatchObject({ minTasks: 1, executeCommand: false });
  const prod = settingsOf({ ENV: "prod" });
  expect(prod.minTasks).toBeGreaterThanOrEqual(2);
  expect(prod.executeCommand).toBe(false);
});

test("memory that Fargate does not give to such a CPU is refused", () => {
  expect(problemsOf({ TASK_CPU: "512", TASK_MEMORY: "512" })).toMatchObject([
    {
      variable: "CIPHERWATCH_TASK_MEMORY",
      received: "512",
      wrong: "Fargate offers no 512 MiB for this CPU",
      allowed: expect.stringContaining("with 512 CPU 1024 to 4096"),
    },
  ]);
});

test("more tasks at the least than at the most are refused", () => {
  expect(problemsOf({ MIN_TASKS: "3" })).toMatchObject([
    { variable: "CIPHERWATCH_MAX_TASKS", wrong: "fewer tasks may run than always run" },
  ]);
});
