import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { CANARY, CANARY_MINUTES } from "../../common/canary.ts";
import { resourceName } from "../../common/naming.ts";
import { CANARY_CALL } from "../../detections/canary-call.ts";
import { ofCountedAccounts } from "../../detections/exclusions.ts";
import { allOf, CALLER_ROLE_ARN, jsonPattern, matchesAny } from "../../detections/pattern.ts";
import type { MonitoringScope } from "../../detections/scope.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { AlarmTopic } from "./alarm-topic.ts";

export interface CanaryAlarmProps {
  readonly detectionScope: MonitoringScope;
  /** Role of the service, which makes the canary's calls. */
  readonly serviceRoleArn: string;
  /** A KMS key whose policy includes `grantAlarmTopics` for the part CANARY. */
  readonly keyArn: string | undefined;
  readonly urgentTopicArn: string;
}

/** Every task sends one wrong Key per period of the canary; a deployment doubles the tasks for a while. */
const CALLS_PER_TASK = 5;

/**
 * An alarm that publishes to a topic of its own, without subscribers, each time CloudTrail delivers the
 * canary's calls: it changes from INSUFFICIENT_DATA to OK when the metric gets data, and back when it has had
 * none for a quarter of an hour. It is in ALARM, and pages somebody, only if there are more calls than the
 * tasks make: somebody with the service's role hides behind the canary.
 */
export class CanaryAlarm extends Construct {
  readonly alarmName: string;
  readonly topicName: string;

  constructor(scope: Construct, id: string, props: CanaryAlarmProps) {
    super(scope, id);
    const { env, maxTasks } = CipherwatchStack.of(this).settings;
    const { detectionScope, serviceRoleArn, keyArn, urgentTopicArn } = props;
    const name = resourceName(env, CANARY);
    this.alarmName = name;
    this.topicName = name;
    const { topicArn } = new AlarmTopic(this, "Topic", {
      part: CANARY,
      displayName: `Cipherwatch ${env} canary`,
      keyArn,
    });
    new CloudwatchLogMetricFilter(this, "Filter", {
      name,
      logGroupName: detectionScope.trailLogGroupName,
      pattern: ofCountedAccounts(
        jsonPattern(
          allOf(
            matchesAny("$.eventSource", "kms.amazonaws.com"),
            matchesAny(CALLER_ROLE_ARN, serviceRoleArn),
            CANARY_CALL,
          ),
        ),
        detectionScope,
      ),
      // No default value: without the canary's calls, the metric must have no data.
      metricTransformation: {
        namespace: detectionScope.detectionNamespace,
        name: CANARY,
        value: "1",
        unit: "Count",
      },
    });
    const most = CALLS_PER_TASK * maxTasks;
    new CloudwatchMetricAlarm(this, "Alarm", {
      alarmName: name,
      alarmDescription: [
        `More than ${most} wrong Keys of the canary in a minute (high): the tasks send at most ${maxTasks} every ${CANARY_MINUTES} minutes.`,
        "Somebody who has the service's credentials makes calls that look like the canary's. kms-errors does not count these.",
        "1. In the trail's log group, look at userIdentity.arn, sourceIPAddress and userAgent of the Decrypt calls whose encryption context has the record canary.",
        "2. If they are not the service's, revoke the sessions of its role and stop its tasks.",
        "OK and INSUFFICIENT_DATA are both normal: the alarm is OK for about 15 minutes after each call of the canary.",
      ].join("\n"),
      namespace: detectionScope.detectionNamespace,
      metricName: CANARY,
      statistic: "Sum",
      period: 60,
      evaluationPeriods: 15,
      datapointsToAlarm: 1,
      comparisonOperator: "GreaterThanThreshold",
      threshold: most,
      treatMissingData: "missing",
      actionsEnabled: true,
      alarmActions: [urgentTopicArn],
      okActions: [topicArn],
    });
  }
}
