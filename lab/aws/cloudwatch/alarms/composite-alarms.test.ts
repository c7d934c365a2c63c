import { describe, expect, test } from "vitest";
import { ALARM, COMPOSITE_ALARM, TOPIC } from "../../../../cloudwatch/testing/samples.ts";
import { MINUTE } from "../../testing/cloudwatch.ts";
import { monitorOf, SECOND } from "../../testing/monitor.ts";
import type { AlarmsEntry } from "./alarm-store.ts";

describe("a composite alarm", () => {
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

  test("follows those that it looks at, at once", () => {
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

  test("follows what metrics do to them", () => {
    const { clock, publish, both } = compositeOf('ALARM("kms-errors") AND NOT ALARM("other")');
    clock.advance(MINUTE);
    publish(3);
    clock.advance(MINUTE);
    expect(both()).toBe("ALARM");
    clock.advance(10 * MINUTE);
    expect(both()).toBe("OK");
  });

  test("tells which of them made it change", () => {
    const { clock, set, notify, monitor } = compositeOf();
    clock.advance(MINUTE);
    set("other", "ALARM");
    clock.advance(5 * SECOND);
    set("kms-errors", "ALARM");
    const notice = JSON.parse(notify.mock.calls.at(-1)?.[1].message ?? "");
    expect(JSON.parse(notice.default)).toMatchObject({
      AlarmName: "both",
      NewStateValue: "ALARM",
      NewStateReason: `${ALARM.arn} transitioned to ALARM at Friday 20 November, 2026 12:01:05 UTC`,
      AlarmRule: COMPOSITE_ALARM.rule,
      TriggeringChildren: [
        { Arn: ALARM.arn, State: { Value: "ALARM", Timestamp: "2026-11-20T12:01:05.000+0000" } },
      ],
    });
    expect(notice.email).toContain(`Alarm Rule:\n${COMPOSITE_ALARM.rule}\n`);
    expect(notice.email).toContain(`- ${ALARM.arn}: ALARM at Friday 20 November, 2026`);
    expect(monitor.history()[0]).toMatchObject({ alarmName: "both", alarmType: "CompositeAlarm" });
  });

  test("may look at another of its kind", () => {
    const outer = {
      ...COMPOSITE_ALARM,
      name: "an outer one",
      rule: 'ALARM("both") AND NOT OK("other")',
    };
    const { clock, monitor, state } = monitorOf([outer, COMPOSITE_ALARM, ALARM, OTHER]);
    monitor.start();
    clock.advance(MINUTE);
    for (const name of ["kms-errors", "other"]) {
      monitor.setState(name, { value: "ALARM", reason: "a test" });
    }
    expect(state("an outer one")).toBe("ALARM");
  });

  test("stays as it was set until one of them changes", () => {
    const { clock, set, both } = compositeOf();
    clock.advance(MINUTE);
    set("both", "ALARM");
    clock.advance(10 * MINUTE);
    expect(both()).toBe("ALARM");
    set("other", "ALARM");
    expect(both()).toBe("OK");
  });

  test("that a kill left behind catches up", () => {
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
    ["ALARM(kms-errors) AND", /composite alarm both: At character 22 it ends/],
  ])("whose rule is %s stops the lab", (rule, message) => {
    expect(() => compositeOf(rule)).toThrow(message);
  });
});
