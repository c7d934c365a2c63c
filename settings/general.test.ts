import { expect, test } from "vitest";
import { settings } from "./general.ts";
import { issuesOf, testSettings } from "./testing.ts";

testSettings(settings, {
  env: ["ENV", "prod", "prod", { staging: /^is not a known environment$/ }],
  region: [
    "REGION",
    "us-gov-west-1",
    "us-gov-west-1",
    {
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
    { "s3://state/key": /^is not a valid S3 bucket name$/ },
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
      "/cipherwatch-dev-service/": /^looks like a name of ours/,
    },
  ],
  deletionProtection: ["DELETION_PROTECTION", "true", true, { perhaps: /must be true or false/ }],
});

test("lists the known environments for an unknown one", () => {
  expect(issuesOf({ ENV: "staging" })).toMatchObject([{ allowed: "dev, prod" }]);
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
