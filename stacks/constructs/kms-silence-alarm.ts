import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { ofCountedAccounts } from "../../detections/exclusions.ts";
import { jsonPattern, matchesAny } from "../../detections/pattern.ts";
import type { MonitoringScope } from "../../detections/scope.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

const METRIC = "kms-events";
const HOURS = 24;

export interface KmsSilenceAlarmProps {
  readonly detectionScope: MonitoringScope;
  readonly topicArn: string;
}

/**
 * Alarms when the trail delivers no KMS event for a day, although other events arrive: many trails exclude KMS
 * events to save money, and every detection on keys would then be blind. Missing data is breaching.
 */
export class KmsSilenceAlarm extends Construct {
  readonly alarmName: string;

  constructor(scope: Construct, id: string, { detectionScope, topicArn }: KmsSilenceAlarmProps) {
    super(scope, id);
    const { env } = CipherwatchStack.of(this).settings;
    const { trailLogGroupName, detectionNamespace: namespace } = detectionScope;
    this.alarmName = resourceName(env, "kms-silent");
    new CloudwatchLogMetricFilter(this, "Filter", {
      name: resourceName(env, METRIC),
      logGroupName: trailLogGroupName,
      pattern: ofCountedAccounts(
        jsonPattern(matchesAny("$.eventSource", "kms.amazonaws.com")),
        detectionScope,
      ),
      metricTransformation: { namespace, name: METRIC, value: "1", unit: "Count" },
    });
    new CloudwatchMetricAlarm(this, "Alarm", {
      alarmName: this.alarmName,
      alarmDescription: [
        `The trail delivered no KMS event for ${HOURS} hours (critical).`,
        "The keys may be unused. Or the trail excludes KMS events or does not deliver: then no use and no change of the keys is detected. After a first deployment, this alarm is on until the first KMS event arrives.",
        `1. Run aws kms list-aliases: a quarter of an hour later, its record must be in the log group ${trailLogGroupName}.`,
        "2. If it is not, run aws cloudtrail get-event-selectors: ExcludeManagementEventSources must not name kms.amazonaws.com, and ReadWriteType must be All.",
        "3. If the selectors are right, see trail-silent.",
      ].join("\n"),
      namespace,
      metricName: METRIC,
      statistic: "Sum",
      period: 3_600,
      evaluationPeriods: HOURS,
      datapointsToAlarm: HOURS,
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      treatMissingData: "breaching",
      actionsEnabled: true,
      alarmActions: [topicArn],
    });
  }
}
