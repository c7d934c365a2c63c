import { CloudwatchCompositeAlarm } from "@cdktf/provider-aws/lib/cloudwatch-composite-alarm/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { type ITerraformDependable, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, resourceName } from "../common/naming.ts";
import { alarmDescription } from "../detections/alarm-description.ts";
import { attackUnderWay, compositeAlarmRule } from "../detections/attack-under-way.ts";
import { changeNotificationMessage } from "../detections/change-notification.ts";
import { alarmNameOf, alarmNamesOf, runbookUrl } from "../detections/cloudwatch-names.ts";
import type { Detection, Severity, TrailDetection } from "../detections/detection.ts";
import { enabledDetections } from "../detections/enabled.ts";
import { createDetectionScope, type DetectionScope } from "../detections/scope.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { alarmDashboard } from "./constructs/alarm-dashboard.ts";
import { AlarmTopic, grantAlarmTopics } from "./constructs/alarm-topic.ts";
import { DetectionAlarm } from "./constructs/detection-alarm.ts";
import { EncryptionKey, THIS_KEY } from "./constructs/encryption-key.ts";
import { EventQueue, grantEventQueues } from "./constructs/event-queue.ts";
import { EventRule, type EventTarget } from "./constructs/event-rule.ts";
import { Webhook } from "./constructs/webhook.ts";

export interface AlarmStackProps extends CipherwatchStackProps {
  /** Of the data key. */
  readonly keyArn: string;
  /** Of the key that the trail encrypts with. */
  readonly trailKeyArn: string;
  /** Those that the settings choose unless given. */
  readonly detections?: readonly Detection[];
}

/** Parts of names that two things here must agree on. */
const URGENT = "urgent";
const ROUTINE = "routine";
const ALARM_EVENTS = "alarm-events";
const UNDELIVERED = "undelivered";

/**
 * Detections as metric filters and alarms, and what tells of them. It needs the log groups that the
 * detections read: deploy it after the stacks that make them.
 */
export class AlarmStack extends CipherwatchStack {
  /** Wakes somebody. */
  readonly urgentTopicArn: string;
  /** Is read in office hours. */
  readonly routineTopicArn: string;
  readonly #undelivered: EventQueue;

  constructor(scope: Construct, id: string, props: AlarmStackProps) {
    super(scope, id, props);
    const { settings } = this;
    const { env, alertEmail, pagerEmail = alertEmail } = settings;
    const { detections = enabledDetections(settings) } = props;

    const { keyArn } = new EncryptionKey(this, "TopicKey", {
      alias: keyAlias(env, "alarms"),
      description: `Encrypts what the alarms of cipherwatch ${env} tell`,
      grants: [
        ...grantAlarmTopics(this, THIS_KEY, URGENT, ROUTINE),
        ...grantEventQueues(this, THIS_KEY, ALARM_EVENTS, UNDELIVERED),
      ],
    });
    this.urgentTopicArn = new AlarmTopic(this, "UrgentTopic", {
      part: URGENT,
      displayName: `Cipherwatch ${env} urgent`,
      keyArn,
      email: pagerEmail,
    }).topicArn;
    this.routineTopicArn = new AlarmTopic(this, "RoutineTopic", {
      part: ROUTINE,
      displayName: `Cipherwatch ${env}`,
      keyArn,
      email: alertEmail,
    }).topicArn;
    this.#undelivered = new EventQueue(this, "Undelivered", { part: UNDELIVERED, keyArn });

    const detectionScope = createDetectionScope(env, this, {
      keyArn: props.keyArn,
      trailKeyArn: props.trailKeyArn,
      topicKeyArn: keyArn,
    });
    const alarms = detections.flatMap((detection) => this.#detect(detection, detectionScope));
    const composite = this.#correlate(detections, detectionScope, alarms);
    const undelivered = this.#watchUndelivered();
    this.#tellPrograms(detectionScope, keyArn);
    alarmDashboard(this, "Dashboard", {
      detections,
      detectionScope,
      otherAlarmNames: [...composite, undelivered],
    });

    new TerraformOutput(this, "UrgentTopicArn", { value: this.urgentTopicArn });
    new TerraformOutput(this, "RoutineTopicArn", { value: this.routineTopicArn });
  }

  topicArnOf(severity: Severity): string {
    return severity === "critical" || severity === "high"
      ? this.urgentTopicArn
      : this.routineTopicArn;
  }

  /** Filter, alarms and saved query; and the notice that comes before them, where there is one. */
  #detect(detection: Detection, detectionScope: DetectionScope): readonly ITerraformDependable[] {
    const { alarms } = new DetectionAlarm(this, pascalCase(detection.id), {
      detection,
      detectionScope,
      topicArnOf: (severity) => this.topicArnOf(severity),
    });
    if (detection.source === "trail") this.#giveNotice(detection, detectionScope);
    return alarms;
  }

  /** Mails a write call that EventBridge passes on within seconds, minutes before the trail does. */
  #giveNotice(detection: TrailDetection, detectionScope: DetectionScope): void {
    const { changeNotification, id } = detection;
    if (changeNotification === undefined) return;
    new EventRule(this, `${pascalCase(id)}Notice`, {
      name: alarmNameOf(detection, detectionScope),
      description: detection.title,
      pattern: {
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: changeNotification.detail(detectionScope),
      },
      targets: [
        {
          id: "Topic",
          arn: this.topicArnOf(detection.severity),
          message: changeNotificationMessage(
            detection,
            runbookUrl(detection, this.settings.githubRepository),
          ),
        },
      ],
      undeliveredArn: this.#undelivered.queueArn,
    });
  }

  /** An alarm on alarms: what they say together. @returns its name, where it has something to say */
  #correlate(
    detections: readonly Detection[],
    detectionScope: DetectionScope,
    alarms: readonly ITerraformDependable[],
  ): readonly string[] {
    const alarmRule = compositeAlarmRule(detections, (detection) =>
      alarmNamesOf(detection, detectionScope),
    );
    if (alarmRule === undefined) return [];
    const alarmName = alarmNameOf(attackUnderWay, detectionScope);
    const topicArn = this.topicArnOf(attackUnderWay.severity);
    new CloudwatchCompositeAlarm(this, "AttackUnderWay", {
      alarmName,
      alarmDescription: alarmDescription(
        attackUnderWay,
        "alarms of two different tactics at once",
        { runbook: runbookUrl(attackUnderWay, this.settings.githubRepository) },
      ),
      alarmRule,
      actionsEnabled: true,
      alarmActions: [topicArn],
      ...(this.settings.okNotices ? { okActions: [topicArn] } : {}),
      dependsOn: [...alarms],
    });
    return [alarmName];
  }

  /** Tells when a rule could not tell. @returns the alarm's name */
  #watchUndelivered(): string {
    const alarmName = resourceName(this.settings.env, UNDELIVERED);
    new CloudwatchMetricAlarm(this, "UndeliveredAlarm", {
      alarmName,
      alarmDescription: `EventBridge could not deliver an event for a day: the webhook, a topic or a key's policy is wrong. The events are in the queue ${alarmName}, each with ERROR_CODE and ERROR_MESSAGE among its attributes.`,
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: this.#undelivered.queueName },
      statistic: "Maximum",
      period: 300,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treatMissingData: "notBreaching",
      actionsEnabled: true,
      alarmActions: [this.routineTopicArn],
    });
    return alarmName;
  }

  /** Each change of an alarm's state to a queue and to a webhook, where the settings want them. */
  #tellPrograms({ namePrefix }: DetectionScope, keyArn: string): void {
    const { alarmQueue, webhookUrl } = this.settings;
    const targets: EventTarget[] = [];
    if (alarmQueue) {
      const queue = new EventQueue(this, "AlarmEvents", { part: ALARM_EVENTS, keyArn });
      targets.push({ id: "Queue", arn: queue.queueArn });
      new TerraformOutput(this, "AlarmQueueArn", { value: queue.queueArn });
    }
    if (webhookUrl !== undefined) {
      const webhook = new Webhook(this, "Webhook", { url: webhookUrl });
      targets.push({ id: "Webhook", arn: webhook.destinationArn, roleArn: webhook.roleArn });
    }
    if (targets.length === 0) return;
    new EventRule(this, "AlarmChanges", {
      name: resourceName(this.settings.env, ALARM_EVENTS),
      description: "Each change of the state of an alarm",
      pattern: {
        source: ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        detail: { alarmName: [{ prefix: namePrefix }] },
      },
      targets,
      undeliveredArn: this.#undelivered.queueArn,
    });
  }
}

/** `kms-errors` → `KmsErrors`: construct ids are in Pascal case. */
function pascalCase(id: string): string {
  return id.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}
