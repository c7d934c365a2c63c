import { describe, expect, test } from "vitest";
import { LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../testing/aws-error.ts";
import { eventsAt, logsWith, MINUTE, NOON } from "../testing/logs.ts";

describe("log streams", () => {
  test("are created once and described with the times of their events", () => {
    const { call, logs, clock } = logsWith();
    const stream = { logGroupName: LOG_GROUP.name, logStreamName: "b" };
    call("CreateLogStream", stream);
    expect(() => call("CreateLogStream", stream)).toThrow(
      awsError("ResourceAlreadyExistsException", "The specified log stream already exists"),
    );
    clock.advance(MINUTE);
    logs.ingest(LOG_GROUP.name, "a", eventsAt(0, 1));
    expect(call("DescribeLogStreams", { logGroupName: LOG_GROUP.name })).toMatchObject({
      logStreams: [
        {
          logStreamName: "a",
          creationTime: NOON + MINUTE,
          firstEventTimestamp: NOON,
          lastEventTimestamp: NOON + MINUTE,
          lastIngestionTime: NOON + MINUTE,
          arn: `${LOG_GROUP.arn}:log-stream:a`,
        },
        { logStreamName: "b", creationTime: NOON, lastEventTimestamp: undefined },
      ],
    });
    expect(
      call("DescribeLogStreams", {
        logGroupIdentifier: LOG_GROUP.arn,
        orderBy: "LastEventTime",
        descending: true,
        limit: 1,
      }),
    ).toMatchObject({ logStreams: [{ logStreamName: "a" }] });
    expect(() =>
      call("DescribeLogStreams", { logGroupName: "x", logGroupIdentifier: LOG_GROUP.arn }),
    ).toThrow(awsError("ValidationException"));
  });

  test("of an unknown log group cannot be created, and the error lists the deployed log groups", () => {
    expect(() => logsWith().logs.ingest("/none", "a", eventsAt(0))).toThrow(
      `no log group /none. Its log groups are: ${LOG_GROUP.name}.`,
    );
  });
});
