import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { CANARY_MINUTES } from "../../common/canary.ts";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

const PERIOD_SECONDS = 900;
const PERIOD_MINUTES = PERIOD_SECONDS / 60;

export interface SilenceAlarmsProps {
  readonly trailLogGroupName: string;
  /** The command that compares the stack of the trail with its Terraform; undefined for an existing trail. */
  readonly trailDiff: string | undefined;
  readonly urgentTopicArn: string;
  readonly routineTopicArn: string;
  readonly urgentTopicName: string;
  readonly routineTopicName: string;
  /** Set while the canary is on: the service's log group, and the topic that the canary's alarm notifies. */
  readonly canary?:
    | { readonly serviceLogGroupName: string; readonly topicName: string }
    | undefined;
}

interface Silence {
  readonly id: string;
  /** Last part of the alarm's name. */
  readonly name: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Number of 15-minute periods without data after which the alarm fires. */
  readonly periods: number;
  readonly description: readonly string[];
}

/**
 * Alarms on the absence of what is always there, and on notifications that SNS could not deliver. Missing
 * data is breaching: these alarms fire when their metric stops.
 */
export class SilenceAlarms extends Construct {
  readonly alarmNames: readonly string[];

  constructor(scope: Construct, id: string, props: SilenceAlarmsProps) {
    super(scope, id);
    const silent = [trailSilence(props), ...canarySilence(props)].map((silence) =>
      this.#addSilence(silence, props.urgentTopicArn),
    );
    const { urgentTopicName, urgentTopicArn, routineTopicName, routineTopicArn } = props;
    // Each topic reports failures of the other. If both are the same, it reports its failures to its other subscribers.
    const failed = [
      this.#addFailures("Urgent", "urgent", urgentTopicName, routineTopicArn),
      ...(routineTopicName === urgentTopicName
        ? []
        : [this.#addFailures("Routine", "routine", routineTopicName, urgentTopicArn)]),
    ];
    this.alarmNames = [...silent, ...failed];
  }

  #addSilence(silence: Silence, topicArn: string): string {
    const alarmName = this.#nameOf(silence.name);
    new CloudwatchMetricAlarm(this, silence.id, {
      alarmName,
      alarmDescription: silence.description.join("\n"),
      namespace: silence.namespace,
      metricName: silence.metricName,
      dimensions: { ...silence.dimensions },
      statistic: "Sum",
      period: PERIOD_SECONDS,
      evaluationPeriods: silence.periods,
      datapointsToAlarm: silence.periods,
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      treatMissingData: "breaching",
      actionsEnabled: true,
      alarmActions: [topicArn],
    });
    return alarmName;
  }

  /** For email, SNS counts a message that it stopped trying to deliver: see the link. */
  // https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
  #addFailures(id: string, part: string, topicName: string, otherTopicArn: string): string {
    const alarmName = this.#nameOf(`${part}-failed`);
    new CloudwatchMetricAlarm(this, `${id}Failed`, {
      alarmName,
      alarmDescription: [
        `SNS could not deliver a notification of the topic ${topicName} (high).`,
        "An alarm notified nobody. This email comes from the other topic.",
        `1. Run aws sns list-subscriptions-by-topic on ${topicName}: look for addresses that are gone, and endpoints that reject messages.`,
        "2. Look at the alarms on the dashboard: one of them fired and its notification is lost.",
      ].join("\n"),
      namespace: "AWS/SNS",
      metricName: "NumberOfNotificationsFailed",
      dimensions: { TopicName: topicName },
      statistic: "Sum",
      period: 300,
      evaluationPeriods: 3, // the metric arrives minutes late
      datapointsToAlarm: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treatMissingData: "notBreaching",
      actionsEnabled: true,
      alarmActions: [otherTopicArn],
    });
    return alarmName;
  }

  #nameOf(part: string): string {
    return resourceName(CipherwatchStack.of(this).settings.env, part);
  }
}

function trailSilence({ trailLogGroupName, trailDiff }: SilenceAlarmsProps): Silence {
  const periods = 3;
  return {
    id: "TrailSilent",
    name: "trail-silent",
    ...incomingEvents(trailLogGroupName),
    periods,
    description: [
      `The trail delivered nothing for ${periods * PERIOD_MINUTES} minutes (critical).`,
      "Even an idle account has calls, such as those of CloudTrail itself. Until the trail delivers again, no detection on CloudTrail fires.",
      "1. Run aws cloudtrail get-trail-status: IsLogging must be true. LatestCloudWatchLogsDeliveryError says why delivery fails.",
      `2. If somebody stopped it, follow the runbook of trail-change. If delivery fails, ${trailDiff === undefined ? "ask the trail's owner to check its role, key and log group" : `compare the role, the key and the log group with ${trailDiff}`}.`,
      "3. Look up what was missed with aws cloudtrail lookup-events.",
    ],
  };
}

function canarySilence({ canary }: SilenceAlarmsProps): readonly Silence[] {
  if (canary === undefined) return [];
  const service = 4;
  const chain = 6;
  return [
    {
      id: "ServiceSilent",
      name: "service-silent",
      ...incomingEvents(canary.serviceLogGroupName),
      periods: service,
      description: [
        `The service wrote no log line for ${service * PERIOD_MINUTES} minutes (high).`,
        `The canary alone causes one every ${CANARY_MINUTES} minutes. Without log lines, alarms on the service's metrics, such as decrypt-denied and tampered-record, do not fire.`,
        "1. Check that tasks run: aws ecs describe-services.",
        "2. If they do, compare the log group, its key and the execution role with npm run diff service.",
      ],
    },
    {
      id: "CanarySilent",
      name: "canary-silent",
      namespace: "AWS/SNS",
      metricName: "NumberOfMessagesPublished",
      dimensions: { TopicName: canary.topicName },
      periods: chain,
      description: [
        `No sign of the canary for ${chain * PERIOD_MINUTES} minutes (critical): a real wrong Key would not be reported either.`,
        `Every ${CANARY_MINUTES} minutes the service tries a wrong Key, whose CloudTrail record changes the state of the alarm ${canary.topicName}, which publishes to the topic of this name. Find the first step that is missing:`,
        '1. The service: its log has the message "canary". If not, see service-silent, or the error in the log.',
        "2. The trail: its log group has Decrypt calls whose encryption context has the record canary. If not, see trail-silent.",
        `3. The metric filter and the alarm ${canary.topicName}: compare with npm run diff alarm, and check that the alarm's actions are enabled.`,
        "4. The topic: the alarm's history shows why a publication failed, for example the policy of the key or the topic.",
      ],
    },
  ];
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html */
function incomingEvents(logGroupName: string) {
  return {
    namespace: "AWS/Logs",
    metricName: "IncomingLogEvents",
    dimensions: { LogGroupName: logGroupName },
  };
}
