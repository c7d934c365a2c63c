import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ACCOUNT,
  ALARM,
  FILTER,
  LOG_GROUP,
  SUBSCRIPTION,
  TOPIC,
} from "../../cloudwatch/testing/samples.ts";
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

const NOON = Date.parse("2026-11-20T12:00:00Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const REFUSED = '{"eventSource":"kms.amazonaws.com","errorCode":"AccessDenied"}';
const GRANTED = '{"eventSource":"kms.amazonaws.com","eventName":"Decrypt"}';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chain-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Log events → metric filter → metric → alarm → topic → inbox, on the files of `folder`. */
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

test("three refusals in a minute are one mail, and the alarm returns to OK by itself", () => {
  const clock = manualClock(NOON);
  const { deliver, state, subjects, inbox } = chain({ clock });
  clock.advance(70 * SECOND);
  deliver(REFUSED, GRANTED, REFUSED);
  clock.advance(10 * SECOND);
  deliver(REFUSED);
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

test("a quiet minute with the default value 0 ends the alarm at once", () => {
  const clock = manualClock(NOON);
  const { deliver, state } = chain({ clock });
  deliver(REFUSED, REFUSED, REFUSED);
  clock.advance(MINUTE);
  expect(state()).toBe("ALARM");
  deliver(GRANTED);
  clock.advance(MINUTE);
  expect(state()).toBe("OK");
});

test("two refusals are none of the alarm's business", () => {
  const clock = manualClock(NOON);
  const { deliver, state, subjects } = chain({ clock });
  deliver(REFUSED, REFUSED, GRANTED, GRANTED);
  clock.advance(5 * MINUTE);
  expect(state()).toBe("OK");
  expect(subjects()).toEqual([]);
});

test("OK actions mail the recovery as well", () => {
  const clock = manualClock(NOON);
  const { deliver, subjects } = chain({ clock, alarm: { ...ALARM, okActions: [TOPIC.arn] } });
  deliver(REFUSED, REFUSED, REFUSED);
  clock.advance(10 * MINUTE);
  expect(subjects()).toEqual([ALARMED, 'OK: "kms-errors" in Asia Pacific (Sydney)']);
});

describe("a process that dies", () => {
  test("between the events and the evaluation loses neither alarm nor mail", () => {
    const clock = manualClock(NOON);
    const dead = chain({ clock });
    dead.deliver(REFUSED, REFUSED, REFUSED);
    dead.stop();
    const { state, subjects } = chain({ clock });
    clock.advance(MINUTE);
    expect(state()).toBe("ALARM");
    expect(subjects()).toEqual([ALARMED]);
  });

  test("and stays down past the alarm's range loses neither", () => {
    const clock = manualClock(NOON);
    const dead = chain({ clock });
    dead.deliver(REFUSED, REFUSED, REFUSED);
    dead.stop();
    clock.advance(30 * MINUTE);
    const { state, subjects, inbox } = chain({ clock });
    expect(subjects()).toEqual([ALARMED]);
    expect(inbox()[0]?.body).toContain("Friday 20 November, 2026 12:01:00 UTC");
    expect(state()).toBe("OK");
  });

  test("after the alarm was over does not raise it again", () => {
    const clock = manualClock(NOON);
    const dead = chain({ clock });
    dead.deliver(REFUSED, REFUSED, REFUSED);
    clock.advance(10 * MINUTE);
    dead.stop();
    clock.advance(10 * MINUTE);
    const { state, subjects } = chain({ clock });
    expect(subjects()).toEqual([ALARMED]);
    expect(state()).toBe("OK");
  });

  test("during the alarm does not mail again", () => {
    const clock = manualClock(NOON);
    const dead = chain({ clock });
    dead.deliver(REFUSED, REFUSED, REFUSED);
    clock.advance(MINUTE);
    dead.stop();
    const { state, subjects } = chain({ clock });
    expect(state()).toBe("ALARM");
    clock.advance(MINUTE);
    expect(subjects()).toEqual([ALARMED]);
    clock.advance(10 * MINUTE);
    expect(state()).toBe("OK");
  });
});

describe("what the stacks say is what happens", () => {
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
  ])("%s changes the outcome to %s", (_, change, expected) => {
    const clock = manualClock(NOON);
    const { deliver, state } = chain({ clock, ...change });
    deliver(REFUSED, REFUSED, REFUSED);
    clock.advance(MINUTE);
    expect(state()).toBe(expected);
  });

  test("a lower threshold in a new deployment finds what the old one let pass", () => {
    const clock = manualClock(NOON);
    const old = chain({ clock });
    old.deliver(REFUSED, REFUSED);
    clock.advance(MINUTE);
    expect(old.state()).toBe("OK");
    old.stop();
    const { state, subjects } = chain({ clock, alarm: { ...ALARM, threshold: 1 } });
    clock.advance(MINUTE);
    expect(state()).toBe("ALARM");
    expect(subjects()).toEqual([ALARMED]);
  });
});
