import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard/index.js";
import type { Construct } from "constructs";
import { GROUPED_QUERY_ID, groupedExpression } from "../../cloudwatch/alarm/grouped-query.ts";
import { resourceName } from "../../common/naming.ts";
import {
  alarmNamesOf,
  anomalyOf,
  detectionMetric,
  groupByOf,
} from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import type { MonitoringScope } from "../../detections/scope.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

/** A CloudWatch dashboard is 24 columns wide, which fits three graphs side by side. */
const COLUMNS = 24;
const WIDTH = 8;
const HEIGHT = 6;
const PER_ROW = COLUMNS / WIDTH;

/** Height of the alarm widget: a title row, and four alarms per row. */
const alarmWidgetHeight = (alarms: number) => 1 + Math.ceil(alarms / 4);

export interface AlarmDashboardProps<Scope extends MonitoringScope> {
  readonly detections: readonly Detection<Scope>[];
  readonly detectionScope: Scope;
  /** Alarms that belong to no detection. */
  readonly otherAlarmNames: readonly string[];
}

/**
 * A dashboard with the state of every alarm and, below, a graph of each detection with its threshold.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function alarmDashboard<Scope extends MonitoringScope>(
  scope: Construct,
  id: string,
  { detections, detectionScope, otherAlarmNames }: AlarmDashboardProps<Scope>,
): CloudwatchDashboard {
  const stack = CipherwatchStack.of(scope);
  const { env, region } = stack.settings;
  const names = [
    ...otherAlarmNames,
    ...detections.flatMap((detection) => alarmNamesOf(detection, detectionScope)),
  ];
  const top = alarmWidgetHeight(names.length);
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
  const graphs = detections.map((detection, index) => ({
    type: "metric",
    x: (index % PER_ROW) * WIDTH,
    y: top + Math.floor(index / PER_ROW) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    properties: graph(detection, detectionScope, region),
  }));
  return new CloudwatchDashboard(scope, id, {
    dashboardName: resourceName(env, "detections"),
    dashboardBody: JSON.stringify({ widgets: [states, ...graphs] }),
  });
}

function graph<Scope extends MonitoringScope>(
  detection: Detection<Scope>,
  detectionScope: Scope,
  region: string,
) {
  const { namespace, metricName, dimensions = {} } = detectionMetric(detection, detectionScope);
  const { statistic, period } = detection;
  const groupBy = groupByOf(detection);
  const metric =
    groupBy === undefined
      ? [namespace, metricName, ...Object.entries(dimensions).flat(), { id: "m1" }]
      : [
          {
            expression: groupedExpression({
              namespace,
              metricName,
              dimensions,
              statistic,
              groupBy,
            }),
            id: GROUPED_QUERY_ID,
          },
        ];
  const anomaly = anomalyOf(detection);
  const band =
    anomaly === undefined
      ? []
      : [[{ expression: `ANOMALY_DETECTION_BAND(m1, ${anomaly.deviations})`, label: "Usual" }]];
  return {
    title: `${detection.title} (${detection.id})`,
    region,
    view: "timeSeries",
    stat: statistic,
    period,
    metrics: [metric, ...band],
    yAxis: { left: { min: 0, showUnits: false } },
    annotations: {
      horizontal: [{ label: "alarm", value: detection.threshold, fill: "above" }],
    },
  };
}
