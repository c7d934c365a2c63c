import type { ServiceDetection } from "../../detections/detection.ts";
import type { DetectionScope } from "../../detections/scope.ts";

/**
 * Builds the log line of a request in embedded metric format, as the service would write it.
 * @param values of the metrics, by name
 * @param timestamp milliseconds since the epoch
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function serviceLogLine(
  detection: ServiceDetection,
  scope: DetectionScope,
  values: Readonly<Record<string, number>>,
  timestamp: number,
): Readonly<Record<string, unknown>> {
  const { namespace, dimensions = {} } = detection.metric(scope);
  // Alarms with periods under a minute need high-resolution metrics.
  const StorageResolution = detection.period < 60 ? 1 : 60;
  return {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: Object.keys(values).map((Name) => ({ Name, Unit: "Count", StorageResolution })),
        },
      ],
    },
    ...dimensions,
    ...values,
  };
}
