import { describe, expect, test } from "vitest";
import { REGIONS } from "../cloudwatch/alarm/regions.ts";
import { MAX_ENVIRONMENT_LENGTH } from "../common/environment.ts";
import { bucketName } from "../common/naming.ts";
import { settings } from "./general.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  env: [
    "ENV",
    "staging",
    "staging",
    {
      Staging: /^must be lower-case letters and digits/,
      "prod-2": /^must be lower-case .+ parts that begin with a letter/,
      "prod-": /^must be lower-case/,
      thirteenchars: /^has 13 characters/,
      "watch-dev": /^begins like the names of resources that are not an environment's$/,
      "replica-prod": /^begins like/,
    },
  ],
  shape: ["SHAPE", "prod", "prod", { medium: /^must be dev or prod$/ }],
  region: [
    "REGION",
    "us-gov-west-1",
    "us-gov-west-1",
    {
      "cn-north-1": /^is a region of China, where the names of services in policies differ/,
      sydney: /^is not an AWS region$/,
      "us-east-9": /^is not an AWS region; did you mean us-east-1\?$/,
    },
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
    {
      "s3://state/key": /^is not a valid S3 bucket name$/,
      "state..example": /^is not a valid S3 bucket name$/,
      "192.0.2.1": /^is not a valid S3 bucket name$/,
    },
  ],
  tags: [
    "TAGS",
    "Owner=payments, team:cost=EUR 47+11",
    { Owner: "payments", "team:cost": "EUR 47+11" },
    {
      Owner: /^has no value for Owner$/,
      "Owner=a,Owner=b": /^sets Owner twice$/,
      "project=mine": /^sets project, which the stacks set themselves$/,
      "aws:owner=me": /^sets aws:owner, but AWS reserves names that begin with aws:$/,
      "Own%er=a": /^has the name "Own%er", which AWS does not allow$/,
      "Owner=a;b": /^has a value for Owner that AWS does not allow/,
    },
  ],
  permissionsBoundary: [
    "PERMISSIONS_BOUNDARY",
    "arn:aws:iam::111122223333:policy/teams/boundary",
    "arn:aws:iam::111122223333:policy/teams/boundary",
    { boundary: /^is not the ARN of a managed policy$/ },
  ],
  rolePath: [
    "ROLE_PATH",
    "/platform/vault/",
    "/platform/vault/",
    {
      "platform/": /^is not an IAM path that begins and ends with \/$/,
      "//": /^is not an IAM path/,
      [`/${"x".repeat(63)}/`]: /^has 65 characters$/,
      "/cipherwatch-dev-service/": /^contains cipherwatch-, the prefix of role names/,
    },
  ],
  deletionProtection: ["DELETION_PROTECTION", "true", true, { perhaps: /must be true or false/ }],
});

test("lists the known environments for an unknown one", () => {
  expect(issuesOf({ ENV: "staging" })).toMatchObject([{ allowed: "dev, prod" }]);
});

test("rejects tags whose names differ in their case only", () => {
  expect(issuesOf({ TAGS: "Owner=a,team=b,owner=c" })).toMatchObject([
    { variable: "CIPHERWATCH_TAGS", message: expect.stringMatching(/^sets owner twice/) },
  ]);
});

test("rejects more tags than AWS allows on a resource", () => {
  const tags = Array.from({ length: 41 }, (_, index) => `tag${index}=x`).join(",");
  expect(issuesOf({ TAGS: tags })).toMatchObject([{ variable: "CIPHERWATCH_TAGS" }]);
});

test("rejects prod without deletion protection", () => {
  expect(issuesOf({ ENV: "prod", DELETION_PROTECTION: "false" })).toMatchObject([
    { variable: "CIPHERWATCH_DELETION_PROTECTION", received: "false", allowed: "true, in prod" },
  ]);
});

describe("an environment other than dev and prod", () => {
  test("needs a shape, whose defaults and limits it has", () => {
    expect(issuesOf({ ENV: "staging" })).toMatchObject([
      { variable: "CIPHERWATCH_SHAPE", message: "must be dev or prod" },
    ]);
    const staging = settingsOf({ ENV: "staging", SHAPE: "prod" });
    const prod = settingsOf({ ENV: "prod" });
    expect(staging).toEqual({ ...prod, env: "staging", githubEnvironment: "staging" });
    expect(issuesOf({ ENV: "staging", SHAPE: "prod", WEB_ACL: "false" })).toMatchObject([
      { variable: "CIPHERWATCH_WEB_ACL", message: "must be true in prod" },
    ]);
    expect(settingsOf({ ENV: "eu-test", SHAPE: "dev", WEB_ACL: "false" }).webAcl).toBe(false);
  });

  test("cannot be dev or prod with the other's shape", () => {
    expect(issuesOf({ ENV: "prod", SHAPE: "dev" })).toMatchObject([
      { variable: "CIPHERWATCH_SHAPE", message: "must be prod in the environment prod" },
    ]);
  });

  test("has no hyphen in the pipeline, whose variables cannot have one", () => {
    expect(
      issuesOf({ ENV: "eu-prod", SHAPE: "prod", GITHUB_REPOSITORY: "example-org/cipherwatch" }),
    ).toMatchObject([
      {
        variable: "CIPHERWATCH_GITHUB_REPOSITORY",
        message: expect.stringMatching(/SETTINGS_EU-PROD/),
      },
    ]);
  });
});

describe("bucket names", () => {
  const nameOf = (env: string, part: string, region: string) =>
    bucketName(env, part, "111122223333", region);

  test("contain the full region for prod and for the stacks that monitor other keys", () => {
    expect(nameOf("prod", "state-access-logs", "ap-southeast-2")).toBe(
      "cipherwatch-prod-state-access-logs-111122223333-ap-southeast-2",
    );
    expect(nameOf("watch-prod", "access-logs", "us-gov-west-1")).toMatch(/-us-gov-west-1$/);
  });

  test("are within S3's limit, and differ between regions, for the longest environment", () => {
    const env = "x".repeat(MAX_ENVIRONMENT_LENGTH);
    for (const part of ["state-access-logs", "access-logs", "state"]) {
      const names = REGIONS.map((region) => nameOf(env, part, region));
      for (const name of names) expect(name.length).toBeLessThanOrEqual(63);
      expect(new Set(names).size).toBe(REGIONS.length);
    }
    expect(nameOf(env, "state-access-logs", "ap-southeast-2")).toMatch(/-apse2$/);
  });
});
