import { describe, expect, test } from "vitest";
import { SHAPES } from "../common/environment.ts";
import { loadSettings, settingsTable } from "./index.ts";
import { issuesOf, settingsOf } from "./testing.ts";

const EMAIL = { CIPHERWATCH_ALERT_EMAIL: "security@example.com" };

describe("defaults", () => {
  test("require only the alert address, and select dev", () => {
    expect(loadSettings(EMAIL)).toMatchObject({
      env: "dev",
      region: "ap-southeast-2",
      alertEmail: "security@example.com",
      allowedCidrs: [],
      thresholds: {},
      deletionProtection: false,
    });
  });

  test("keep data longer in prod than in dev, and protect it from deletion", () => {
    const dev = settingsOf();
    const prod = settingsOf({ ENV: "prod" });
    expect(prod.logRetentionDays).toBeGreaterThan(dev.logRetentionDays);
    expect(prod.trailRetentionDays).toBeGreaterThan(dev.trailRetentionDays);
    expect(prod.keyDeletionDays).toBeGreaterThan(dev.keyDeletionDays);
    expect(prod.trailLockDays).toBeGreaterThan(0);
    expect(prod.deletionProtection).toBe(true);
  });

  test.each(SHAPES)("of %s are values that the variables accept", (ENV) => {
    const defaults = settingsOf({ ENV });
    const texts = Object.entries(defaults)
      .filter(([, value]) => typeof value !== "object" || Array.isArray(value))
      .map(([name, value = ""]) => [name.replace(/[A-Z]/g, "_$&").toUpperCase(), String(value)]);
    expect(settingsOf(Object.fromEntries(texts))).toEqual(defaults);
  });

  test("apply to an empty or blank variable", () => {
    expect(settingsOf({ ENV: "", REGION: "  ", TYPO: "" })).toEqual(settingsOf());
  });

  test("do not depend on variables without the prefix", () => {
    const others = { AWS_REGION: "x", PATH: "/bin", TERRAFORM_PROVIDER_MIRROR: "/mirror" };
    expect(loadSettings({ ...EMAIL, ...others })).toEqual(settingsOf());
  });
});

test("every setting has a one-line description", () => {
  for (const [name, { description }] of Object.entries(settingsTable)) {
    expect.soft(description, name).toMatch(/^[A-Z].+\.$/);
  }
});

describe("errors", () => {
  test("suggest the nearest name for an unknown variable, without its value", () => {
    const issues = issuesOf({ REGOIN: "hunter2" });
    expect(issues).toMatchObject([
      { message: 'Unknown variable "CIPHERWATCH_REGOIN". Did you mean CIPHERWATCH_REGION?' },
    ]);
    expect(JSON.stringify(issues)).not.toMatch(/hunter2/);
  });

  test("ignore the prefix when they suggest a name", () => {
    const [issue] = issuesOf({ BOGUS: "1" });
    expect(issue?.message).toBe('Unknown variable "CIPHERWATCH_BOGUS".');
  });

  const INVALID = {
    ENV: "prod",
    ALERT_EMAIL: "",
    REGION: "sydney",
    DELETION_PROTECTION: "false",
    NOISE: "1",
  };

  test("report all issues at once, including those of several settings together", () => {
    expect(
      issuesOf(INVALID)
        .map(({ variable }) => variable)
        .sort(),
    ).toEqual([
      "CIPHERWATCH_ALERT_EMAIL",
      "CIPHERWATCH_DELETION_PROTECTION",
      "CIPHERWATCH_NOISE",
      "CIPHERWATCH_REGION",
    ]);
  });

  test("omit a check of several settings while one of them is invalid", () => {
    expect(issuesOf({ SHAPE: "production", DELETION_PROTECTION: "false" })).toMatchObject([
      { variable: "CIPHERWATCH_SHAPE" },
    ]);
  });

  test("name the value, the error, what is allowed and the next step", () => {
    expect(() => settingsOf(INVALID)).toThrow(
      [
        '  CIPHERWATCH_REGION = "sydney"',
        "    error:   is not an AWS region",
        "    allowed: an AWS region code outside China, such as ap-southeast-2",
        "    next:    choose one from `aws account list-regions`, or unset it to use ap-southeast-2",
      ].join("\n"),
    );
  });

  test("truncate a long value", () => {
    expect(() => settingsOf({ REGION: "x".repeat(5000) })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("x".repeat(200)) }),
    );
  });
});
