import { expect, test } from "vitest";
import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import { applySettings } from "../../detections/enabled.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { withThreshold } from "./detections.ts";

const trailDetections = [...detections, ...cisPack].filter(({ source }) => source === "trail");

const alarmOf = (detection: (typeof trailDetections)[number]) => {
  const { threshold, period, evaluationPeriods } = detection;
  const statistic = alarmStatistic(detection);
  return { statistic, threshold, period, evaluationPeriods } as ThresholdAlarm;
};

test.each(trailDetections)(
  "gives $id the window and the statistic that the settings deploy",
  (detection) => {
    for (const threshold of [1, 2, 5000]) {
      const { id } = detection;
      const settings = {
        detections: [id],
        cisPack: true,
        thresholds: { [id]: threshold },
        periods: {},
        anomalyDeviations: {},
        exclusions: {},
      };
      expect(withThreshold(alarmOf(detection), threshold, { isOwn: true })).toEqual(
        alarmOf(applySettings(detection, settings) as (typeof trailDetections)[number]),
      );
    }
  },
);

test("keeps the period of an alarm that the stacks do not define", () => {
  const alarm = { threshold: 1, period: 60, evaluationPeriods: 1 } as ThresholdAlarm;
  expect(withThreshold(alarm, 5, {})).toEqual({ ...alarm, threshold: 5 });
});
