import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { resourceName, serviceNamespace } from "../../common/naming.ts";
import { countingStatistic } from "../../detections/alarm-statistic.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface TrailGuardAlarmProps {
  readonly topicArn: string;
}

/**
 * Alarms when the service, which checks its trail every half minute, cannot confirm that CloudTrail records
 * its use of the key. Fires minutes after the trail breaks; trail-silent needs 45 for the same.
 */
export class TrailGuardAlarm extends Construct {
  constructor(scope: Construct, id: string, { topicArn }: TrailGuardAlarmProps) {
    super(scope, id);
    const { env, decryptWithoutTrail } = CipherwatchStack.of(this).settings;
    new CloudwatchMetricAlarm(this, "Alarm", {
      alarmName: resourceName(env, "trail-unconfirmed"),
      alarmDescription: description(decryptWithoutTrail),
      namespace: serviceNamespace(env),
      metricName: "TrailUnconfirmed",
      dimensions: { Service: "api" },
      statistic: countingStatistic(1),
      period: 60,
      evaluationPeriods: 15, // a point may arrive ten minutes late
      datapointsToAlarm: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treatMissingData: "notBreaching",
      actionsEnabled: true,
      alarmActions: [topicArn],
    });
  }
}

function description(policy: string): string {
  const unanswered = policy === "refuse" ? "keep working" : "answer 503, too";
  return [
    "The service cannot confirm that CloudTrail records its use of the key (critical).",
    `While the trail is off, leaves out KMS or fails to deliver, /decrypt and /forget answer 503. While CloudTrail does not answer, they ${unanswered} (CIPHERWATCH_DECRYPT_WITHOUT_TRAIL=${policy}).`,
    "1. Look for trailFailure in the service's log. NotLogging, NotFound or KmsEventsExcluded: somebody changed the trail. Follow the runbook of trail-change.",
    "2. DeliveryFailed, DeliveryStopped or NeverDelivered: the log group gets nothing. Run aws cloudtrail get-trail-status, and compare the role, the key and the log group with npm run diff trail.",
    "3. No trailFailure: CloudTrail did not answer. Check the statement ReadTrail of the service's role, the VPC endpoint of CloudTrail, and the AWS Health Dashboard.",
  ].join("\n");
}
