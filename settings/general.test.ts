import { expect, test } from "vitest";
import { settings } from "./general.ts";
import { problemsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  env: ["ENV", "prod", "prod", { staging: /^there is no such environment$/ }],
  region: ["REGION", "us-gov-west-1", "us-gov-west-1", { sydney: /region/ }],
  accountId: ["ACCOUNT_ID", "012345678901", "012345678901", { 12345: /account/ }],
  stateBucket: ["STATE_BUCKET", "example-state", "example-state", { "s3://state/key": /bucket/ }],
  deletionProtection: ["DELETION_PROTECTION", "true", true, { perhaps: /neither true nor false/ }],
});

test("an unknown environment names the known ones", () => {
  expect(problemsOf({ ENV: "staging" })).toMatchObject([{ allowed: "dev, prod" }]);
});

test("prod without deletion protection is refused", () => {
  expect(problemsOf({ ENV: "prod", DELETION_PROTECTION: "false" })).toMatchObject([
    { variable: "CIPHERWATCH_DELETION_PROTECTION", received: "false", allowed: "true, in prod" },
  ]);
});
