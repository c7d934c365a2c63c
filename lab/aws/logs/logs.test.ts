import { describe, expect, test } from "vitest";
import type { MetricFilter } from "../../../cloudwatch/metric-filter.ts";
import { ACCOUNT, FILTER, LOG_GROUP } from "../../../cloudwatch/testing/samples.ts";
import type { DeployedLogGroup } from "../../../terraform/deployment.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createMetrics, type MetricsEntry } from "../cloudwatch/metrics/metrics.ts";
import type { Call } from "../shared/operation.ts";
import { createLogs } from "./logs.ts";
import type { LogsEntry } from "./store.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STREAM = "123456789012_CloudTrail_ap-southeast-2";

interface Answer {
  readonly [member: string]: never;
}

function logsWith({
  logGroups = [LOG_GROUP],
  metricFilters = [FILTER],
  entries = [],
}: {
  readonly logGroups?: readonly DeployedLogGroup[];
  readonly metricFilters?: readonly MetricFilter[];
  readonly entries?: readonly LogsEntry[];
} = {}) {
  const clock = manualClock(NOON);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const journal = memoryJournal(entries);
  const logs = createLogs({ clock, ...ACCOUNT, logGroups, metricFilters, metrics, journal });
  const call = (operation: string, input: unknown) => {
    const run = logs.operations[operation];
    if (run === undefined) throw new Error(`no operation ${operation}`);
    return run(input, {} as Call) as Answer;
  };
  return { clock, metrics, logs, journal, call };
}

const refusal = (code: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ code, message, status: 400 });

/** Events at the given minutes from noon on, each with its minute as message. */
const eventsAt = (...minutes: readonly number[]) =>
  minutes.map((minute) => ({ timestamp: NOON + minute * MINUTE, message: `minute ${minute}` }));

describe("TestMetricFilter", () => {
  test("counts the matching messages from one", () => {
    expect(
      logsWith().call("TestMetricFilter", {
        filterPattern: '{ $.errorCode = "*" }',
        logEventMessages: ['{"errorCode":"AccessDenied"}', "{}", '{"errorCode":"X"}'],
      }),
    ).toEqual({
      matches: [
        { eventNumber: 1, eventMessage: '{"errorCode":"AccessDenied"}', extractedValues: {} },
        { eventNumber: 3, eventMessage: '{"errorCode":"X"}', extractedValues: {} },
      ],
    });
  });

  test("tells the fields of a space-delimited pattern", () => {
    expect(
      logsWith().call("TestMetricFilter", {
        filterPattern: "[ip, status=4*]",
        logEventMessages: ["10.0.0.1 404"],
      }).matches,
    ).toEqual([
      {
        eventNumber: 1,
        eventMessage: "10.0.0.1 404",
        extractedValues: { $ip: "10.0.0.1", $status: "404" },
      },
    ]);
  });

  test.each([
    ["a pattern that AWS refuses", { filterPattern: "{ $.a == 1 }", logEventMessages: ["a"] }],
    ["no messages", { filterPattern: "a", logEventMessages: [] }],
    ["too many messages", { filterPattern: "a", logEventMessages: Array(51).fill("a") }],
    ["an empty message", { filterPattern: "a", logEventMessages: [""] }],
    ["no pattern", { logEventMessages: ["a"] }],
    ["a long pattern", { filterPattern: "a".repeat(1025), logEventMessages: ["a"] }],
  ])("%s is refused", (_, input) => {
    expect(() => logsWith().call("TestMetricFilter", input)).toThrow(
      refusal("InvalidParameterException"),
    );
  });
});

describe("DescribeLogGroups", () => {
  const names = ["/b/two", "/a/one", "/b/one"];
  const logGroups = names.map((name) => ({ name, arn: `arn:aws:logs:r:a:log-group:${name}` }));

  test("describes what the deployment has", () => {
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
  ])("%j", (input, expected) => {
    const { call } = logsWith({ logGroups, metricFilters: [] });
    const { logGroups: described } = call("DescribeLogGroups", input) as unknown as {
      logGroups: { logGroupName: string }[];
    };
    expect(described.map(({ logGroupName }) => logGroupName)).toEqual(expected);
  });

  test("pages", () => {
    const { call } = logsWith({ logGroups, metricFilters: [] });
    const { nextToken } = call("DescribeLogGroups", { limit: 2 });
    expect(call("DescribeLogGroups", { limit: 2, nextToken })).toMatchObject({
      logGroups: [{ logGroupName: "/b/two" }],
    });
    expect(() => call("DescribeLogGroups", { nextToken: "made up" })).toThrow(
      refusal("InvalidParameterException", "The specified nextToken is invalid."),
    );
  });
});

describe("DescribeMetricFilters", () => {
  const other = { ...FILTER, name: "another", pattern: "ERROR" };

  test("describes the filters of the deployment by name", () => {
    const { call } = logsWith({ metricFilters: [FILTER, other] });
    expect(call("DescribeMetricFilters", { logGroupName: LOG_GROUP.name })).toMatchObject({
      metricFilters: [
        { filterName: "another" },
        {
          filterName: FILTER.name,
          filterPattern: FILTER.pattern,
          logGroupName: LOG_GROUP.name,
          metricTransformations: [{ ...FILTER.transformation }],
          creationTime: NOON,
        },
      ],
    });
  });

  test("narrows by prefix and by metric", () => {
    const { call } = logsWith({ metricFilters: [FILTER, other] });
    const prefixed = { logGroupName: LOG_GROUP.name, filterNamePrefix: "an" };
    expect(call("DescribeMetricFilters", prefixed).metricFilters).toHaveLength(1);
    const metric = { metricName: "kms-errors", metricNamespace: "Other" };
    expect(call("DescribeMetricFilters", metric).metricFilters).toHaveLength(0);
    expect(() => call("DescribeMetricFilters", { metricName: "kms-errors" })).toThrow(
      refusal("InvalidParameterException"),
    );
    expect(() => call("DescribeMetricFilters", { logGroupName: "/none" })).toThrow(
      refusal("ResourceNotFoundException", "The specified log group does not exist."),
    );
  });
});

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

  test("stores events and runs the metric filters over them", () => {
    const { put, call, metrics } = stream();
    const message = '{"eventSource":"kms.amazonaws.com","errorCode":"AccessDenied"}';
    expect(put([{ timestamp: NOON, message }])).toMatchObject({ rejectedLogEventsInfo: undefined });
    expect(call("FilterLogEvents", { logGroupName: LOG_GROUP.name }).events).toHaveLength(1);
    const key = { namespace: "Example", name: "kms-errors", dimensions: {} };
    expect(metrics.total(key, { start: NOON, end: NOON + MINUTE })?.sum).toBe(1);
  });

  test("embedded metrics of any group become metrics, and broken ones are counted", () => {
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

  test("a stream or a group that does not exist", () => {
    const { put } = stream();
    expect(() => put(eventsAt(0), { logStreamName: "none" })).toThrow(
      refusal("ResourceNotFoundException", "The specified log stream does not exist."),
    );
    expect(() => put(eventsAt(0), { logGroupName: "/none" })).toThrow(
      refusal("ResourceNotFoundException", "The specified log group does not exist."),
    );
  });

  test.each<[string, unknown, unknown]>([
    [
      "out of order",
      eventsAt(1, 0),
      "Log events in a single PutLogEvents request must be in chronological order.",
    ],
    [
      "more than a day apart",
      eventsAt(-25 * 60, 0),
      "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    ],
    [
      "more than a mebibyte, with 26 bytes for each event",
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
  ])("%s is refused and nothing is stored", (_, events, message) => {
    const { put, call } = stream();
    expect(() => put(events)).toThrow(refusal("InvalidParameterException", message));
    expect(call("FilterLogEvents", { logGroupName: LOG_GROUP.name }).events).toEqual([]);
  });

  test("a batch as large as allowed is taken", () => {
    const { put } = stream();
    put([{ timestamp: NOON, message: "x".repeat(1_048_576 - 26) }]);
    put(Array(10_000).fill({ timestamp: NOON, message: "a" }));
  });

  test("what is too old, expired or too far ahead is rejected, the rest is taken", () => {
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

describe("streams", () => {
  test("are made once, and describe when they had events", () => {
    const { call, logs, clock } = logsWith();
    const stream = { logGroupName: LOG_GROUP.name, logStreamName: "b" };
    call("CreateLogStream", stream);
    expect(() => call("CreateLogStream", stream)).toThrow(
      refusal("ResourceAlreadyExistsException", "The specified log stream already exists"),
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
    ).toThrow(refusal("ValidationException"));
  });

  test("an ingest into a group that the stacks do not have is an error that names those it has", () => {
    expect(() => logsWith().logs.ingest("/none", "a", eventsAt(0))).toThrow(
      `no log group /none. Its log groups are: ${LOG_GROUP.name}.`,
    );
  });
});

describe("FilterLogEvents", () => {
  function filled() {
    const lab = logsWith();
    lab.logs.ingest(LOG_GROUP.name, "app-1", eventsAt(0, 2, 4));
    lab.logs.ingest(LOG_GROUP.name, "app-2", eventsAt(1, 3));
    lab.logs.ingest(LOG_GROUP.name, "other", eventsAt(5));
    const filter = (input = {}) => {
      const answer = lab.call("FilterLogEvents", { logGroupName: LOG_GROUP.name, ...input });
      const { events, nextToken } = answer as unknown as {
        events: { message: string; eventId: string }[];
        nextToken: string | undefined;
      };
      return { minutes: events.map(({ message }) => Number(message.slice(7))), events, nextToken };
    };
    return { ...lab, filter };
  }

  test.each<[string, object, readonly number[]]>([
    ["all streams, by time", {}, [0, 1, 2, 3, 4, 5]],
    [
      "a time range, both ends included",
      { startTime: NOON + MINUTE, endTime: NOON + 3 * MINUTE },
      [1, 2, 3],
    ],
    ["a pattern", { filterPattern: '"minute 3"' }, [3]],
    ["streams by name", { logStreamNames: ["app-1", "other"] }, [0, 2, 4, 5]],
    ["streams by prefix", { logStreamNamePrefix: "app-" }, [0, 1, 2, 3, 4]],
  ])("%s", (_, input, minutes) => {
    expect(filled().filter(input).minutes).toEqual(minutes);
  });

  test("pages through the same search, and ids tell events apart", () => {
    const { filter } = filled();
    const minutes: number[] = [];
    const ids = new Set<string>();
    let nextToken: string | undefined;
    do {
      const page = filter({ limit: 4, nextToken });
      minutes.push(...page.minutes);
      for (const { eventId } of page.events) ids.add(eventId);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(minutes).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ids.size).toBe(6);
  });

  test("a page ends at a mebibyte", () => {
    const { logs, filter } = filled();
    const message = "x".repeat(600_000);
    logs.ingest(LOG_GROUP.name, "large", [
      { timestamp: NOON + HOUR, message },
      { timestamp: NOON + HOUR, message },
    ]);
    const page = filter({ logStreamNames: ["large"] });
    expect(page.events).toHaveLength(1);
    expect(filter({ logStreamNames: ["large"], nextToken: page.nextToken }).events).toHaveLength(1);
  });

  test.each<[object, string]>([
    [{ logStreamNames: ["none"] }, "ResourceNotFoundException"],
    [{ logStreamNames: ["app-1"], logStreamNamePrefix: "a" }, "InvalidParameterException"],
    [{ filterPattern: "{ $.a" }, "InvalidParameterException"],
    [{ limit: 10_001 }, "InvalidParameterException"],
    [{ nextToken: "made up" }, "InvalidParameterException"],
    [{ logGroupName: "/none" }, "ResourceNotFoundException"],
  ])("%j is %s", (input, code) => {
    expect(() => filled().filter(input)).toThrow(refusal(code));
  });
});

describe("what is kept", () => {
  test("survives a restart, and metrics are not published again", () => {
    const { logs, journal, call } = logsWith();
    logs.ingest(LOG_GROUP.name, "app", eventsAt(1, 0));
    const before = call("FilterLogEvents", { logGroupName: LOG_GROUP.name });
    const again = logsWith({ entries: journal.appended });
    expect(again.call("FilterLogEvents", { logGroupName: LOG_GROUP.name })).toEqual(before);
    expect(again.metrics.list()).toEqual([]);
    expect(again.journal.appended).toEqual([]);
  });

  test("ends with the retention", () => {
    const { logs, clock } = logsWith();
    logs.ingest(LOG_GROUP.name, "app", eventsAt(0));
    clock.advance(7 * DAY + 1);
    logs.ingest(LOG_GROUP.name, "app", [{ timestamp: clock.now(), message: "new" }]);
    expect(logs.groups()[0]?.events.map(({ message }) => message)).toEqual(["new"]);
  });

  test("is the newest 20,000 events", () => {
    const { logs } = logsWith({ metricFilters: [] });
    for (let batch = 0; batch < 3; batch++) {
      logs.ingest(
        LOG_GROUP.name,
        "app",
        Array(10_000).fill({ timestamp: NOON + batch, message: String(batch) }),
      );
    }
    const events = logs.groups()[0]?.events ?? [];
    expect(events).toHaveLength(20_000);
    expect(events[0]?.message).toBe("1");
  });
});
