import type { Metric } from "./detection.ts";
import type { Watched } from "./watched.ts";

/** A metric that the service's log lines carry, summed over its tasks. */
export function serviceMetric({ serviceNamespace }: Watched, metricName: string): Metric {
  return { namespace: serviceNamespace, metricName, dimensions: { Service: "api" } };
}
