import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { alarmDescription } from "../detections/alarm-description.ts";
import type { Detection, Metric, TrailDetection, Watched } from "../detections/detection.ts";
import { detectionNamespace, resourceName, serviceLogGroupName } from "../naming.ts";

export interface DetectionAlarmProps {
  readonly detection: Detection;
  readonly watched: Watched;
  /** Log group of the trail. */
  readonly logGroupName: string;
  readonly topicArn: string;
}

/** A detection in CloudWatch: the filter that counts, where a trail is its source, and the alarm. */
export class DetectionAlarm extends Construct {
  constructor(scope: Construct, id: string, props: DetectionAlarmProps) {
    super(scope, id);
    const { detection, watched, logGroupName, topicArn } = props;
    const { env, thresholds } = CipherwatchStack.of(this).settings;
    const threshold = thresholds[detection.id] ?? detection.threshold;
    new CloudwatchMetricAlarm(this, "Alarm", {
      alarmName: resourceName(env, detection.id),
      alarmDescription: alarmDescription(detection, {
        threshold,
        insightsQuery: detection.insightsQuery(watched),
        logGroupName: detection.source === "trail" ? logGroupName : serviceLogGroupName(env),
      }),
      ...(detection.source === "trail"
        ? this.#countMatches(detection, props)
        : detection.metric(watched)),
      statistic: detection.statistic,
      period: detection.period,
      evaluationPeriods: detection.evaluationPeriods,
      datapointsToAlarm: detection.datapointsToAlarm,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold,
      treatMissingData: detection.treatMissingData,
      actionsEnabled: true,
      alarmActions: [topicArn],
    });
  }

  #countMatches(detection: TrailDetection, { watched, logGroupName }: DetectionAlarmProps): Metric {
    const { env } = CipherwatchStack.of(this).settings;
    const metric = { namespace: detectionNamespace(env), metricName: detection.id };
    new CloudwatchLogMetricFilter(this, "Filter", {
      name: resourceName(env, detection.id),
      logGroupName,
      pattern: detection.pattern(watched),
      metricTransformation: {
        namespace: metric.namespace,
        name: metric.metricName,
        value: "1",
        defaultValue: "0",
        unit: "Count",
      },
    });
    return metric;
  }
}
