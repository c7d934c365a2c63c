import { describe, expect, test } from "vitest";
import { settings } from "./existing.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const TRAIL_LOG_GROUP = "aws-cloudtrail-logs-111122223333-1a2b3c4d";
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
});

describe("an existing trail", () => {
  test.each([
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
        message: expect.stringMatching(/^is a key of another account/),
      },
    ]);
  });

  test("may be the trail of another environment in the account", () => {
    expect(settingsOf({ TRAIL_LOG_GROUP: "/cipherwatch/prod/trail" }).trailLogGroup).toBe(
      "/cipherwatch/prod/trail",
    );
  });
});
