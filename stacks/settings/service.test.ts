import { describe, expect, test } from "vitest";
import { settingsOf } from "../testing.ts";
import { SettingsError, type SettingsProblem } from "./error.ts";

type Variables = Readonly<Record<string, string>>;

function problemsOf(variables: Variables): readonly SettingsProblem[] {
  try {
    settingsOf(variables);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  throw new Error("The settings were taken.");
}

const DOMAIN = { DOMAIN_NAME: "vault.example.com", HOSTED_ZONE_ID: "Z0123456789" };

test("every setting of registry and service is read from its variable", () => {
  const imageDigest = `sha256:${"0123456789abcdef".repeat(4)}`;
  expect(
    settingsOf({
      ...DOMAIN,
      IMAGE_DIGEST: imageDigest,
      IMAGES_KEPT: "20",
      TASK_CPU: "1024",
      TASK_MEMORY: "3072",
      CPU_ARCHITECTURE: "ARM64",
      MIN_TASKS: "3",
      MAX_TASKS: "3",
      REQUESTS_PER_TASK: "500",
      CONTAINER_INSIGHTS: "enhanced",
      EXECUTE_COMMAND: "true",
      REQUEST_LIMIT: "1000",
      DECRYPT_LIMIT: "1000",
      REPUTATION_LIMIT: "10",
    }),
  ).toMatchObject({
    domainName: "vault.example.com",
    hostedZoneId: "Z0123456789",
    imageDigest,
    imagesKept: 20,
    taskCpu: 1024,
    taskMemory: 3072,
    cpuArchitecture: "ARM64",
    minTasks: 3,
    maxTasks: 3,
    requestsPerTask: 500,
    containerInsights: "enhanced",
    executeCommand: true,
    requestLimit: 1000,
    decryptLimit: 1000,
    reputationLimit: 10,
  });
});

test("prod survives the loss of a task, and nobody runs commands in it", () => {
  expect(settingsOf()).toMatchObject({ minTasks: 1, executeCommand: false });
  const prod = settingsOf({ ENV: "prod" });
  expect(prod.minTasks).toBeGreaterThanOrEqual(2);
  expect(prod.executeCommand).toBe(false);
});

test.each([
  ["IMAGE_DIGEST", "latest", /digest/],
  ["IMAGE_DIGEST", `sha256:${"A".repeat(64)}`, /digest/],
  ["IMAGES_KEPT", "1", /number/],
  ["TASK_CPU", "300", /Fargate offers no such task/],
  ["TASK_MEMORY", "1.5", /number/],
  ["CPU_ARCHITECTURE", "arm64", /processor/],
  ["MIN_TASKS", "0", /number/],
  ["REQUESTS_PER_TASK", "many", /number/],
  ["CONTAINER_INSIGHTS", "disabled", /level/],
  ["EXECUTE_COMMAND", "sometimes", /neither true nor false/],
  ["REQUEST_LIMIT", "9", /number/],
  ["DECRYPT_LIMIT", "9", /number/],
  ["REPUTATION_LIMIT", "9", /number/],
])("%s=%s is refused", (name, value, wrong) => {
  const problems = problemsOf({ [name]: value });
  expect(problems).toMatchObject([{ variable: `CIPHERWATCH_${name}`, received: value }]);
  expect(problems[0]?.wrong).toMatch(wrong);
});

test.each([
  ["DOMAIN_NAME", "https://vault.example.com", /name of a host/],
  ["DOMAIN_NAME", "Vault.example.com", /name of a host/],
  ["HOSTED_ZONE_ID", "/hostedzone/Z0123456789", /hosted zone/],
])("%s=%s is refused", (name, value, wrong) => {
  const problems = problemsOf({ ...DOMAIN, [name]: value });
  expect(problems).toMatchObject([{ variable: `CIPHERWATCH_${name}`, received: value }]);
  expect(problems[0]?.wrong).toMatch(wrong);
});

describe("settings that do not go together", () => {
  const { DOMAIN_NAME, HOSTED_ZONE_ID } = DOMAIN;

  test("TLS without a zone", () => {
    expect(problemsOf({ DOMAIN_NAME })).toMatchObject([
      {
        variable: "CIPHERWATCH_HOSTED_ZONE_ID",
        wrong: "TLS for the domain needs the zone that the domain is in",
      },
    ]);
  });

  test("a zone without a domain", () => {
    expect(problemsOf({ HOSTED_ZONE_ID })).toMatchObject([
      { variable: "CIPHERWATCH_DOMAIN_NAME", wrong: "a zone without a domain in it is of no use" },
    ]);
  });

  test.each(["0.0.0.0/0", "203.0.113.0/24,128.0.0.0/1", "0.0.0.0/7"])(
    "%s without TLS",
    (ALLOWED_CIDRS) => {
      expect(problemsOf({ ALLOWED_CIDRS })).toMatchObject([
        {
          variable: "CIPHERWATCH_ALLOWED_CIDRS",
          received: ALLOWED_CIDRS,
          wrong: "so many addresses may not send secrets without TLS",
        },
      ]);
    },
  );

  test("with TLS everybody may be admitted", () => {
    expect(settingsOf({ ...DOMAIN, ALLOWED_CIDRS: "0.0.0.0/0" }).allowedCidrs).toEqual([
      "0.0.0.0/0",
    ]);
  });

  test("memory that Fargate does not give to such a CPU", () => {
    expect(problemsOf({ TASK_CPU: "512", TASK_MEMORY: "512" })).toMatchObject([
      {
        variable: "CIPHERWATCH_TASK_MEMORY",
        received: "512",
        allowed: expect.stringContaining("with 512 CPU 1024 to 4096"),
      },
    ]);
  });

  test("more tasks at the least than at the most", () => {
    expect(problemsOf({ MIN_TASKS: "3" })).toMatchObject([
      { variable: "CIPHERWATCH_MAX_TASKS", wrong: "fewer tasks may run than always run" },
    ]);
  });

  test.each(["DECRYPT_LIMIT", "REPUTATION_LIMIT"])("%s above the limit for everything", (name) => {
    expect(problemsOf({ [name]: "2001" })).toMatchObject([
      { variable: `CIPHERWATCH_${name}`, received: "2001", wrong: "it would never be reached" },
    ]);
  });
});
