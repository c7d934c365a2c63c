import { describe, expect, test } from "vitest";
import { LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import { DAY, eventsAt, logsWith, NOON } from "../testing/logs.ts";

describe("stored events", () => {
  test("survive a restart without publishing metrics again", () => {
    const { logs, journal, call } = logsWith();
    logs.ingest(LOG_GROUP.name, "app", eventsAt(1, 0));
    const before = call("FilterLogEvents", { logGroupName: LOG_GROUP.name });
    const again = logsWith({ entries: journal.appended });
    expect(again.call("FilterLogEvents", { logGroupName: LOG_GROUP.name })).toEqual(before);
    expect(again.metrics.list()).toEqual([]);
    expect(again.journal.appended).toEqual([]);
  });

  test("are dropped after the retention", () => {
    const { logs, clock } = logsWith();
    logs.ingest(LOG_GROUP.name, "app", eventsAt(0));
    clock.advance(7 * DAY + 1);
    logs.ingest(LOG_GROUP.name, "app", [{ timestamp: clock.now(), message: "new" }]);
    expect(logs.groups()[0]?.events.map(({ message }) => message)).toEqual(["new"]);
  });

  test("are limited to the newest 20,000", () => {
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
