import { expect, test } from "vitest";
import { settings, shiftDuration } from "./rollout.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const MINUTES = /^must be an integer between 1 and 30$/;

testSettings(settings, {
  deploymentStrategy: [
    "DEPLOYMENT_STRATEGY",
    "canary",
    "canary",
    { CANARY: /^is not a deployment strategy that ECS offers$/ },
  ],
  shiftPercent: ["SHIFT_PERCENT", "25", 25, { 2: /^must be an integer between 3 and 50$/ }],
  shiftMinutes: ["SHIFT_MINUTES", "2", 2, { 31: MINUTES }],
  bakeMinutes: ["BAKE_MINUTES", "10", 10, { 0: MINUTES }],
  rollbackErrorPercent: [
    "ROLLBACK_ERROR_PERCENT",
    "1",
    1,
    { 101: /^must be an integer between 1 and 100$/ },
  ],
  rollbackDeniedPercent: [
    "ROLLBACK_DENIED_PERCENT",
    "90",
    90,
    { 0: /^must be an integer between 1 and 100$/ },
  ],
  rollbackLatencyMs: [
    "ROLLBACK_LATENCY_MS",
    "500",
    500,
    { fast: /^must be an integer between 50 and 60000$/ },
  ],
});

test("computes how long a strategy shifts requests", () => {
  const times = { shiftPercent: 30, shiftMinutes: 4, bakeMinutes: 5 };
  expect(
    (["rolling", "blue-green", "canary", "linear"] as const).map((deploymentStrategy) =>
      shiftDuration({ deploymentStrategy, ...times }),
    ),
  ).toEqual([0, 5, 9, 17]); // 30, 60, 90, 100 percent
});

test("rejects a strategy that outlasts the credentials of a deployment", () => {
  expect(settingsOf({ DEPLOYMENT_STRATEGY: "linear" }).deploymentStrategy).toBe("linear");
  expect(issuesOf({ DEPLOYMENT_STRATEGY: "linear", SHIFT_PERCENT: "10" })).toMatchObject([
    {
      variable: "CIPHERWATCH_DEPLOYMENT_STRATEGY",
      message: expect.stringMatching(/^takes 50 minutes with /),
    },
  ]);
  expect(settingsOf({ SHIFT_PERCENT: "10", BAKE_MINUTES: "30" }).bakeMinutes).toBe(30);
});
