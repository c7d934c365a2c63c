import { expect, test } from "vitest";
import { settings } from "./general.ts";
import { issuesOf, testSettings } from "./testing.ts";

testSettings(settings, {
  env: ["ENV", "prod", "prod", { staging: /^is not a known environment$/ }],
  region: [
    "REGION",
    "us-gov-west-1",
    "us-gov-west-1",
    { sydney: /^is not a valid AWS region code$/ },
  ],
  accountId: [
    "ACCOUNT_ID",
    "012345678901",
    "012345678901",
    { 12345: /^is not a valid AWS account ID$/ },
  ],
  stateBucket: [
    "STATE_BUCKET",
    "example-state",
    "example-state",
    { "s3://state/key": /^is not a valid S3 bucket name$/ },
  ],
  deletionProtection: ["DELETION_PROTECTION", "true", true, { perhaps: /must be true or false/ }],
});

test("lists the known environments for an unknown one", () => {
  expect(issuesOf({ ENV: "staging" })).toMatchObject([{ allowed: "dev, prod" }]);
});

test("rejects prod without deletion protection", () => {
  expect(issuesOf({ ENV: "prod", DELETION_PROTECTION: "false" })).toMatchObject([
    { variable: "CIPHERWATCH_DELETION_PROTECTION", received: "false", allowed: "true, in prod" },
  ]);
});
