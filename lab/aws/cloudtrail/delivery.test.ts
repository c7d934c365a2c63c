import { describe, expect, it } from "vitest";
import { DELAY, encrypt, FIRST_KEY, lookup, START, startTrail } from "../testing/cloudtrail.ts";

describe("CloudTrail delivery", () => {
  it("delivers events in order after the delay, and LookupEvents returns none before", async () => {
    const lab = startTrail();
    await lab.call("kms", "DescribeKey", { KeyId: FIRST_KEY.arn });
    lab.clock.advance(1_000);
    await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY - 1_001);
    expect(lab.deliveries).toEqual([]);
    expect(await lookup(lab, {})).toEqual([]);
    expect(lab.trail.recent(9).map(({ delivered }) => delivered)).toEqual([false, false, false]);

    lab.clock.advance(1);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual(["DescribeKey"]);
    expect(lab.deliveries[0]).toMatchObject({
      logGroupName: "/cipherwatch/trail",
      logStreamName: "111122223333_CloudTrail_ap-southeast-2",
      timestamp: START + DELAY,
    });
    expect(await lookup(lab, {})).toHaveLength(1);

    lab.clock.advance(DELAY);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual([
      "DescribeKey",
      "ListKeys",
      "LookupEvents",
      "LookupEvents",
    ]);
    expect(lab.trail.recent(2)).toMatchObject([
      { event: { eventName: "LookupEvents" }, delivered: true },
      { event: { eventName: "LookupEvents" }, delivered: true },
    ]);
  });

  it("delivers out of order and twice, and LookupEvents returns each event once", async () => {
    const delays = [
      [{ after: 3 * DELAY, age: 0 }],
      [
        { after: DELAY, age: 30_000 },
        { after: 2 * DELAY, age: 0 },
      ],
    ];
    const lab = startTrail({
      deliveries: (calledAt) =>
        (delays.shift() ?? []).map(({ after, age }) => ({ due: calledAt + after, age })),
    });
    await lab.call("kms", "ListKeys");
    await lab.call("kms", "ListAliases");
    lab.clock.advance(3 * DELAY);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual([
      "ListAliases",
      "ListAliases",
      "ListKeys",
    ]);
    expect(lab.deliveries.map(({ timestamp }) => timestamp - START)).toEqual([
      DELAY - 30_000,
      2 * DELAY,
      3 * DELAY,
    ]);
    expect(await lookup(lab, {})).toHaveLength(2);
    expect(lab.trail.recent(9)).toHaveLength(2);
  });

  it("continues after a failed delivery", async () => {
    const lab = startTrail({
      onDelivery: ({ message }) => {
        if (message.includes("ListKeys")) throw new Error("no such log group");
      },
    });
    await lab.call("kms", "ListKeys");
    await lab.call("kms", "ListAliases");
    expect(() => lab.clock.advance(DELAY)).toThrow("no such log group");
    lab.clock.advance(0);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual(["ListKeys", "ListAliases"]);
  });

  it("does not deliver events larger than CloudWatch Logs accepts", async () => {
    const lab = startTrail();
    await encrypt(lab, FIRST_KEY.arn, { large: "x".repeat(256 * 1024) });
    await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual(["ListKeys"]);
    expect(await lookup(lab, {})).toHaveLength(2);
  });

  it("stops when CloudTrail is closed", async () => {
    const lab = startTrail();
    await lab.call("kms", "ListKeys");
    lab.trail.close();
    lab.clock.advance(DELAY);
    expect(lab.deliveries).toEqual([]);
  });
});
