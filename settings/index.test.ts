import { describe, expect, test } from "vitest";
import { ENVIRONMENTS } from "../common/environment.ts";
import { loadSettings } from "./index.ts";
import { problemsOf, settingsOf } from "./testing.ts";

const EMAIL = { CIPHERWATCH_ALERT_EMAIL: "security@example.com" };

describe("defaults", () => {
  test("only the alert address must be given, and the environment is dev", () => {
    expect(loadSettings(EMAIL)).toMatchObject({
      env: "dev",
      region: "ap-southeast-2",
      alertEmail: "security@example.com",
      allowedCidrs: [],
      thresholds: {},
      deletionProtection: false,
    });
  });

  test("prod keeps longer than dev, waits longer and refuses to destroy data", () => {
    const dev = settingsOf();
    const prod = settingsOf({ ENV: "prod" });
    expect(prod.logRetentionDays).toBeGreaterThan(dev.logRetentionDays);
    expect(prod.trailRetentionDays).toBeGreaterThan(dev.trailRetentionDays);
    expect(prod.keyDeletionDays).toBeGreaterThan(dev.keyDeletionDays);
    expect(prod.trailLockDays).toBeGreaterThan(0);
    expect(prod.deletionProtection).toBe(true);
  });

  test.each(ENVIRONMENTS)("those of %s could be set", (ENV) => {
    const defaults = settingsOf({ ENV });
    const texts = Object.entries(defaults)
      .filter(([, value]) => typeof value !== "object" || Array.isArray(value))
      .map(([name, value = ""]) => [name.replace(/[A-Z]/g, "_$&").toUpperCase(), String(value)]);
    expect(settingsOf(Object.fromEntries(texts))).toEqual(defaults);
  });

  test("an empty or blank variable counts as unset", () => {
    expect(settingsOf({ ENV: "", REGION: "  ", TYPO: "" })).toEqual(settingsOf());
  });

  test("variables of others are left alone", () => {
    const others = { AWS_REGION: "x", PATH: "/bin", TERRAFORM_PROVIDER_MIRROR: "/mirror" };
    expect(loadSettings({ ...EMAIL, ...others })).toEqual(settingsOf());
  });
});

describe("errors", () => {
  test("an unknown variable suggests the nearest and does not show its value", () => {
    const problems = problemsOf({ REGOIN: "hunter2" });
    expect(problems).toMatchObject([
      { wrong: expect.stringMatching(/did you mean CIPHERWATCH_REGION\?/) },
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/hunter2/);
  });

  test("the prefix makes no variable like another", () => {
    const [problem] = problemsOf({ BOGUS: "1" });
    expect(problem?.wrong).toBe('there is no variable "CIPHERWATCH_BOGUS"');
  });

  const WRONG = {
    ENV: "prod",
    ALERT_EMAIL: "",
    REGION: "sydney",
    DELETION_PROTECTION: "false",
    NOISE: "1",
  };

  test("all problems are told at once, those of rules too", () => {
    expect(
      problemsOf(WRONG)
        .map(({ variable }) => variable)
        .sort(),
    ).toEqual([
      "CIPHERWATCH_ALERT_EMAIL",
      "CIPHERWATCH_DELETION_PROTECTION",
      "CIPHERWATCH_NOISE",
      "CIPHERWATCH_REGION",
    ]);
  });

  test("a rule rests while a setting that it looks at is wrong by itself", () => {
    expect(problemsOf({ ENV: "production", DELETION_PROTECTION: "false" })).toMatchObject([
      { variable: "CIPHERWATCH_ENV" },
    ]);
  });

  test("the message is for people", () => {
    expect(() => settingsOf(WRONG)).toThrow(
      [
        '  CIPHERWATCH_REGION = "sydney"',
        "    wrong:   this is no code of an AWS region",
        "    allowed: the code of an AWS region, such as ap-southeast-2",
        "    next:    take one from `aws account list-regions`, or unset it for ap-southeast-2",
      ].join("\n"),
    );
  });

  test("a long value is cut short in the message", () => {
    expect(() => settingsOf({ REGION: "x".repeat(5000) })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("x".repeat(200)) }),
    );
  });
});
