import { exampleEvent, user } from "./example-events.ts";
import { allOf, anyOf, matchesAny } from "./pattern.ts";
import type { MonitoringScope } from "./scope.ts";

type Pattern = Readonly<Record<string, unknown>>;

/** Remove or mute an alarm, a metric filter, a rule or its targets. */
const REMOVALS = [
  "DeleteAlarms",
  "DisableAlarmActions",
  "PutAlarmMuteRule",
  "DeleteMetricFilter",
  "DeleteRule",
  "DisableRule",
  "RemoveTargets",
];

const BUS_CHANGE = "UpdateEventBus";
const DEFAULT_BUS = "default";

const CHANGES = ["PutMetricAlarm", "PutMetricFilter", "PutRule", "PutTargets", BUS_CHANGE];

/** Remove a topic or a subscription, or decide who publishes and what is delivered. */
const TOPIC_CHANGES = [
  "DeleteTopic",
  "Unsubscribe",
  "SetTopicAttributes",
  "SetSubscriptionAttributes",
  "PutDataProtectionPolicy",
];

/** Change what a rule does. A disabled rule cannot match the call that disabled it. */
const RULE_CHANGES = ["DeleteRule", "DisableRule", "PutRule", "PutTargets", "RemoveTargets"];

/**
 * A change of the default event bus. EventBridge encrypts the patterns of its rules with the key of the bus, so no rule
 * matches once somebody disables a key of their own.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html
 */
export const DEFAULT_BUS_CHANGED: string = allOf(
  matchesAny("$.eventName", BUS_CHANGE),
  anyOf("$.requestParameters.name NOT EXISTS", matchesAny("$.requestParameters.name", DEFAULT_BUS)),
);

export const busChangeExample = exampleEvent(
  "a user encrypts the event bus of the rules with a key of her own",
  user,
  {
    eventSource: "events.amazonaws.com",
    eventName: BUS_CHANGE,
    readOnly: false,
    requestParameters: { name: DEFAULT_BUS, kmsKeyIdentifier: "alias/eve" },
  },
);

/** `:<name>` of a topic, or the end of a long name: six of them and the rest fit in a pattern's 2,048 characters. */
const endOfName = (arn: string) => arn.slice(Math.max(arn.lastIndexOf(":"), arn.length - 48));

/** Calls by anyone but the deploy role, whose changes were reviewed. */
const byOthers = ({ deployRoleArn }: MonitoringScope): Pattern =>
  deployRoleArn === undefined
    ? {}
    : {
        userIdentity: {
          sessionContext: {
            sessionIssuer: { arn: [{ exists: false }, { "anything-but": [deployRoleArn] }] },
          },
        },
      };

/**
 * Calls after which alarms or their notifications are silent, as the `detail` of an EventBridge pattern: removed
 * alarms and rules by anyone, and other changes by anyone but the deploy role. Of the changed alarms, only the one
 * that would report the others: when the trail delivers the record, it no longer fires.
 * @param alarmName name of the alarm that reports changes of alarms, which its metric filters' names begin with
 */
export function silencingCalls(scope: MonitoringScope, alarmName: string): Pattern {
  const { namePrefix, existingTopicArns = [] } = scope;
  const ours = [{ prefix: namePrefix }];
  const names = [...new Set(existingTopicArns)].map(endOfName);
  const topics = [`*:${namePrefix}*`, ...names.map((name) => `*${name}`)];
  const subscriptions = [`*:${namePrefix}*`, ...names.map((name) => `*${name}:*`)];
  const matching = (wildcards: readonly string[]) => wildcards.map((wildcard) => ({ wildcard }));
  return {
    $or: [
      {
        eventName: REMOVALS,
        requestParameters: {
          $or: [
            { alarmNames: ours },
            { muteTargets: { alarmNames: ours } },
            { filterName: ours },
            { name: ours },
            { rule: ours },
          ],
        },
      },
      {
        eventName: CHANGES,
        requestParameters: {
          $or: [
            { alarmName: [alarmName] },
            { filterName: [{ prefix: alarmName }] },
            { name: [...ours, DEFAULT_BUS] },
            { rule: ours },
          ],
        },
        ...byOthers(scope),
      },
      {
        eventName: TOPIC_CHANGES,
        requestParameters: {
          $or: [
            { topicArn: matching(topics) },
            { resourceArn: matching(topics) },
            { subscriptionArn: matching(subscriptions) },
          ],
        },
        ...byOthers(scope),
      },
    ],
  };
}

/** Changes of one rule, by its name, as the `detail` of an EventBridge pattern. */
export function ruleChanges(scope: MonitoringScope, name: string): Pattern {
  return {
    eventSource: ["events.amazonaws.com"],
    eventName: RULE_CHANGES,
    requestParameters: { $or: [{ name: [name] }, { rule: [name] }] },
    ...byOthers(scope),
  };
}
