import { describe, expect, test } from "vitest";
import { LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../testing/aws-error.ts";
import { logsWith, NOON } from "../testing/logs.ts";

describe("DescribeLogGroups", () => {
  const names = ["/b/two", "/a/one", "/b/one"];
  const logGroups = names.map((name) => ({ name, arn: `arn:aws:logs:r:a:log-group:${name}` }));

  test("describes the log groups of the deployment", () => {
    const { call } = logsWith();
    expect(call("DescribeLogGroups", {})).toEqual({
      logGroups: [
        {
          logGroupName: LOG_GROUP.name,
          creationTime: NOON,
          retentionInDays: 7,
          metricFilterCount: 1,
          arn: `${LOG_GROUP.arn}:*`,
          logGroupArn: LOG_GROUP.arn,
          storedBytes: 0,
          kmsKeyId: undefined,
          logGroupClass: "STANDARD",
          deletionProtectionEnabled: false,
        },
      ],
      nextToken: undefined,
    });
  });

  test.each([
    [{ logGroupNamePrefix: "/b/" }, ["/b/one", "/b/two"]],
    [{ logGroupNamePattern: "one" }, ["/a/one", "/b/one"]],
    [{ limit: 2 }, ["/a/one", "/b/one"]],
  ])("filters by %j", (input, expected) => {
    const { call } = logsWith({ logGroups, metricFilters: [] });
    const { logGroups: described } = call("DescribeLogGroups", input) as unknown as {
      logGroups: { logGroupName: string }[];
    };
    expect(described.map(({ logGroupName }) => logGroupName)).toEqual(expected);
  });

  test("returns pages", () => {
    const { call } = logsWith({ logGroups, metricFilters: [] });
    const { nextToken } = call("DescribeLogGroups", { limit: 2 });
    expect(call("DescribeLogGroups", { limit: 2, nextToken })).toMatchObject({
      logGroups: [{ logGroupName: "/b/two" }],
    });
    expect(() => call("DescribeLogGroups", { nextToken: "made up" })).toThrow(
      awsError("InvalidParameterException", "The specified nextToken is invalid."),
    );
  });
});
