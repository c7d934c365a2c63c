import { describe, expect, test } from "vitest";
import { ALARM } from "../../../../cloudwatch/testing/fixtures.ts";
import { MINUTE } from "../../testing/cloudwatch.ts";
import { monitorOf } from "../../testing/monitor.ts";

describe("restart", () => {
  function alarmed() {
    const before = monitorOf([ALARM]);
    before.monitor.start();
    before.publish(9);
    before.clock.advance(MINUTE);
    return before;
  }

  test("keeps the state of an alarm and does not notify again", () => {
    const before = alarmed();
    const after = monitorOf([ALARM], before.journal.appended, before.clock.now());
    expect(after.monitor.alarms()).toEqual(before.monitor.alarms());
    expect(after.monitor.history()).toEqual(before.monitor.history());
    after.publish(9);
    after.monitor.start();
    after.clock.advance(MINUTE);
    expect(after.state()).toBe("ALARM");
    expect(after.notify).not.toHaveBeenCalled();
  });

  test("keeps the state of an updated alarm until its next evaluation", () => {
    const before = alarmed();
    const at = before.clock.now();
    const after = monitorOf([{ ...ALARM, threshold: 10 }], before.journal.appended, at);
    expect(after.monitor.find(ALARM.name)).toMatchObject({
      alarm: { threshold: 10 },
      state: { value: "ALARM" },
      configurationUpdatedAt: at,
    });
    expect(after.monitor.history()[0]).toMatchObject({
      type: "ConfigurationUpdate",
      summary: 'Alarm "kms-errors" updated',
    });
    after.publish(9);
    after.monitor.start();
    after.clock.advance(MINUTE);
    expect(after.state()).toBe("OK");
  });

  test("deletes an alarm that is no longer deployed, but not its history", () => {
    const before = alarmed();
    const other = { ...ALARM, name: "other" };
    const after = monitorOf([other], before.journal.appended, before.clock.now());
    expect(after.monitor.alarms().map(({ alarm }) => alarm.name)).toEqual(["other"]);
    expect(after.monitor.history().map(({ summary }) => summary)).toContain(
      'Alarm "kms-errors" deleted',
    );
    const later = monitorOf([other], [...before.journal.appended, ...after.journal.appended]);
    expect(later.journal.appended).toEqual([]);
  });

  test("keeps actions disabled until the alarm is updated", () => {
    const before = monitorOf([ALARM]);
    before.monitor.setActionsEnabled(ALARM.name, false);
    const after = monitorOf([ALARM], before.journal.appended);
    expect(after.monitor.find(ALARM.name)?.actionsEnabled).toBe(false);
    const changed = monitorOf([{ ...ALARM, threshold: 1 }], before.journal.appended);
    expect(changed.monitor.find(ALARM.name)?.actionsEnabled).toBe(true);
  });
});

test("drops history items older than 30 days", () => {
  const { clock, monitor } = monitorOf([ALARM]);
  clock.advance(31 * 24 * 60 * MINUTE);
  monitor.setState(ALARM.name, { value: "ALARM", reason: "a drill" });
  expect(monitor.history().map(({ type }) => type)).toEqual(["Action", "StateUpdate"]);
});
