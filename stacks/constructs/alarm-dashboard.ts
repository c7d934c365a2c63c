import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard/index.js";
import type { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { alarmNamesOf, anomalyOf, detectionMetric } from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

/** A dashboard is 24 columns wide: three widgets beside each other. */
const COLUMNS = 24;
const WIDTH = 8;
const HEIGHT = 6;
const PER_ROW = COLUMNS / WIDTH;

/** Rows that the states of the alarms take, which stand four beside each other. */
const stateRows = (alarms: number) => 1 + Math.ceil(alarms / 4);

export interface AlarmDashboardProps {
  readonly detections: readonly Detection[];
  readonly detectionScope: DetectionScope;
  /** Of alarms that are of no detection. */
  readonly otherAlarmNames: readonly string[];
}

/**
 * All alarms' states, and below them a graph for each detection with its threshold.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function alarmDashboard(
  scope: Construct,
  id: string,
  { detections, detectionScope, otherAlarmNames }: AlarmDashboardProps,
): CloudwatchDashboard {
  const stack = CipherwatchStack.of(scope);
  const { env, region } = stack.settings;
  const names = [
    ...otherAlarmNames,
    ...detections.flatMap((detection) => alarmNamesOf(detection, detectionScope)),
  ];
  const top = stateRows(names.length);
  const states = {
    type: "alarm",
    x: 0,
    y: 0,
    width: COLUMNS,
    height: top,
    properties: {
      title: "Alarms",
      alarms: names.map((name) => stack.regionalArn("cloudwatch", `alarm:${name}`)),
    },
  };
  const graphs = detections.map((detection, at) => ({
    type: "metric",
    x: (at % PER_ROW) * WIDTH,
    y: top + Math.floor(at / PER_ROW) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    properties: graph(detection, detectionScope, region),
  }));
  return new CloudwatchDashboard(scope, id, {
    dashboardName: resourceName(env, "detections"),
    dashboardBody: JSON.stringify({ widgets: [states, ...graphs] }),
  });
}

function graph(detection: Detection, detectionScope: DetectionScope, region: string) {
  const { namespace, metricName, dimensions = {} } = detectionMetric(detection, detectionScope);
  const metric = [namespace, metricName, ...Object.entries(dimensions).flat(), { id: "m1" }];
  const anomaly = anomalyOf(detection);
  const band =
    anomaly === undefined
      ? []
      : [[{ expression: `ANOMALY_DETECTION_BAND(m1, ${anomaly.deviations})`, label: "Usual" }]];
  return {
    title: `${detection.title} (${detection.id})`,
    region,
    view: "timeSeries",
    stat: detection.statistic,
    period: detection.period,
    metrics: [metric, ...band],
    yAxis: { left: { min: 0, showUnits: false } },
    annotations: {
      horizontal: [{ label: "alarm", value: detection.threshold, fill: "above" }],
    },
  };
}
