import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import {
  ACCOUNT,
  ALARM,
  FILTER,
  LOG_GROUP,
  SUBSCRIPTION,
  TOPIC,
} from "../../cloudwatch/testing/fixtures.ts";
import type { Clock } from "../state/clock.ts";
import { openJournal } from "../state/journal.ts";
import { manualClock } from "../testing/manual-clock.ts";
import type { AlarmsEntry } from "./cloudwatch/alarms/alarm-store.ts";
import { createCloudWatch } from "./cloudwatch/cloudwatch.ts";
import { createMetrics, type MetricsEntry } from "./cloudwatch/metrics/metrics.ts";
import { createLogs } from "./logs/logs.ts";
import type { LogsEntry } from "./logs/store.ts";
import type { Mail } from "./sns/email.ts";
import { createSns } from "./sns/sns.ts";
import { temporaryFile } from "./testing/temporary-folder.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DENIED = '{"eventSource":"kms.amazonaws.com","errorCode":"AccessDenied"}';
const GRANTED = '{"eventSource":"kms.amazonaws.com","eventName":"Decrypt"}';

let folder: string;
beforeEach(() => {
  folder = temporaryFile("journals");
});

/** Log events → metric filter → metric → alarm → topic → inbox, with journals in `folder`. */
function chain({ clock = manualClock(NOON) as Clock, filter = FILTER, alarm = ALARM } = {}) {
  const file = (name: string) => join(folder, `${name}.jsonl`);
  const metrics = createMetrics({ clock, journal: openJournal<MetricsEntry>(file("metrics")) });
  const logs = createLogs({
    clock,
    ...ACCOUNT,
    logGroups: [LOG_GROUP],
    metricFilters: [filter],
    metrics,
    journal: openJournal<LogsEntry>(file("logs")),
  });
  const sns = createSns({
    clock,
    ...ACCOUNT,
    topics: [TOPIC],
    subscriptions: [SUBSCRIPTION],
    metrics,
    journal: openJournal<Mail>(file("sns")),
  });
  const cloudWatch = createCloudWatch({
    clock,
    ...ACCOUNT,
    alarms: [alarm],
    metrics,
    notify: sns.publish,
    journal: openJournal<AlarmsEntry>(file("alarms")),
  });
  cloudWatch.start();
  const deliver = (...messages: readonly string[]) =>
    logs.ingest(
      LOG_GROUP.name,
      "trail",
      messages.map((message) => ({ timestamp: clock.now(), message })),
    );
  const state = () => cloudWatch.state().alarms[0]?.state.value;
  const subjects = () => sns.inbox().map(({ subject }) => subject);
  return { deliver, state, subjects, inbox: sns.inbox, stop: cloudWatch.stop };
}

const ALARMED = 'ALARM: "kms-errors" in Asia Pacific (Sydney)';

test("sends one email for three errors in a minute, and returns to OK", () => {
  const clock = manualClock(NOON);
  const { deliver, state, subjects, inbox } = chain({ clock });
  clock.advance(70 * SECOND);
  deliver(DENIED, GRANTED, DENIED);
  clock.advance(10 * SECOND);
  deliver(DENIED);
  expect(state()).toBe("OK");
  clock.advance(40 * SECOND);
  expect(state()).toBe("ALARM");
  expect(subjects()).toEqual([ALARMED]);
  const body = inbox()[0]?.body ?? "";
  expect(body).toContain(
    "- Description:                KMS refused the service.\nSee the runbook.",
  );
  expect(body).toContain(
    "GreaterThanOrEqualToThreshold 3.0 for at least 1 of the last 1 period(s)",
  );
  expect(body).toContain("1 out of the last 1 datapoints [3.0 (20/11/26 12:01:00)]");
  expect(body).toContain("If you wish to stop receiving notifications from this topic");
  clock.advance(10 * MINUTE);
  expect(state()).toBe("OK");
  expect(subjects()).toEqual([ALARMED]);
});

test("returns to OK after a minute with the default value 0", () => {
  const clock = manualClock(NOON);
  const { deliver, state } = chain({ clock });
  deliver(DENIED, DENIED, DENIED);
  clock.advance(MINUTE);
  expect(state()).toBe("ALARM");
  deliver(GRANTED);
  clock.advance(MINUTE);
  expect(state()).toBe("OK");
});

test("does not alarm below the threshold", () => {
  const clock = manualClock(NOON);
  const { deliver, state, subjects } = chain({ clock });
  deliver(DENIED, DENIED, GRANTED, GRANTED);
  clock.advance(5 * MINUTE);
  expect(state()).toBe("OK");
  expect(subjects()).toEqual([]);
});

test("emails the recovery with OK actions", () => {
  const clock = manualClock(NOON);
  const { deliver, subjects } = chain({ clock, alarm: { ...ALARM, okActions: [TOPIC.arn] } });
  deliver(DENIED, DENIED, DENIED);
  clock.advance(10 * MINUTE);
  expect(subjects()).toEqual([ALARMED, 'OK: "kms-errors" in Asia Pacific (Sydney)']);
});

describe("a killed process", () => {
  test("loses neither alarm nor email between the events and the evaluation", () => {
    const clock = manualClock(NOON);
    const killed = chain({ clock });
    killed.deliver(DENIED, DENIED, DENIED);
    killed.stop();
    const { state, subjects } = chain({ clock });
    clock.advance(MINUTE);
    expect(state()).toBe("ALARM");
    expect(subjects()).toEqual([ALARMED]);
  });

  test("loses neither alarm nor email when it stays down beyond the evaluation range", () => {
    const clock = manualClock(NOON);
    const killed = chain({ clock });
    killed.deliver(DENIED, DENIED, DENIED);
    killed.stop();
    clock.advance(30 * MINUTE);
    const { state, subjects, inbox } = chain({ clock });
    expect(subjects()).toEqual([ALARMED]);
    expect(inbox()[0]?.body).toContain("Friday 20 November, 2026 12:01:00 UTC");
    expect(state()).toBe("OK");
  });

  test("does not repeat an alarm that ended", () => {
    const clock = manualClock(NOON);
    const killed = chain({ clock });
    killed.deliver(DENIED, DENIED, DENIED);
    clock.advance(10 * MINUTE);
    killed.stop();
    clock.advance(10 * MINUTE);
    const { state, subjects } = chain({ clock });
    expect(subjects()).toEqual([ALARMED]);
    expect(state()).toBe("OK");
  });

  test("does not send another email for an alarm that lasts", () => {
    const clock = manualClock(NOON);
    const killed = chain({ clock });
    killed.deliver(DENIED, DENIED, DENIED);
    clock.advance(MINUTE);
    killed.stop();
    const { state, subjects } = chain({ clock });
    expect(state()).toBe("ALARM");
    clock.advance(MINUTE);
    expect(subjects()).toEqual([ALARMED]);
    clock.advance(10 * MINUTE);
    expect(state()).toBe("OK");
  });
});

describe("the deployed configuration", () => {
  test.each([
    ["the threshold", { alarm: { ...ALARM, threshold: 2 } }, "ALARM"],
    ["the threshold, up", { alarm: { ...ALARM, threshold: 4 } }, "OK"],
    ["the pattern", { filter: { ...FILTER, pattern: '{ $.errorCode = "Throttl*" }' } }, "OK"],
    [
      "the value",
      {
        filter: { ...FILTER, transformation: { ...FILTER.transformation, metricValue: "0.5" } },
      },
      "OK",
    ],
    ["M of N", { alarm: { ...ALARM, evaluationPeriods: 3, datapointsToAlarm: 2 } }, "OK"],
    ["nothing", {}, "ALARM"],
  ])("with changes to %s leads to %s", (_, change, expected) => {
    const clock = manualClock(NOON);
    const { deliver, state } = chain({ clock, ...change });
    deliver(DENIED, DENIED, DENIED);
    clock.advance(MINUTE);
    expect(state()).toBe(expected);
  });

  test("applies a lower threshold to data that it received before", () => {
    const clock = manualClock(NOON);
    const old = chain({ clock });
    old.deliver(DENIED, DENIED);
    clock.advance(MINUTE);
    expect(old.state()).toBe("OK");
    old.stop();
    const { state, subjects } = chain({ clock, alarm: { ...ALARM, threshold: 1 } });
    clock.advance(MINUTE);
    expect(state()).toBe("ALARM");
    expect(subjects()).toEqual([ALARMED]);
  });
});
