import { describe, expect, test } from "vitest";
import { ALARM, COMPOSITE_ALARM, TOPIC } from "../../../../cloudwatch/testing/fixtures.ts";
import { MINUTE } from "../../testing/cloudwatch.ts";
import { monitorOf, SECOND } from "../../testing/monitor.ts";
import type { AlarmsEntry } from "./alarm-store.ts";

describe("composite alarms", () => {
  const OTHER = { ...ALARM, name: "other", arn: `${ALARM.arn}-other`, metricName: "other" };

  function compositeOf(rule = COMPOSITE_ALARM.rule, entries: readonly AlarmsEntry[] = []) {
    const both = { ...COMPOSITE_ALARM, rule, okActions: [TOPIC.arn] };
    const lab = monitorOf(
      [both, { ...ALARM, alarmActions: [] }, { ...OTHER, alarmActions: [] }],
      entries,
    );
    lab.monitor.start();
    const set = (name: string, value: "ALARM" | "OK") =>
      lab.monitor.setState(name, { value, reason: "a test" });
    return { ...lab, set, both: () => lab.state("both") };
  }

  test("change immediately with their children", () => {
    const { clock, set, both, subjects } = compositeOf();
    clock.advance(MINUTE);
    expect(both()).toBe("OK");
    set("kms-errors", "ALARM");
    expect(both()).toBe("OK");
    set("other", "ALARM");
    expect(both()).toBe("ALARM");
    set("kms-errors", "OK");
    expect(both()).toBe("OK");
    expect(subjects()).toEqual(['OK: "both"', 'ALARM: "both"', 'OK: "both"']);
  });

  test("change when metrics change their children", () => {
    const { clock, publish, both } = compositeOf('ALARM("kms-errors") AND NOT ALARM("other")');
    clock.advance(MINUTE);
    publish(3);
    clock.advance(MINUTE);
    expect(both()).toBe("ALARM");
    clock.advance(10 * MINUTE);
    expect(both()).toBe("OK");
  });

  test("name the child that triggered the change", () => {
    const { clock, set, notify, monitor } = compositeOf();
    clock.advance(MINUTE);
    set("other", "ALARM");
    clock.advance(5 * SECOND);
    set("kms-errors", "ALARM");
    const message = JSON.parse(notify.mock.calls.at(-1)?.[1].message ?? "");
    expect(JSON.parse(message.default)).toMatchObject({
      AlarmName: "both",
      NewStateValue: "ALARM",
      NewStateReason: `${ALARM.arn} transitioned to ALARM at Friday 20 November, 2026 12:01:05 UTC`,
      AlarmRule: COMPOSITE_ALARM.rule,
      TriggeringChildren: [
        { Arn: ALARM.arn, State: { Value: "ALARM", Timestamp: "2026-11-20T12:01:05.000+0000" } },
      ],
    });
    expect(message.email).toContain(`Alarm Rule:\n${COMPOSITE_ALARM.rule}\n`);
    expect(message.email).toContain(`- ${ALARM.arn}: ALARM at Friday 20 November, 2026`);
    expect(monitor.history()[0]).toMatchObject({ alarmName: "both", alarmType: "CompositeAlarm" });
  });

  test("may refer to other composite alarms", () => {
    const outer = {
      ...COMPOSITE_ALARM,
      name: "outer",
      rule: 'ALARM("both") AND NOT OK("other")',
    };
    const { clock, monitor, state } = monitorOf([outer, COMPOSITE_ALARM, ALARM, OTHER]);
    monitor.start();
    clock.advance(MINUTE);
    for (const name of ["kms-errors", "other"]) {
      monitor.setState(name, { value: "ALARM", reason: "a test" });
    }
    expect(state("outer")).toBe("ALARM");
  });

  test("keep a state that was set until a child changes", () => {
    const { clock, set, both } = compositeOf();
    clock.advance(MINUTE);
    set("both", "ALARM");
    clock.advance(10 * MINUTE);
    expect(both()).toBe("ALARM");
    set("other", "ALARM");
    expect(both()).toBe("OK");
  });

  test("catch up after a kill between the child's change and their own", () => {
    const { clock, journal, set } = compositeOf();
    clock.advance(MINUTE);
    set("other", "ALARM");
    clock.advance(SECOND);
    set("kms-errors", "ALARM");
    const upToKill = journal.appended.filter(
      ({ alarmName, record }) => alarmName !== "both" || record?.state.value !== "ALARM",
    );
    const after = compositeOf(undefined, upToKill);
    expect(after.both()).toBe("ALARM");
    expect(after.subjects()).toEqual(['ALARM: "both"']);
  });

  test.each([
    ['ALARM("gone")', /composite alarm both: There is no alarm gone/],
    ["ALARM(kms-errors) AND", /composite alarm both: At character 22, found the end of the rule/],
  ])("with the invalid rule %s are rejected", (rule, message) => {
    expect(() => compositeOf(rule)).toThrow(message);
  });
});
