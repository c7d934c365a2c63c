import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import {
  CloudwatchMetricAlarm,
  type CloudwatchMetricAlarmConfig,
} from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { CloudwatchQueryDefinition } from "@cdktf/provider-aws/lib/cloudwatch-query-definition/index.js";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { GROUPED_QUERY_ID, groupedExpression } from "../../cloudwatch/alarm/grouped-query.ts";
import {
  alarmDescription,
  describeAnomalyBand,
  describeThreshold,
} from "../../detections/alarm-description.ts";
import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import {
  alarmNameOf,
  anomalyAlarmNameOf,
  anomalyOf,
  detectionMetric,
  filterNameOf,
  groupByOf,
  runbookUrl,
  savedQueryNameOf,
} from "../../detections/cloudwatch-names.ts";
import type {
  AnomalySettings,
  Detection,
  Metric,
  Severity,
  TrailDetection,
} from "../../detections/detection.ts";
import { filterPatterns } from "../../detections/exclusions.ts";
import type { MonitoringScope } from "../../detections/scope.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface DetectionAlarmProps<Scope extends MonitoringScope> {
  readonly detection: Detection<Scope>;
  readonly detectionScope: Scope;
  /** Returns the topics for the detection's alarms of a severity. */
  readonly topicArnsOf: (severity: Severity) => readonly string[];
}

/**
 * A detection in CloudWatch: a metric filter if it reads the trail, its alarms, and a saved Logs Insights
 * query that shows the events behind an alarm.
 */
export class DetectionAlarm<Scope extends MonitoringScope> extends Construct {
  /** Depend on these before adding a composite alarm that names them. */
  readonly alarms: readonly ITerraformDependable[];

  constructor(
    scope: Construct,
    id: string,
    { detection, detectionScope, topicArnsOf }: DetectionAlarmProps<Scope>,
  ) {
    super(scope, id);
    const { notifyOnOk, githubRepository } = CipherwatchStack.of(this).settings;
    const savedQuery = savedQueryNameOf(detection, detectionScope);
    const links = { savedQuery, runbook: runbookUrl(detection, githubRepository) };
    const metric = detectionMetric(detection, detectionScope);
    const common = (severity: Severity) => ({
      treatMissingData: detection.treatMissingData,
      actionsEnabled: true,
      alarmActions: [...topicArnsOf(severity)],
      ...(notifyOnOk ? { okActions: [...topicArnsOf(severity)] } : {}),
    });

    if (detection.source === "trail") this.#countMatches(detection, detectionScope, metric);
    const alarm = new CloudwatchMetricAlarm(this, "Alarm", {
      alarmName: alarmNameOf(detection, detectionScope),
      alarmDescription: alarmDescription(detection, describeThreshold(detection), links),
      ...monitoredMetric(detection, metric),
      evaluationPeriods: detection.evaluationPeriods,
      datapointsToAlarm: detection.datapointsToAlarm,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: detection.threshold,
      ...common(detection.severity),
    });
    const anomaly = anomalyOf(detection);
    const unusual =
      anomaly &&
      new CloudwatchMetricAlarm(this, "AnomalyAlarm", {
        alarmName: anomalyAlarmNameOf(detection, detectionScope),
        alarmDescription: alarmDescription(
          { ...detection, severity: anomaly.severity },
          describeAnomalyBand(anomaly),
          links,
        ),
        ...aboveBand(anomaly, metric, detection.statistic),
        evaluationPeriods: anomaly.evaluationPeriods,
        datapointsToAlarm: anomaly.datapointsToAlarm,
        ...common(anomaly.severity),
      });
    new CloudwatchQueryDefinition(this, "Query", {
      name: savedQuery,
      logGroupNames: [
        detection.source === "trail"
          ? detectionScope.trailLogGroupName
          : detection.logGroupName(detectionScope),
      ],
      queryString: savedQueryOf(detection, detectionScope).replaceAll(" | ", "\n| "),
    });
    this.alarms = unusual === undefined ? [alarm] : [alarm, unusual];
  }

  #countMatches(detection: TrailDetection<Scope>, detectionScope: Scope, metric: Metric): void {
    for (const [index, pattern] of filterPatterns(detection, detectionScope).entries()) {
      new CloudwatchLogMetricFilter(this, index === 0 ? "Filter" : `Filter${index + 1}`, {
        name: filterNameOf(detection, detectionScope, index),
        logGroupName: detectionScope.trailLogGroupName,
        pattern,
        metricTransformation: {
          namespace: metric.namespace,
          name: metric.metricName,
          value: "1",
          defaultValue: "0",
          unit: "Count",
        },
      });
    }
  }
}

/** The detection's Logs Insights query, of the events that it may count. */
function savedQueryOf<Scope extends MonitoringScope>(
  detection: Detection<Scope>,
  scope: Scope,
): string {
  const query = detection.insightsQuery(scope);
  return detection.source === "trail" &&
    !detection.countsAllAccounts &&
    scope.countedAccountIds !== undefined
    ? `filter recipientAccountId in ${JSON.stringify(scope.countedAccountIds)} | ${query}`
    : query;
}

/** The metric of an alarm, or its series as a Metrics Insights query. */
function monitoredMetric(
  detection: Detection<never>,
  metric: Metric,
): Partial<CloudwatchMetricAlarmConfig> {
  const { period } = detection;
  const statistic = alarmStatistic(detection);
  const groupBy = groupByOf(detection);
  if (groupBy === undefined) return { ...metric, statistic, period };
  const expression = groupedExpression({ dimensions: {}, ...metric, statistic, groupBy });
  return { metricQuery: [{ id: GROUPED_QUERY_ID, expression, period, returnData: true }] };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Anomaly_Detection_Alarm.html */
function aboveBand(
  { deviations, period }: AnomalySettings,
  metric: Metric,
  stat: string,
): Pick<CloudwatchMetricAlarmConfig, "comparisonOperator" | "thresholdMetricId" | "metricQuery"> {
  return {
    comparisonOperator: "GreaterThanUpperThreshold",
    thresholdMetricId: "band",
    metricQuery: [
      { id: "m1", metric: { ...metric, period, stat }, returnData: true },
      {
        id: "band",
        expression: `ANOMALY_DETECTION_BAND(m1, ${deviations})`,
        label: "Usual",
        returnData: true,
      },
    ],
  };
}
