import { CloudwatchCompositeAlarm } from "@cdktf/provider-aws/lib/cloudwatch-composite-alarm/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { type ITerraformDependable, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { CANARY } from "../common/canary.ts";
import {
  keyAlias,
  ROUTINE_TOPIC,
  resourceName,
  UNDELIVERED_QUEUE,
  URGENT_TOPIC,
} from "../common/naming.ts";
import { alarmDescription } from "../detections/alarm-description.ts";
import { attackUnderWay, compositeAlarmRule } from "../detections/attack-under-way.ts";
import { alarmNameOf, alarmNamesOf, runbookUrl } from "../detections/cloudwatch-names.ts";
import type { Detection, Severity } from "../detections/detection.ts";
import type { MonitoringScope } from "../detections/scope.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { alarmDashboard } from "./constructs/alarm-dashboard.ts";
import { AlarmTopic, grantAlarmTopics, topicArn, topicName } from "./constructs/alarm-topic.ts";
import { CanaryAlarm } from "./constructs/canary-alarm.ts";
import { addChangeNotification } from "./constructs/change-notification.ts";
import { ChatChannel } from "./constructs/chat-channel.ts";
import { DetectionAlarm } from "./constructs/detection-alarm.ts";
import { supportingKey, THIS_KEY } from "./constructs/encryption-key.ts";
import { EventQueue, grantEventQueues } from "./constructs/event-queue.ts";
import { EventRule, type EventTarget } from "./constructs/event-rule.ts";
import { ExistingLogGroup } from "./constructs/existing-log-group.ts";
import { ExistingTopics } from "./constructs/existing-topics.ts";
import { KmsSilenceAlarm } from "./constructs/kms-silence-alarm.ts";
import type { Statement } from "./constructs/policy.ts";
import { SilenceAlarms } from "./constructs/silence-alarms.ts";
import { Webhook } from "./constructs/webhook.ts";

export interface AlarmStackProps<Scope extends MonitoringScope> extends CipherwatchStackProps {
  readonly detections: readonly Detection<Scope>[];
  /** Returns the resources that the detections refer to, with the key of this stack's topics. */
  readonly scopeOf: (stack: CipherwatchStack, topicKeyArn: string | undefined) => Scope;
  /** Returns what the canary's alarms monitor. Default: there is no canary. */
  readonly canaryOf?: (scope: Scope) => CanarySource;
  /**
   * Returns the scope that must have a KMS event every day, or an alarm fires. Default: there is no such alarm, because
   * the canary tests more.
   */
  readonly kmsEventScopeOf?: (scope: Scope) => MonitoringScope;
  /** The command that compares the stack of the trail with its Terraform. Default: `npm run diff trail`. */
  readonly trailDiff?: string;
}

/** The service whose canary tests the monitoring. */
export interface CanarySource {
  readonly serviceRoleArn: string;
  readonly serviceLogGroupName: string;
}

/** Parts of names, for the resources and for the statements in the key policy. */
const ALARM_EVENTS = "alarm-events";
const SEVERITY_TOPICS = [URGENT_TOPIC, ROUTINE_TOPIC];

/** Names the contributor, such as a client, of an alarm that evaluates several. */
const CONTRIBUTOR_CHANGE = "CloudWatch Alarm Contributor State Change";

/**
 * Metric filters and alarms for the detections, and topics, rules and queues that notify people and
 * programs. Deploy it after the stacks that create the log groups which the detections read.
 */
export class AlarmStack<Scope extends MonitoringScope> extends CipherwatchStack {
  /** For alarms that page someone. */
  readonly urgentTopicArn: string;
  /** For alarms that can wait for office hours. */
  readonly routineTopicArn: string;
  readonly #undelivered: EventQueue;
  readonly #trailDiff: string;

  constructor(scope: Construct, id: string, props: AlarmStackProps<Scope>) {
    super(scope, id, props);
    const { settings } = this;
    const {
      detections,
      scopeOf,
      canaryOf,
      kmsEventScopeOf,
      trailDiff = "npm run diff trail",
    } = props;
    this.#trailDiff = trailDiff;

    const keyArn = settings.topicKeyArn ?? this.#addTopicKey();
    const isExisting = settings.urgentTopicArn !== undefined;
    const topics = isExisting ? this.#existingTopics() : this.#addTopics(keyArn);
    [this.urgentTopicArn, this.routineTopicArn] = topics;
    this.#undelivered = new EventQueue(this, "Undelivered", { part: UNDELIVERED_QUEUE, keyArn });

    const { slackTeamId, slackChannelId } = settings;
    if (slackTeamId !== undefined && slackChannelId !== undefined) {
      new ChatChannel(this, "Chat", {
        teamId: slackTeamId,
        channelId: slackChannelId,
        topicArns: [...new Set(topics)],
      });
    }

    const detectionScope = scopeOf(this, keyArn);
    if (settings.trailLogGroup !== undefined) {
      new ExistingLogGroup(this, "ExistingTrail", { name: settings.trailLogGroup });
    }
    const alarms = detections.flatMap((detection) => this.#addDetection(detection, detectionScope));
    const composite = this.#addCompositeAlarm(detections, detectionScope, alarms);
    const undelivered = this.#addUndeliveredAlarm();
    const silence = this.#addSilenceAlarms(detectionScope, keyArn, canaryOf?.(detectionScope));
    const kmsSilence = kmsEventScopeOf
      ? [this.#addKmsSilenceAlarm(kmsEventScopeOf(detectionScope))]
      : [];
    this.#forwardStateChanges(detectionScope, keyArn);
    if (settings.dashboard) {
      alarmDashboard(this, "Dashboard", {
        detections,
        detectionScope,
        otherAlarmNames: [...composite, undelivered, ...silence, ...kmsSilence],
      });
    }

    new TerraformOutput(this, "UrgentTopicArn", { value: this.urgentTopicArn });
    new TerraformOutput(this, "RoutineTopicArn", { value: this.routineTopicArn });
  }

  topicArnOf(severity: Severity): string {
    return severity === "critical" || severity === "high"
      ? this.urgentTopicArn
      : this.routineTopicArn;
  }

  #topicArnsOf(
    { notifiesBothTopics = false }: Detection<Scope>,
    severity: Severity,
  ): readonly string[] {
    const topicArn = this.topicArnOf(severity);
    return notifiesBothTopics ? [...new Set([topicArn, this.routineTopicArn])] : [topicArn];
  }

  /** Encrypts the canary's topic and the queues, and the topics urgent and routine unless these exist. */
  #addTopicKey(): string | undefined {
    const { env, urgentTopicArn } = this.settings;
    const topics = urgentTopicArn === undefined ? SEVERITY_TOPICS : [];
    return supportingKey(this, "TopicKey", {
      alias: keyAlias(env, "alarms"),
      description: `Encrypts the alarm messages and events of cipherwatch ${env}`,
      grants: [...grantAlarmTopics(this, THIS_KEY, ...topics, CANARY), ...this.#queueGrants()],
    });
  }

  #queueGrants(): readonly Statement[] {
    return grantEventQueues(this, THIS_KEY, ALARM_EVENTS, UNDELIVERED_QUEUE);
  }

  /** @returns the ARNs for urgent and for routine alarms */
  #addTopics(keyArn: string | undefined): readonly [urgent: string, routine: string] {
    const { env, alertEmail, pagerEmail = alertEmail } = this.settings;
    const urgent = new AlarmTopic(this, "UrgentTopic", {
      part: URGENT_TOPIC,
      displayName: `Cipherwatch ${env} urgent`,
      keyArn,
      email: pagerEmail,
    });
    const routine = new AlarmTopic(this, "RoutineTopic", {
      part: ROUTINE_TOPIC,
      displayName: `Cipherwatch ${env}`,
      keyArn,
      email: alertEmail,
    });
    return [urgent.topicArn, routine.topicArn];
  }

  /** @returns the ARNs for urgent and for routine alarms */
  #existingTopics(): readonly [urgent: string, routine: string] {
    const topics = [topicArn(this, URGENT_TOPIC), topicArn(this, ROUTINE_TOPIC)] as const;
    const sharesKey = this.settings.topicKeyArn !== undefined;
    new ExistingTopics(this, "ExistingTopics", {
      topicArns: topics,
      keyGrants: [
        ...grantAlarmTopics(this, THIS_KEY, ...SEVERITY_TOPICS, ...(sharesKey ? [CANARY] : [])),
        ...(sharesKey ? this.#queueGrants() : []),
      ],
    });
    return topics;
  }

  /** Adds filter, alarms and saved query, and the change notification if the detection has one. */
  #addDetection(
    detection: Detection<Scope>,
    detectionScope: Scope,
  ): readonly ITerraformDependable[] {
    const { alarms } = new DetectionAlarm(this, pascalCase(detection.id), {
      detection,
      detectionScope,
      topicArnsOf: (severity) => this.#topicArnsOf(detection, severity),
    });
    if (detection.source === "trail") {
      addChangeNotification(this, pascalCase(detection.id), {
        detection,
        detectionScope,
        topicArns: this.#topicArnsOf(detection, detection.severity),
        undeliveredArn: this.#undelivered.queueArn,
      });
    }
    return alarms;
  }

  /**
   * Adds a composite alarm for detections that fire together.
   * @returns its name; nothing if the detections cannot be combined
   */
  #addCompositeAlarm(
    detections: readonly Detection<Scope>[],
    detectionScope: Scope,
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
      ...(this.settings.notifyOnOk ? { okActions: [topicArn] } : {}),
      dependsOn: [...alarms],
    });
    return [alarmName];
  }

  /**
   * Alarms when EventBridge fails to deliver an event.
   * @returns the alarm's name
   */
  #addUndeliveredAlarm(): string {
    const alarmName = resourceName(this.settings.env, UNDELIVERED_QUEUE);
    new CloudwatchMetricAlarm(this, "UndeliveredAlarm", {
      alarmName,
      alarmDescription: `EventBridge could not deliver an event within a day: check the webhook, the topics and their key policy. The queue ${alarmName} has the events, with the attributes ERROR_CODE and ERROR_MESSAGE.`,
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: this.#undelivered.queueName },
      statistic: "Maximum",
      period: 300,
      evaluationPeriods: 3, // the metric arrives minutes late
      datapointsToAlarm: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treatMissingData: "notBreaching",
      actionsEnabled: true,
      alarmActions: [this.routineTopicArn],
    });
    return alarmName;
  }

  /**
   * Alarms when something stops that everything else depends on.
   * @returns the alarms' names
   */
  #addSilenceAlarms(
    detectionScope: Scope,
    keyArn: string | undefined,
    source: CanarySource | undefined,
  ): readonly string[] {
    const { settings } = this;
    const canary =
      source &&
      new CanaryAlarm(this, "Canary", {
        detectionScope,
        serviceRoleArn: source.serviceRoleArn,
        keyArn,
        urgentTopicArn: this.urgentTopicArn,
      });
    const { alarmNames } = new SilenceAlarms(this, "Silence", {
      trailLogGroupName: detectionScope.trailLogGroupName,
      trailDiff: settings.trailLogGroup === undefined ? this.#trailDiff : undefined,
      urgentTopicArn: this.urgentTopicArn,
      routineTopicArn: this.routineTopicArn,
      urgentTopicName: topicName(this, URGENT_TOPIC),
      routineTopicName: topicName(this, ROUTINE_TOPIC),
      ...(canary && {
        canary: { serviceLogGroupName: source.serviceLogGroupName, topicName: canary.topicName },
      }),
    });
    return canary ? [...alarmNames, canary.alarmName] : alarmNames;
  }

  /** @returns the alarm's name */
  #addKmsSilenceAlarm(detectionScope: MonitoringScope): string {
    const { alarmName } = new KmsSilenceAlarm(this, "KmsSilence", {
      detectionScope,
      topicArn: this.urgentTopicArn,
    });
    return alarmName;
  }

  /** Sends every state change of an alarm to a queue and a webhook, as far as the settings enable them. */
  #forwardStateChanges({ namePrefix }: Scope, keyArn: string | undefined): void {
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
      description: "Every state change of an alarm",
      pattern: {
        source: ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change", CONTRIBUTOR_CHANGE],
        // The canary's alarm changes its state every half hour.
        resources: [
          { "anything-but": [this.regionalArn("cloudwatch", `alarm:${namePrefix}${CANARY}`)] },
        ],
        detail: { alarmName: [{ prefix: namePrefix }] },
      },
      targets,
      undeliveredArn: this.#undelivered.queueArn,
    });
  }
}

/** Converts an id to the form of construct ids: `kms-errors` → `KmsErrors`. */
function pascalCase(id: string): string {
  return id.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}
