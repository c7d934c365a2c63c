import { describe, expect, test } from "vitest";
import { LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../testing/aws-error.ts";
import { eventsAt, HOUR, logsWith, MINUTE, NOON } from "../testing/logs.ts";

describe("FilterLogEvents", () => {
  function startWithEvents() {
    const lab = logsWith();
    lab.logs.ingest(LOG_GROUP.name, "app-1", eventsAt(0, 2, 4));
    lab.logs.ingest(LOG_GROUP.name, "app-2", eventsAt(1, 3));
    lab.logs.ingest(LOG_GROUP.name, "other", eventsAt(5));
    const filter = (input = {}) => {
      const response = lab.call("FilterLogEvents", { logGroupName: LOG_GROUP.name, ...input });
      const { events, nextToken } = response as unknown as {
        events: { message: string; eventId: string }[];
        nextToken: string | undefined;
      };
      return { minutes: events.map(({ message }) => Number(message.slice(7))), events, nextToken };
    };
    return { ...lab, filter };
  }

  test.each<[string, object, readonly number[]]>([
    ["nothing, and sorts by time", {}, [0, 1, 2, 3, 4, 5]],
    [
      "a time range, including both ends",
      { startTime: NOON + MINUTE, endTime: NOON + 3 * MINUTE },
      [1, 2, 3],
    ],
    ["a pattern", { filterPattern: '"minute 3"' }, [3]],
    ["streams by name", { logStreamNames: ["app-1", "other"] }, [0, 2, 4, 5]],
    ["streams by prefix", { logStreamNamePrefix: "app-" }, [0, 1, 2, 3, 4]],
  ])("filters by %s", (_, input, minutes) => {
    expect(startWithEvents().filter(input).minutes).toEqual(minutes);
  });

  test("returns each event in exactly one page, with a unique id", () => {
    const { filter } = startWithEvents();
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

  test("ends a page at 1 MiB", () => {
    const { logs, filter } = startWithEvents();
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
  ])("rejects %j with %s", (input, code) => {
    expect(() => startWithEvents().filter(input)).toThrow(awsError(code));
  });
});
