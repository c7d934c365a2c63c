import type { ExampleReport, ServiceDetection } from "../../detections/detection.ts";
import type { DetectionScope } from "../../detections/scope.ts";

/**
 * Builds the log line of a request in embedded metric format, as the service would write it.
 * @param report the metrics; those of a client also have the dimension that the alarm groups by
 * @param timestamp milliseconds since the epoch
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function serviceLogLine(
  detection: ServiceDetection,
  scope: DetectionScope,
  { values, client }: Pick<ExampleReport, "values" | "client">,
  timestamp: number,
): Readonly<Record<string, unknown>> {
  const { namespace, metricName, dimensions = {} } = detection.metric(scope);
  const { groupBy } = detection;
  // Alarms with periods under a minute need high-resolution metrics.
  const StorageResolution = detection.period < 60 ? 1 : 60;
  const directive = (names: readonly string[], further: readonly string[]) => ({
    Namespace: namespace,
    Dimensions: [[...Object.keys(dimensions), ...further]],
    Metrics: names.map((Name) => ({ Name, Unit: "Count", StorageResolution })),
  });
  const isOfClient = groupBy !== undefined && client !== undefined;
  return {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        directive(Object.keys(values), []),
        ...(isOfClient ? [directive([metricName], [groupBy])] : []),
      ],
    },
    ...dimensions,
    ...(isOfClient && { [groupBy]: client }),
    ...values,
  };
}
