import { expect, test } from "vitest";
import { parseEmbeddedMetrics } from "../../cloudwatch/embedded-metrics.ts";
import type { ServiceDetection } from "../../detections/detection.ts";
import { detections } from "../../detections/index.ts";
import { createExampleScope } from "../../detections/scope.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import { serviceLogLine } from "./service-log-line.ts";

const scope = createExampleScope("dev", "ap-southeast-2");
const timestamp = Date.UTC(2026, 2, 2, 9);

const monitorsService = (detection: { readonly source: string }): detection is ServiceDetection =>
  detection.source === "service";

/** Returns the datapoints that CloudWatch stores for one metric of a log line. */
function storedMetric(line: object, metricName: string) {
  const embedded = parseEmbeddedMetrics(JSON.stringify(line));
  if (embedded === undefined || !("data" in embedded)) throw new Error("Not a metric log line.");
  return embedded.data.filter(({ name }) => name === metricName);
}

test.each(
  detections
    .filter(monitorsService)
    .flatMap((detection) =>
      [...detection.mustFire, ...detection.mustNotFire].map(
        (example) => [detection.id, example.name, detection, example] as const,
      ),
    ),
)("publishes the same metric as the service for %s: %s", (_, __, detection, report) => {
  const { metricName } = detection.metric(scope);
  const { client } = report;
  const values = report.values as MetricValues;
  const line = serviceLogLine(detection, scope, report, timestamp);
  const logged = metricFields(scope.serviceNamespace, values, timestamp, { client });
  const series = detection.groupBy !== undefined && client !== undefined ? 2 : 1;
  expect(storedMetric(line, metricName)).toHaveLength(
    values[metricName as never] === undefined ? 0 : series,
  );
  expect(storedMetric(line, metricName)).toEqual(storedMetric(logged, metricName));
  expect({ ...line, _aws: undefined }).toEqual({ ...logged, _aws: undefined });
});
