import { describe, expect, test } from "vitest";
import { ALARM, TOPIC } from "../../../../cloudwatch/testing/fixtures.ts";
import { MINUTE, NOON } from "../../testing/cloudwatch.ts";
import { monitorOf } from "../../testing/monitor.ts";

describe("alarm actions", () => {
  test("do not run while disabled, and are not in the history", () => {
    const { clock, monitor, publish, state, notify } = monitorOf([ALARM]);
    monitor.start();
    monitor.setActionsEnabled(ALARM.name, false);
    publish(9);
    clock.advance(MINUTE);
    expect(state()).toBe("ALARM");
    expect(notify).not.toHaveBeenCalled();
    expect(monitor.history().map(({ type }) => type)).toEqual([
      "StateUpdate",
      "ConfigurationUpdate",
      "ConfigurationUpdate",
    ]);
  });

  test("are in the history with their error if they fail, and do not stop the alarm", () => {
    const { clock, monitor, publish, notify } = monitorOf([ALARM]);
    notify.mockImplementation(() => {
      throw new Error("Topic does not exist");
    });
    monitor.start();
    publish(9);
    clock.advance(MINUTE);
    const [item] = monitor.history();
    expect(item?.summary).toBe(
      `Failed to execute action ${TOPIC.arn}. Received error: "Topic does not exist"`,
    );
    expect(JSON.parse(item?.data ?? "")).toMatchObject({ actionState: "Failed" });
    clock.advance(3 * MINUTE);
    expect(monitor.find(ALARM.name)?.state.value).toBe("OK");
  });

  test("are in the history with the published message", () => {
    const { clock, monitor, publish, notify } = monitorOf([ALARM]);
    monitor.start();
    publish(9);
    clock.advance(MINUTE);
    expect(JSON.parse(monitor.history()[0]?.data ?? "")).toEqual({
      actionState: "Succeeded",
      stateUpdateTimestamp: NOON + MINUTE,
      notificationResource: TOPIC.arn,
      publishedMessage: notify.mock.calls[0]?.[1].message,
      error: null,
    });
  });
});
