import { describe, expect, test, vi } from "vitest";
import { ACCOUNT, ALARM, TOPIC } from "../../../../cloudwatch/testing/fixtures.ts";
import { memoryJournal } from "../../../testing/memory-journal.ts";
import { MINUTE, NOON } from "../../testing/cloudwatch.ts";
import { monitorOf, SECOND } from "../../testing/monitor.ts";
import type { AlarmsEntry } from "./alarm-store.ts";
import { createMonitor } from "./monitor.ts";

test("evaluates an alarm with a period of ten seconds every ten seconds", () => {
  const { clock, monitor, publish, state } = monitorOf([{ ...ALARM, period: 10 }]);
  monitor.start();
  clock.advance(13 * SECOND);
  publish(3, true);
  clock.advance(7 * SECOND - 1);
  expect(state()).toBe("OK");
  clock.advance(1);
  expect(state()).toBe("ALARM");
});

test("evaluates an alarm with a period of a minute every minute, even with a faster alarm", () => {
  const fast = { ...ALARM, name: "fast", period: 10 };
  const { clock, monitor, publish, state } = monitorOf([ALARM, fast]);
  monitor.start();
  clock.advance(MINUTE);
  publish(3, true);
  clock.advance(10 * SECOND);
  expect([state("fast"), state()]).toEqual(["ALARM", "OK"]);
  clock.advance(50 * SECOND);
  expect(state()).toBe("ALARM");
});

describe("late evaluations", () => {
  /** Starts a monitor whose timers fire only on `wake`, as after sleep or in a blocked process. */
  function startSleepingMonitor() {
    const { clock, metrics, notify, publish } = monitorOf([ALARM]);
    const timers: (() => void)[] = [];
    const total = vi.fn(metrics.total);
    const monitor = createMonitor({
      clock: {
        now: clock.now,
        after: (_, task) => {
          timers.push(task);
          return () => {};
        },
      },
      ...ACCOUNT,
      alarms: [ALARM],
      metrics: { ...metrics, total },
      notify,
      journal: memoryJournal<AlarmsEntry>(),
    });
    monitor.start();
    const wake = (after: number) => {
      clock.advance(after);
      timers.shift()?.();
    };
    return { clock, monitor, publish, wake, total, timers };
  }

  test("catch up in order, so that no breach is missed", () => {
    const { monitor, publish, wake, timers } = startSleepingMonitor();
    publish(3);
    wake(30 * MINUTE);
    expect(monitor.history().map(({ type, summary, at }) => [type, summary, at - NOON])).toEqual([
      ["StateUpdate", "Alarm updated from ALARM to OK", 4 * MINUTE],
      ["Action", `Successfully executed action ${TOPIC.arn}`, MINUTE],
      ["StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM", MINUTE],
      ["ConfigurationUpdate", 'Alarm "kms-errors" created', 0],
    ]);
    expect(timers).toHaveLength(1);
  });

  test("do not override a state that was set since", () => {
    const { monitor, wake, clock } = startSleepingMonitor();
    clock.advance(MINUTE + SECOND);
    monitor.setState(ALARM.name, { value: "ALARM", reason: "a drill" });
    wake(0);
    expect(monitor.find(ALARM.name)?.state.value).toBe("ALARM");
  });

  test("catch up on at most three hours", () => {
    const { wake, total } = startSleepingMonitor();
    wake(30 * 24 * 60 * MINUTE);
    expect(total).toHaveBeenCalledTimes(181 * 3);
  });
});

test("evaluates nothing after stop", () => {
  const { clock, monitor, state } = monitorOf([ALARM]);
  monitor.start();
  monitor.stop();
  clock.advance(10 * MINUTE);
  expect(state()).toBe("INSUFFICIENT_DATA");
});
