import type { Metric } from "./detection.ts";
import type { DetectionScope } from "./scope.ts";

/** A metric from the service's log lines (embedded metric format), summed over its tasks. */
export function serviceMetric({ serviceNamespace }: DetectionScope, metricName: string): Metric {
  return { namespace: serviceNamespace, metricName, dimensions: { Service: "api" } };
}
