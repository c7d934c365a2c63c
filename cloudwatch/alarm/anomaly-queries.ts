import type { AnomalyAlarm } from "./alarm.ts";
import type { Json } from "./json.ts";

export const ANOMALY_BAND_ID = "band";

/** Returns the two metric data queries of an anomaly alarm, as CloudWatch puts them into its JSON. */
export function anomalyMetricQueries(alarm: AnomalyAlarm): readonly { [member: string]: Json }[] {
  return [
    {
      id: "m1",
      metricStat: {
        metric: {
          namespace: alarm.namespace,
          metricName: alarm.metricName,
          dimensions: Object.entries(alarm.dimensions).map(([name, value]) => ({ value, name })),
        },
        period: alarm.period,
        stat: alarm.statistic,
      },
      returnData: true,
    },
    {
      id: ANOMALY_BAND_ID,
      expression: `ANOMALY_DETECTION_BAND(m1, ${alarm.deviations})`,
      returnData: true,
    },
  ];
}
