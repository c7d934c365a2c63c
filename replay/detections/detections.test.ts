import { expect, test } from "vitest";
import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import { type DetectionSettings, enabledDetections } from "../../detections/enabled.ts";
import { detections } from "../../detections/index.ts";
import { alarmEvaluations } from "./alarm-evaluations.ts";
import { withThreshold } from "./detections.ts";

const SETTINGS: DetectionSettings = {
  detections: detections.map(({ id }) => id),
  cisPack: true,
  thresholds: {},
  periods: {},
  anomalyDeviations: {},
  exclusions: {},
};

const THRESHOLDS = [1, 2, 5000];

/** Returns the alarms that the settings deploy, by detection id. */
function alarmsFor(settings: DetectionSettings) {
  const trail = enabledDetections(settings).filter(({ source }) => source === "trail");
  return new Map(
    trail.map((detection) => {
      const { id, threshold, period, evaluationPeriods } = detection;
      const statistic = alarmStatistic(detection);
      return [id, { statistic, threshold, period, evaluationPeriods } as ThresholdAlarm];
    }),
  );
}

test.each([
  ["default settings", {}],
  ["periods of the settings", { periods: { "kms-errors": 3600, "kms-volume": 300 } }],
  ["thresholds of the settings", { thresholds: { "kms-errors": 5, "denied-api": 1 } }],
])(
  "evaluates another threshold with the period and the statistic that would be deployed: %s",
  (_, changed) => {
    const settings = { ...SETTINGS, ...changed };
    const evaluations = alarmEvaluations(enabledDetections, settings);
    const deployed = alarmsFor(settings);
    expect(deployed.size).toBeGreaterThan(20);
    for (const threshold of THRESHOLDS) {
      const thresholds = Object.fromEntries([...deployed.keys()].map((id) => [id, threshold]));
      const expected = alarmsFor({ ...settings, thresholds });
      for (const [id, alarm] of deployed) {
        expect(withThreshold(alarm, threshold, { evaluations: evaluations[id] })).toEqual(
          expected.get(id),
        );
      }
    }
  },
);

test("keeps the period of an alarm that the stacks do not define", () => {
  const alarm = { threshold: 1, period: 60, evaluationPeriods: 1 } as ThresholdAlarm;
  expect(withThreshold(alarm, 5, {})).toEqual({ ...alarm, threshold: 5 });
});
