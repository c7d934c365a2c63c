import { describe, expect, it } from "vitest";
import type { AwsStructure } from "../shared/operation.ts";
import { DELAY, FIRST_KEY, lookup, startTrail } from "../testing/cloudtrail.ts";

describe("LookupEvents", () => {
  async function startWithEvents() {
    const lab = startTrail();
    await lab.call("kms", "ListKeys");
    lab.clock.advance(1_000);
    await lab.call("kms", "DisableKey", { KeyId: FIRST_KEY.arn }, { accessKeyId: "mallory" });
    lab.clock.advance(1_000);
    await lab.call("cloudwatch", "DescribeAlarms");
    lab.clock.advance(DELAY);
    return lab;
  }

  it("names no user for an event of the service itself", async () => {
    const lab = startTrail();
    await lab.call("kms", "RotateKeyOnDemand", { KeyId: FIRST_KEY.arn });
    lab.clock.advance(DELAY);
    const [rotation, call] = await lookup(lab, {});
    expect(rotation).toMatchObject({ EventName: "RotateKey", Username: undefined });
    expect(call).toMatchObject({ EventName: "RotateKeyOnDemand", Username: "alice" });
  });

  it("returns the newest events first, with the record as a string", async () => {
    const lab = await startWithEvents();
    const events = await lookup(lab, {});
    expect(events.map(({ EventName }) => EventName)).toEqual([
      "DescribeAlarms",
      "DisableKey",
      "ListKeys",
    ]);
    expect(events[1]).toMatchObject({
      EventTime: new Date("2026-11-20T00:00:01Z"),
      EventSource: "kms.amazonaws.com",
      ReadOnly: "false",
      Username: "mallory",
      AccessKeyId: "mallory",
      Resources: [{ ResourceType: "AWS::KMS::Key", ResourceName: FIRST_KEY.arn }],
    });
    expect(JSON.parse(events[1]?.CloudTrailEvent as string)).toMatchObject({
      eventID: events[1]?.EventId,
      eventName: "DisableKey",
    });
  });

  it.each([
    ["EventName", "ListKeys", ["ListKeys"]],
    ["EventSource", "monitoring.amazonaws.com", ["DescribeAlarms"]],
    ["ReadOnly", "false", ["DisableKey"]],
    ["Username", "mallory", ["DisableKey"]],
    ["AccessKeyId", "alice", ["DescribeAlarms", "ListKeys"]],
    ["ResourceType", "AWS::KMS::Key", ["DisableKey"]],
    ["ResourceName", FIRST_KEY.arn, ["DisableKey"]],
    ["EventName", "listkeys", []],
  ])("filters by %s %s", async (AttributeKey, AttributeValue, names) => {
    const lab = await startWithEvents();
    const LookupAttributes = [{ AttributeKey, AttributeValue }];
    const events = await lookup(lab, { LookupAttributes });
    expect(events.map(({ EventName }) => EventName)).toEqual(names);
  });

  it("filters by event id, by time and by category", async () => {
    const lab = await startWithEvents();
    const [, event] = await lookup(lab, {});
    const LookupAttributes = [{ AttributeKey: "EventId", AttributeValue: event?.EventId }];
    expect(await lookup(lab, { LookupAttributes })).toEqual([event]);
    const second = Date.parse("2026-11-20T00:00:01Z") / 1000;
    expect(await lookup(lab, { StartTime: second, EndTime: second })).toEqual([event]);
    expect(await lookup(lab, { EndTime: second - 60 })).toEqual([]);
    expect(await lookup(lab, { EventCategory: "insight" })).toEqual([]);
  });

  it("returns each event in exactly one page while new events arrive", async () => {
    const lab = startTrail();
    for (let index = 0; index < 120; index++) await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY);
    const seen: unknown[] = [];
    let NextToken: unknown;
    do {
      const output = (await lab.call("cloudtrail", "LookupEvents", { NextToken })) as AwsStructure;
      const events = output.Events as unknown as AwsStructure[];
      expect(events.length).toBeLessThanOrEqual(50);
      seen.push(...events.map(({ EventId }) => EventId));
      NextToken = output.NextToken;
      await lab.call("kms", "ListAliases");
      lab.clock.advance(DELAY);
    } while (NextToken !== undefined);
    expect(seen).toHaveLength(120);
    expect(new Set(seen).size).toBe(120);
  });

  it.each([
    [{ MaxResults: 51 }, "InvalidMaxResultsException"],
    [{ MaxResults: 0 }, "InvalidMaxResultsException"],
    [{ StartTime: 2, EndTime: 1 }, "InvalidTimeRangeException"],
    [{ NextToken: "mine" }, "InvalidNextTokenException"],
    [{ EventCategory: "data" }, "InvalidEventCategoryException"],
    [
      { LookupAttributes: [{ AttributeKey: "Nope", AttributeValue: "x" }] },
      "InvalidLookupAttributesException",
    ],
    [{ LookupAttributes: [{ AttributeKey: "EventName" }] }, "InvalidLookupAttributesException"],
  ])("rejects %j", async (input, code) => {
    const lab = await startWithEvents();
    expect(await lab.call("cloudtrail", "LookupEvents", input)).toMatchObject({ code });
  });
});
