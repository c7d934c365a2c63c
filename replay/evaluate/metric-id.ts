import type { MetricKey } from "../../cloudwatch/metric.ts";

/** Identifies a metric by namespace, name and dimensions in any order. */
export function metricId({ namespace, name, dimensions }: MetricKey): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}
