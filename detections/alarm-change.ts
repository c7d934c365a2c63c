import { alarmNameOf } from "./cloudwatch-names.ts";
import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleEvent,
  exampleScope,
  user,
} from "./example-events.ts";
import { metricChangeExamples, metricOrBusChanges } from "./metric-changes.ts";
import { allOf, anyOf, jsonPattern, matchesAny, notByRole } from "./pattern.ts";
import type { MonitoringScope } from "./scope.ts";
import { busChangeExample, ruleChanges, silencingCalls } from "./silencing-calls.ts";

const { namePrefix, trailLogGroupName } = exampleScope;
const topicArn = `arn:aws:sns:ap-southeast-2:111122223333:${namePrefix}urgent`;
const subscriptionArn = `${topicArn}:0f3c1d2e-8a4b-4c6d-9e7f-5b6a7c8d9e0f`;
const onAlarms = { eventSource: "monitoring.amazonaws.com", readOnly: false };
const onTopics = { eventSource: "sns.amazonaws.com", readOnly: false };
const onRules = { eventSource: "events.amazonaws.com", readOnly: false };
const onChat = { eventSource: "chatbot.amazonaws.com", readOnly: false };
const onFilters = { eventSource: "logs.amazonaws.com", readOnly: false };

/** Request parameters that contain the name of an alarm, a metric filter or a rule. */
const NAME_PARAMETERS = [
  "alarmName",
  "alarmNames[*]",
  "muteTargets.alarmNames[*]",
  "filterName",
  "name",
  "rule",
];

/** CloudWatch, SNS, EventBridge and CloudWatch Logs. */
const SOURCES = ["monitoring.*", "sns.*", "events.*", "logs.*"];

const namesOf = ({ namePrefix }: MonitoringScope, members: readonly string[]) =>
  members.map((member) => matchesAny(`$.requestParameters.${member}`, `${namePrefix}*`));

/** `:<name>` of each existing topic: shorter than its ARN, because a pattern has at most 1,024 characters. */
const existingTopics = ({ existingTopicArns = [] }: MonitoringScope) =>
  [...new Set(existingTopicArns)].map((arn) => arn.slice(arn.lastIndexOf(":")));

const topicsOf = (scope: MonitoringScope) => [
  matchesAny(
    "$.requestParameters.topicArn",
    `*:${scope.namePrefix}*`,
    ...existingTopics(scope).map((topic) => `*${topic}`),
  ),
  matchesAny(
    "$.requestParameters.subscriptionArn",
    `*:${scope.namePrefix}*`,
    ...existingTopics(scope).map((topic) => `*${topic}:*`),
  ),
];

/** The webhook by name, queues by URL, and topics by ARN. */
const namesTarget = (scope: MonitoringScope) =>
  anyOf(
    matchesAny("$.requestParameters.name", `${scope.namePrefix}*`),
    matchesAny("$.requestParameters.queueUrl", `*/${scope.namePrefix}*`),
    matchesAny(
      "$.requestParameters.resourceArn",
      `*:${scope.namePrefix}*`,
      ...existingTopics(scope).map((topic) => `*${topic}`),
    ),
  );

const ID = "alarm-change";

/** Name of the alarm and of the EventBridge rule. */
const ownName = (scope: MonitoringScope) => alarmNameOf({ id: ID }, scope);

/** @param restore how to restore the stacks, in a sentence */
export const alarmChangeRunbook = (restore: string): readonly string[] => [
  "Run the query to see what was removed or changed, and by whom.",
  `${restore} For muted alarms, run \`aws cloudwatch enable-alarm-actions --alarm-names NAME\`. The recipient must confirm a restored email subscription.`,
  "Search the trail for events that the alarm would have reported, starting one minute before the change.",
];

export const alarmChange: TrailDetection<MonitoringScope> = {
  id: ID,
  title: "An alarm, metric filter or subscription was removed, muted or changed",
  severity: "critical",
  tactic: "defense evasion",
  source: "trail",
  // Counts removals by anyone.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", ...SOURCES),
        matchesAny("$.eventName", "Delete*", "Disable*", "Remove*", "Unsubscribe"),
        anyOf(...namesOf(scope, NAME_PARAMETERS), ...topicsOf(scope)),
      ),
    ),
  // Counts changes by anyone but the deploy role, whose changes were reviewed.
  furtherPatterns: (scope) => [
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", ...SOURCES),
        matchesAny("$.eventName", "Put*", "Set*"),
        anyOf(
          ...namesOf(
            scope,
            NAME_PARAMETERS.filter((member) => member !== "alarmNames[*]"), // only in removals
          ),
        ),
        ...notByRole(scope.deployRoleArn),
      ),
    ),
    // A new subscriber reads every notification, and a topic's policy can let others publish false ones.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "sns.*"),
        matchesAny("$.eventName", "Put*", "Set*", "AddPermission", "Subscribe"),
        anyOf(...topicsOf(scope)),
        ...notByRole(scope.deployRoleArn),
      ),
    ),
    // The queues of the alarm events, the webhook, and a data protection policy that makes a topic reject
    // messages.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "sqs.*", "sns.*", "events.*"),
        matchesAny(
          "$.eventName",
          "DeleteQueue",
          "PurgeQueue",
          "SetQueueAttributes",
          "AddPermission",
          "RemovePermission",
          "PutDataProtectionPolicy",
          "Update*",
          "DeauthorizeConnection",
        ),
        namesTarget(scope),
        ...notByRole(scope.deployRoleArn),
      ),
    ),
    // The Slack channel, and any workspace: the record of one has its id only.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "chatbot.amazonaws.com"),
        anyOf(
          ...["chatConfigurationArn", "ChatConfigurationArn"].map((member) =>
            matchesAny(`$.requestParameters.${member}`, `*/${scope.namePrefix}*`),
          ),
          matchesAny("$.eventName", "DeleteSlackWorkspaceAuthorization"),
        ),
        matchesAny("$.eventName", "Delete*", "Update*"),
        ...notByRole(scope.deployRoleArn),
      ),
    ),
    metricOrBusChanges(scope),
  ],
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  changeNotification: {
    detail: (scope) => silencingCalls(scope, ownName(scope)),
    guard: (scope) => ruleChanges(scope, ownName(scope)),
  },
  notifiesBothTopics: true,
  why: "Attackers silence alarms before they act. Until the alarm is restored, nobody is notified of what it monitors.",
  falsePositives: [
    "A deployment removed a detection: the events are Delete… calls by the deploy role at the time of the deployment.",
    "Somebody tested the notifications: the event is SetAlarmState by the tester.",
    "Somebody subscribed to an existing topic, or changed it, for other uses of the topic.",
    "Another team disconnected a Slack workspace of its own.",
    "The webhook's Authorization header was set: UpdateConnection by a known administrator.",
    "Announced manual maintenance: DisableAlarmActions, followed soon by EnableAlarmActions.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: alarmChangeRunbook("Restore it: run `npm run diff alarm`, then `npm run deploy alarm`."),
  insightsQuery: ({ namePrefix, detectionNamespace }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.alarmNames.0, requestParameters.filterName, requestParameters.topicArn, eventID, errorCode",
      `filter eventSource in ["monitoring.amazonaws.com", "sns.amazonaws.com", "sqs.amazonaws.com", "events.amazonaws.com", "logs.amazonaws.com", "chatbot.amazonaws.com"] and eventName like /^(Add|Deauthorize|Delete|Disable|Purge|Put|Remove|Set|Sub|Unsub|Update)/ and (@message like "${namePrefix}" or @message like "${detectionNamespace}" or eventName in ["DeleteSlackWorkspaceAuthorization", "UpdateEventBus"])`,
    ].join(" | "),
  mustFire: [
    exampleEvent("a user deletes two alarms, one of them Cipherwatch's", user, {
      ...onAlarms,
      eventName: "DeleteAlarms",
      requestParameters: { alarmNames: ["billing", `${namePrefix}kms-outsider`] },
    }),
    exampleEvent("the pipeline deletes an alarm", deployer, {
      ...onAlarms,
      eventName: "DeleteAlarms",
      requestParameters: { alarmNames: [`${namePrefix}kms-outsider`] },
    }),
    exampleEvent("an administrator disables an alarm's actions", administrator, {
      ...onAlarms,
      eventName: "DisableAlarmActions",
      requestParameters: { alarmNames: [`${namePrefix}kms-errors`] },
    }),
    exampleEvent("a user creates a mute rule for an alarm", user, {
      ...onAlarms,
      eventName: "PutAlarmMuteRule",
      requestParameters: {
        name: "quiet-night",
        rule: { schedule: { expression: "cron(0 2 * * *)", duration: "PT4H" } },
        muteTargets: { alarmNames: [`${namePrefix}kms-errors`] },
      },
    }),
    exampleEvent("an administrator sets a threshold that is never reached", administrator, {
      ...onAlarms,
      eventName: "PutMetricAlarm",
      requestParameters: { alarmName: `${namePrefix}kms-errors`, threshold: 1_000_000 },
    }),
    exampleEvent("a user deletes the email subscription", user, {
      ...onTopics,
      eventName: "Unsubscribe",
      requestParameters: { subscriptionArn },
    }),
    exampleEvent("an administrator changes the topic policy", administrator, {
      ...onTopics,
      eventName: "SetTopicAttributes",
      requestParameters: { topicArn, attributeName: "Policy", attributeValue: "{}" },
    }),
    // https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
    exampleEvent("a user subscribes an address of her own to the topic", user, {
      ...onTopics,
      eventName: "Subscribe",
      requestParameters: { topicArn, protocol: "email", endpoint: "mallory@example.com" },
    }),
    exampleEvent("a user lets another account publish to the topic", user, {
      ...onTopics,
      eventName: "AddPermission",
      requestParameters: {
        topicArn,
        label: "x",
        aWSAccountIds: ["444455556666"],
        actionNames: ["Publish"],
      },
    }),
    // https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html
    exampleEvent("a user makes the topic reject messages that contain an address", user, {
      ...onTopics,
      eventName: "PutDataProtectionPolicy",
      requestParameters: { resourceArn: topicArn, dataProtectionPolicy: "{}" },
    }),
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-logging-using-cloudtrail.html
    exampleEvent("a user purges the queue of the alarm events", user, {
      eventSource: "sqs.amazonaws.com",
      eventName: "PurgeQueue",
      readOnly: false,
      requestParameters: {
        queueUrl: `https://sqs.ap-southeast-2.amazonaws.com/111122223333/${namePrefix}alarm-events`,
      },
    }),
    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateApiDestination.html
    exampleEvent("a user sends the alarm events to a webhook of her own", user, {
      ...onRules,
      eventName: "UpdateApiDestination",
      requestParameters: {
        name: `${namePrefix}alarm-events`,
        invocationEndpoint: "https://mallory.example.com",
      },
    }),
    // https://docs.aws.amazon.com/chatbot/latest/APIReference/API_DeleteSlackChannelConfiguration.html
    exampleEvent("a user deletes the configuration of the Slack channel", user, {
      ...onChat,
      eventName: "DeleteSlackChannelConfiguration",
      requestParameters: {
        chatConfigurationArn: `arn:aws:chatbot::111122223333:chat-configuration/slack-channel/${namePrefix}chat`,
      },
    }),
    exampleEvent("a user deletes the authorization of a Slack workspace", user, {
      ...onChat,
      eventName: "DeleteSlackWorkspaceAuthorization",
      requestParameters: { slackTeamId: "T0123456789" },
    }),
    exampleEvent("a user deletes a metric filter", user, {
      ...onFilters,
      eventName: "DeleteMetricFilter",
      requestParameters: {
        logGroupName: trailLogGroupName,
        filterName: `${namePrefix}kms-outsider`,
      },
    }),
    exampleEvent("a user disables an EventBridge rule", user, {
      ...onRules,
      eventName: "DisableRule",
      requestParameters: { name: `${namePrefix}kms-key-change` },
    }),
    exampleEvent("a user removes the target of an EventBridge rule", user, {
      ...onRules,
      eventName: "RemoveTargets",
      requestParameters: { rule: `${namePrefix}kms-key-change`, ids: ["topic"] },
    }),
    ...metricChangeExamples,
    busChangeExample,
  ],
  mustNotFire: [
    exampleEvent("the pipeline updates an alarm", deployer, {
      ...onAlarms,
      eventName: "PutMetricAlarm",
      requestParameters: { alarmName: `${namePrefix}kms-errors`, threshold: 2 },
    }),
    exampleEvent(
      "Application Auto Scaling deletes its own alarms",
      awsService(
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
      ),
      {
        ...onAlarms,
        eventName: "DeleteAlarms",
        requestParameters: {
          alarmNames: [
            "TargetTracking-service/cipherwatch-dev-service/cipherwatch-dev-api-AlarmLow",
          ],
        },
      },
    ),
    exampleEvent("the pipeline subscribes the recipient", deployer, {
      ...onTopics,
      eventName: "Subscribe",
      requestParameters: { topicArn, protocol: "email", endpoint: "security@example.com" },
    }),
    exampleEvent("an administrator deletes another resource with one of our names", administrator, {
      eventSource: "cloudfront.amazonaws.com",
      eventName: "DeleteFunction",
      readOnly: false,
      requestParameters: { name: `${namePrefix}service` },
    }),
    exampleEvent("an administrator lists alarms", administrator, {
      ...onAlarms,
      eventName: "DescribeAlarms",
      readOnly: true,
      requestParameters: { alarmNames: [`${namePrefix}kms-errors`] },
    }),
    exampleEvent("an administrator enables an alarm's actions", administrator, {
      ...onAlarms,
      eventName: "EnableAlarmActions",
      requestParameters: { alarmNames: [`${namePrefix}kms-errors`] },
    }),
    exampleEvent("an administrator deletes another application's topic", administrator, {
      ...onTopics,
      eventName: "DeleteTopic",
      requestParameters: { topicArn: "arn:aws:sns:ap-southeast-2:111122223333:orders" },
    }),
  ],
};
