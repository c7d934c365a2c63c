import type { MetricKey } from "../../cloudwatch/metric.ts";

/** A metric as one text: the same for the same namespace, name and dimensions. */
export function metricId({ namespace, name, dimensions }: MetricKey): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}
