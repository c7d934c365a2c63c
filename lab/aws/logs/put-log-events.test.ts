import { describe, expect, test } from "vitest";
import { LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../testing/aws-error.ts";
import { DAY, eventsAt, logsWith, MINUTE, NOON } from "../testing/logs.ts";

const STREAM = "123456789012_CloudTrail_ap-southeast-2";

describe("PutLogEvents", () => {
  function stream() {
    const lab = logsWith();
    lab.call("CreateLogStream", { logGroupName: LOG_GROUP.name, logStreamName: STREAM });
    const put = (logEvents: unknown, target = {}) =>
      lab.call("PutLogEvents", {
        logGroupName: LOG_GROUP.name,
        logStreamName: STREAM,
        logEvents,
        ...target,
      });
    return { ...lab, put };
  }

  test("stores events and applies the metric filters", () => {
    const { put, call, metrics } = stream();
    const message = '{"eventSource":"kms.amazonaws.com","errorCode":"AccessDenied"}';
    expect(put([{ timestamp: NOON, message }])).toMatchObject({ rejectedLogEventsInfo: undefined });
    expect(call("FilterLogEvents", { logGroupName: LOG_GROUP.name }).events).toHaveLength(1);
    const key = { namespace: "Example", name: "kms-errors", dimensions: {} };
    expect(metrics.total(key, { start: NOON, end: NOON + MINUTE })?.sum).toBe(1);
  });

  test("publishes embedded metrics and counts invalid documents", () => {
    const { put, metrics } = stream();
    const directive = { Namespace: "Example", Dimensions: [[]], Metrics: [{ Name: "Decrypts" }] };
    const _aws = { Timestamp: NOON, CloudWatchMetrics: [directive] };
    put([
      { timestamp: NOON, message: JSON.stringify({ _aws, Decrypts: 4 }) },
      { timestamp: NOON, message: JSON.stringify({ _aws }) },
    ]);
    const period = { start: NOON, end: NOON + MINUTE };
    const decrypts = { namespace: "Example", name: "Decrypts", dimensions: {} };
    expect(metrics.total(decrypts, period)?.sum).toBe(4);
    const errors = {
      namespace: "AWS/Logs",
      name: "EMFValidationErrors",
      dimensions: { LogGroupName: LOG_GROUP.name },
    };
    expect(metrics.total(errors, period)?.sum).toBe(1);
  });

  test("rejects an unknown log stream or log group", () => {
    const { put } = stream();
    expect(() => put(eventsAt(0), { logStreamName: "none" })).toThrow(
      awsError("ResourceNotFoundException", "The specified log stream does not exist."),
    );
    expect(() => put(eventsAt(0), { logGroupName: "/none" })).toThrow(
      awsError("ResourceNotFoundException", "The specified log group does not exist."),
    );
  });

  test.each<[string, unknown, unknown]>([
    [
      "events out of order",
      eventsAt(1, 0),
      "Log events in a single PutLogEvents request must be in chronological order.",
    ],
    [
      "events more than a day apart",
      eventsAt(-25 * 60, 0),
      "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    ],
    [
      "more than 1 MiB, including 26 bytes for each event",
      [{ timestamp: NOON, message: "x".repeat(1_048_576 - 25) }],
      "Upload too large: 1048577 bytes exceeds limit of 1048576",
    ],
    ["no events", [], expect.stringMatching(/'logEvents'.*greater than or equal to 1$/)],
    [
      "too many events",
      Array(10_001).fill({ timestamp: NOON, message: "a" }),
      expect.stringMatching(/'logEvents'.*less than or equal to 10000$/),
    ],
    [
      "an empty message",
      [{ timestamp: NOON, message: "" }],
      expect.stringContaining("'logEvents.1.member.message'"),
    ],
  ])("rejects %s and stores nothing", (_, events, message) => {
    const { put, call } = stream();
    expect(() => put(events)).toThrow(awsError("InvalidParameterException", message));
    expect(call("FilterLogEvents", { logGroupName: LOG_GROUP.name }).events).toEqual([]);
  });

  test("accepts the largest allowed batch", () => {
    const { put } = stream();
    put([{ timestamp: NOON, message: "x".repeat(1_048_576 - 26) }]);
    put(Array(10_000).fill({ timestamp: NOON, message: "a" }));
  });

  test("drops events that are too old, expired or too far ahead, and stores the rest", () => {
    const { put, call, clock } = stream();
    expect(put(eventsAt(0, 2 * 60, 2 * 60 + 1))).toMatchObject({
      rejectedLogEventsInfo: { tooNewLogEventStartIndex: 2 },
    });
    clock.advance(8 * DAY);
    expect(put(eventsAt(0, 8 * 60, DAY / MINUTE))).toMatchObject({
      rejectedLogEventsInfo: {
        expiredLogEventEndIndex: 2,
        tooOldLogEventEndIndex: undefined,
        tooNewLogEventStartIndex: undefined,
      },
    });
    clock.advance(7 * DAY);
    expect(put(eventsAt(0))).toMatchObject({
      rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: undefined },
    });
    const { events } = call("FilterLogEvents", { logGroupName: LOG_GROUP.name }) as unknown as {
      events: { message: string }[];
    };
    expect(events.map(({ message }) => message)).toEqual([`minute ${DAY / MINUTE}`]);
  });
});
