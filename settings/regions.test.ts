import { expect, test } from "vitest";
import { resourceEnvironment, settings } from "./regions.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const KEY = "arn:aws:kms:ap-southeast-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const DATABASE = "arn:aws:rds:ap-southeast-1:111122223333:db:cipherwatch-dev-database";

testSettings(
  { primaryKeyArns: settings.primaryKeyArns, sourceDatabaseArn: settings.sourceDatabaseArn },
  {
    primaryKeyArns: [
      "PRIMARY_KEY_ARNS",
      KEY,
      [KEY],
      { [KEY.replace("mrk-", "")]: /^has arn:.*, which is not the ARN of a multi-Region key$/ },
    ],
    sourceDatabaseArn: [
      "SOURCE_DATABASE_ARN",
      DATABASE,
      DATABASE,
      { "cipherwatch-dev-database": /^is not the ARN of an RDS database$/ },
    ],
  },
);

testSettings(
  { replicaRegion: settings.replicaRegion },
  {
    replicaRegion: [
      "REPLICA_REGION",
      "ap-southeast-1",
      "ap-southeast-1",
      {
        singapore: /^is not an AWS region/,
        "ap-southeast-2": /which is the Region of this deployment$/,
      },
    ],
  },
);

const replica = { PRIMARY_KEY_ARNS: KEY, SOURCE_DATABASE_ARN: DATABASE };

test("accepts a standby, whose resources have names of their own", () => {
  const standby = settingsOf({ ...replica, ENV: "prod", STANDBY: "true" });
  expect(standby.standby).toBe(true);
  expect(resourceEnvironment(standby)).toBe("replica-prod");
  expect(resourceEnvironment(settingsOf({ REPLICA_REGION: "ap-southeast-1" }))).toBe("dev");
});

test.each([
  ["replicating a replica", { REPLICA_REGION: "eu-west-1" }, /^must not be set in a replica/],
  [
    "a key of this Region",
    { REGION: "ap-southeast-1" },
    /^is in ap-southeast-1, the Region of this/,
  ],
  [
    "another account",
    { ACCOUNT_ID: "444455556666" },
    /^is in account 111122223333, not in 444455556666/,
  ],
  [
    "a generation without a primary key",
    { KEY_GENERATIONS: "1,2" },
    /^has 1 ARNs for 2 generations \(1,2\)$/,
  ],
  [
    "a long environment",
    { ENV: "staging", SHAPE: "prod" },
    /^makes the name of a replica too long/,
  ],
  ["a database without keys", { PRIMARY_KEY_ARNS: "" }, /^is set without a multi-Region key/],
  [
    "replicas beside existing keys",
    { EXISTING_KEYS: `1=${KEY.replace("ap-southeast-1", "ap-southeast-2")}` },
    /^must not be set with CIPHERWATCH_EXISTING_KEYS/,
  ],
  [
    "a newest generation that is an existing key",
    {
      PRIMARY_KEY_ARNS: "",
      SOURCE_DATABASE_ARN: "",
      REPLICA_REGION: "eu-west-1",
      EXISTING_KEYS: `1=${KEY.replace("ap-southeast-1", "ap-southeast-2")}`,
    },
    /^is set, but the newest generation, 1, is an existing key/,
  ],
  [
    "backups from another Region under an AWS managed key",
    { CUSTOMER_MANAGED_KEYS: "records" },
    /^must be all with a second Region: copies .* need a customer managed key/,
  ],
  [
    "a standby without backups",
    { STANDBY: "true", SOURCE_DATABASE_ARN: "" },
    /^is true without CIPHERWATCH_SOURCE_DATABASE_ARN/,
  ],
])("rejects %s", (_, change, message) => {
  const [issue] = issuesOf({ ...replica, ...change });
  expect(issue?.message).toMatch(message);
});
