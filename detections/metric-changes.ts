import type { ExampleEvent } from "./detection.ts";
import { exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny, notByRole } from "./pattern.ts";
import type { MonitoringScope } from "./scope.ts";
import { DEFAULT_BUS_CHANGED } from "./silencing-calls.ts";

/**
 * Matches metric filters of any name that publish in our namespaces, changes of our anomaly detectors, and changes of the
 * default event bus, by anyone but the deploy role. A filter with a negative value lowers the sums that alarms with a
 * threshold above 1 evaluate.
 */
export function metricOrBusChanges({ detectionNamespace, deployRoleArn }: MonitoringScope): string {
  const ours = `${detectionNamespace.slice(0, detectionNamespace.lastIndexOf("/") + 1)}*`;
  return jsonPattern(
    allOf(
      anyOf(
        `(${allOf(
          matchesAny("$.eventName", "PutMetricFilter", "*AnomalyDetector"),
          anyOf(
            ...[
              "metricTransformations[*].metricNamespace",
              "namespace",
              "singleMetricAnomalyDetector.namespace",
            ].map((member) => matchesAny(`$.requestParameters.${member}`, ours)),
          ),
        )})`,
        `(${DEFAULT_BUS_CHANGED})`,
      ),
      ...notByRole(deployRoleArn),
    ),
  );
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAnomalyDetector.html
export const metricChangeExamples: readonly ExampleEvent[] = [
  exampleEvent("a user lowers a metric of the detections with a metric filter of her own", user, {
    eventSource: "logs.amazonaws.com",
    eventName: "PutMetricFilter",
    readOnly: false,
    requestParameters: {
      logGroupName: "/another/application",
      filterName: "x",
      filterPattern: "",
      metricTransformations: [
        {
          metricName: "kms-volume",
          metricNamespace: exampleScope.detectionNamespace,
          metricValue: "-1000",
        },
      ],
    },
  }),
  exampleEvent("a user deletes the anomaly detector of an alarm", user, {
    eventSource: "monitoring.amazonaws.com",
    eventName: "DeleteAnomalyDetector",
    readOnly: false,
    requestParameters: {
      singleMetricAnomalyDetector: {
        namespace: exampleScope.detectionNamespace,
        metricName: "kms-volume",
        stat: "Sum",
      },
    },
  }),
];
