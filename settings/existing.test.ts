import { describe, expect, test } from "vitest";
import { settings } from "./existing.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const TRAIL_LOG_GROUP = "aws-cloudtrail-logs-111122223333-1a2b3c4d";
const TRAIL_ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
const VPC_ID = "vpc-0a1b2c3d4e5f60718";
const TOPIC = "arn:aws:sns:ap-southeast-2:111122223333:security-alerts";
const TOPICS = { ALERT_EMAIL: "", URGENT_TOPIC_ARN: TOPIC, ROUTINE_TOPIC_ARN: TOPIC };
const TOPIC_KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/1a2b3c4d";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/mrk-1a2b3c4d5e6f";

testSettings(settings, {
  trailLogGroup: [
    "TRAIL_LOG_GROUP",
    TRAIL_LOG_GROUP,
    TRAIL_LOG_GROUP,
    {
      "arn:aws:logs:us-east-1:111122223333:log-group:x": /^is not the name of a log group$/,
      "/cipherwatch/dev/trail": /^is the log group of this environment's own trail/,
      ["x".repeat(400)]: /^makes the filter pattern of trail-change too long: \d+ characters$/,
    },
  ],
  trailArn: [
    "TRAIL_ARN",
    TRAIL_ARN,
    TRAIL_ARN,
    { "management-events": /^is not the ARN of a trail$/ },
  ],
  trailKeyArn: [
    "TRAIL_KEY_ARN",
    KEY,
    KEY,
    { "arn:aws:kms:us-east-1:111122223333:alias/trail": /^is not the ARN of a KMS key$/ },
  ],
  trailBucket: [
    "TRAIL_BUCKET",
    "example-trail",
    "example-trail",
    { "s3://example-trail": /^is not a valid S3 bucket name$/ },
  ],
  existingKeys: [
    "EXISTING_KEYS",
    `1=${TOPIC_KEY}`,
    { 1: TOPIC_KEY },
    {
      [TOPIC_KEY]: /^has no value for arn:aws:kms/,
      [`first=${TOPIC_KEY}`]: /^has "first", which is not the number of a generation$/,
      "1=alias/records": /^has "alias\/records" for 1, which is not the ARN of a KMS key$/,
      [`2=${TOPIC_KEY}`]: /^has a key for generation 2, which is not in/,
      [`1=${KEY}`]: /^has a key in a region other than ap-southeast-2/,
    },
  ],
  urgentTopicArn: [
    "URGENT_TOPIC_ARN",
    TOPIC,
    TOPIC,
    {
      "security-alerts": /^is not the ARN of a standard SNS topic$/,
      [`${TOPIC}.fifo`]: /^is not the ARN of a standard SNS topic$/,
      "arn:aws:sns:us-east-1:111122223333:alerts": /^is a topic of a region other than/,
    },
  ],
  routineTopicArn: [
    "ROUTINE_TOPIC_ARN",
    TOPIC,
    TOPIC,
    { [`${TOPIC}:11112222-3333`]: /^is not the ARN of a standard SNS topic$/ },
  ],
  topicKeyArn: [
    "TOPIC_KEY_ARN",
    TOPIC_KEY,
    TOPIC_KEY,
    {
      "alias/aws/sns": /^is not the ARN of a KMS key$/,
      [KEY]: /^is a key of a region other than ap-southeast-2/,
    },
  ],
  vpcId: ["VPC_ID", VPC_ID, VPC_ID, { "10.0.0.0/16": /^is not the ID of a VPC$/ }],
  publicSubnetIds: [
    "PUBLIC_SUBNET_IDS",
    "subnet-0a1b2c3d4e5f60711, subnet-0a1b2c3d4e5f60712",
    ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"],
    {
      "subnet-1": /^"subnet-1" is not the ID of a subnet$/,
      "subnet-0a1b2c3d4e5f60711": /^must name two or more subnets/,
      "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60711": /^names a subnet twice$/,
    },
  ],
  privateSubnetIds: [
    "PRIVATE_SUBNET_IDS",
    "subnet-0a1b2c3d4e5f60713,subnet-0a1b2c3d4e5f60714",
    ["subnet-0a1b2c3d4e5f60713", "subnet-0a1b2c3d4e5f60714"],
    {
      "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60714":
        /^has subnet-0a1b2c3d4e5f60711, which is also in CIPHERWATCH_PUBLIC_SUBNET_IDS$/,
    },
  ],
});

describe("an existing VPC", () => {
  const subnets = {
    PUBLIC_SUBNET_IDS: "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60712",
    PRIVATE_SUBNET_IDS: "subnet-0a1b2c3d4e5f60713,subnet-0a1b2c3d4e5f60714",
  };

  test("requires public and private subnets, which in turn require the VPC", () => {
    expect(issuesOf({ VPC_ID }).map(({ variable }) => variable)).toEqual([
      "CIPHERWATCH_PUBLIC_SUBNET_IDS",
      "CIPHERWATCH_PRIVATE_SUBNET_IDS",
    ]);
    expect(issuesOf(subnets).map(({ variable }) => variable)).toEqual([
      "CIPHERWATCH_PUBLIC_SUBNET_IDS",
      "CIPHERWATCH_PRIVATE_SUBNET_IDS",
    ]);
  });

  test("excludes VPC endpoints of the stacks, and needs none of their NAT gateways", () => {
    expect(issuesOf({ ENV: "prod", VPC_ID, ...subnets })).toMatchObject([
      {
        variable: "CIPHERWATCH_VPC_ID",
        message: expect.stringMatching(/^must not be set with CIPHERWATCH_VPC_ENDPOINTS/),
        next: expect.stringMatching(/^set CIPHERWATCH_VPC_ENDPOINTS to false/),
      },
    ]);
    const prod = settingsOf({ ENV: "prod", VPC_ID, ...subnets, VPC_ENDPOINTS: "false" });
    expect(prod.natGateways).toBe("none");
  });
});

test("rejects one existing key for two generations, and one of another account", () => {
  const twice = { KEY_GENERATIONS: "1,2", EXISTING_KEYS: `1=${TOPIC_KEY},2=${TOPIC_KEY}` };
  expect(issuesOf(twice)).toMatchObject([{ message: "names a key twice" }]);
  expect(issuesOf({ EXISTING_KEYS: `1=${TOPIC_KEY}`, ACCOUNT_ID: "444455556666" })).toMatchObject([
    { message: expect.stringMatching(/^has a key of an account other than/) },
  ]);
});

describe("existing topics", () => {
  test("replace the email addresses, which are required without them", () => {
    expect(settingsOf(TOPICS).alertEmail).toBeUndefined();
    expect(
      issuesOf({ ...TOPICS, ALERT_EMAIL: "a@example.com", PAGER_EMAIL: "b@example.com" }),
    ).toMatchObject([
      { variable: "CIPHERWATCH_ALERT_EMAIL", message: expect.stringMatching(/^would receive/) },
      { variable: "CIPHERWATCH_PAGER_EMAIL", message: expect.stringMatching(/^would receive/) },
    ]);
  });

  test("must be set together, in the account of the deployment", () => {
    expect(issuesOf({ ...TOPICS, URGENT_TOPIC_ARN: "" })).toMatchObject([
      {
        variable: "CIPHERWATCH_URGENT_TOPIC_ARN",
        message: expect.stringMatching(/^must be set, too/),
      },
    ]);
    expect(issuesOf({ ...TOPICS, ACCOUNT_ID: "444455556666" })).toMatchObject(
      ["URGENT", "ROUTINE"].map((severity) => ({
        variable: `CIPHERWATCH_${severity}_TOPIC_ARN`,
        message: expect.stringMatching(/^is a topic of an account other than/),
      })),
    );
  });

  test("have a key of the same account, which is rejected without topics", () => {
    expect(issuesOf({ TOPIC_KEY_ARN: TOPIC_KEY })).toMatchObject([
      { message: "belongs to existing topics, but CIPHERWATCH_URGENT_TOPIC_ARN is not set" },
    ]);
    expect(
      issuesOf({ ...TOPICS, TOPIC_KEY_ARN: TOPIC_KEY, ACCOUNT_ID: "444455556666" }),
    ).toContainEqual(
      expect.objectContaining({
        variable: "CIPHERWATCH_TOPIC_KEY_ARN",
        message: expect.stringMatching(/^is a key of an account other than/),
      }),
    );
  });
});

describe("an existing trail", () => {
  test.each([
    ["TRAIL_ARN", TRAIL_ARN],
    ["TRAIL_KEY_ARN", KEY],
    ["TRAIL_BUCKET", "example-trail"],
  ])("rejects %s without its log group", (variable, text) => {
    expect(issuesOf({ [variable]: text })).toMatchObject([
      {
        variable: `CIPHERWATCH_${variable}`,
        message: "belongs to an existing trail, but CIPHERWATCH_TRAIL_LOG_GROUP is not set",
      },
    ]);
  });

  test("rejects a key of another account, whose events are not counted", () => {
    expect(
      issuesOf({ TRAIL_LOG_GROUP, TRAIL_KEY_ARN: KEY, ACCOUNT_ID: "444455556666" }),
    ).toMatchObject([
      {
        variable: "CIPHERWATCH_TRAIL_KEY_ARN",
        message: expect.stringMatching(/^is a key of an account other than/),
      },
    ]);
  });

  test("needs an ARN, in a region that the service can reach, if the service checks the trail", () => {
    const checked = { TRAIL_LOG_GROUP, DECRYPT_WITHOUT_TRAIL: "refuse" };
    expect(issuesOf(checked)).toMatchObject([
      {
        variable: "CIPHERWATCH_TRAIL_ARN",
        message: expect.stringMatching(/^must be set: .+ is refuse/),
      },
    ]);
    expect(settingsOf({ ...checked, TRAIL_ARN }).trailArn).toBe(TRAIL_ARN);
    expect(issuesOf({ ...checked, TRAIL_ARN, VPC_ENDPOINTS: "true" })).toMatchObject([
      {
        variable: "CIPHERWATCH_TRAIL_ARN",
        message: expect.stringMatching(/^is a trail of a region other than ap-southeast-2/),
      },
    ]);
  });

  test("may be the trail of another environment in the account", () => {
    expect(settingsOf({ TRAIL_LOG_GROUP: "/cipherwatch/prod/trail" }).trailLogGroup).toBe(
      "/cipherwatch/prod/trail",
    );
  });
});
