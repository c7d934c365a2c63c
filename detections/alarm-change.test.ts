import { describe, expect, test } from "vitest";
import { alarmChange } from "./alarm-change.ts";
import { administrator, deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { matchesEventPattern } from "./testing/event-pattern.ts";

const { namePrefix } = exampleScope;
const { changeNotification } = alarmChange;
if (changeNotification === undefined) throw new Error("alarm-change has no change notification.");
const detail = changeNotification.detail(exampleScope);
const guard = changeNotification.guard?.(exampleScope) ?? {};

const ALARM = { eventSource: "monitoring.amazonaws.com" };
const SNS = { eventSource: "sns.amazonaws.com" };
const RULES = { eventSource: "events.amazonaws.com" };
const LOGS = { eventSource: "logs.amazonaws.com" };
const topicArn = `arn:aws:sns:ap-southeast-2:111122223333:${namePrefix}urgent`;
const subscriptionArn = `${topicArn}:0f3c1d2e-8a4b-4c6d-9e7f-5b6a7c8d9e0f`;

const recordOf = (
  caller: Readonly<Record<string, unknown>>,
  source: { readonly eventSource: string },
  eventName: string,
  requestParameters: object,
) => exampleEvent("", caller, { ...source, eventName, readOnly: false, requestParameters }).record;

// The alarm cannot report what blinds it: when the trail delivers the record, it has changed already.
describe("EventBridge reports within seconds", () => {
  test.each<[name: string, ...record: [{ eventSource: string }, string, object]]>([
    [
      "a threshold of alarm-change that is never reached",
      ALARM,
      "PutMetricAlarm",
      { alarmName: `${namePrefix}alarm-change`, threshold: 1_000_000 },
    ],
    [
      "a pattern of alarm-change that matches nothing",
      LOGS,
      "PutMetricFilter",
      { filterName: `${namePrefix}alarm-change-2`, filterPattern: "{ $.x = 1 }" },
    ],
    [
      "another policy of the topic",
      SNS,
      "SetTopicAttributes",
      { topicArn, attributeName: "Policy", attributeValue: "{}" },
    ],
    [
      "a filter policy that drops every message",
      SNS,
      "SetSubscriptionAttributes",
      { subscriptionArn, attributeName: "FilterPolicy", attributeValue: '{"x":["y"]}' },
    ],
    [
      "a data protection policy that rejects messages",
      SNS,
      "PutDataProtectionPolicy",
      { resourceArn: topicArn, dataProtectionPolicy: "{}" },
    ],
    [
      "another pattern of a rule",
      RULES,
      "PutRule",
      { name: `${namePrefix}kms-key-change`, eventPattern: "{}" },
    ],
    [
      "another target of a rule",
      RULES,
      "PutTargets",
      { rule: `${namePrefix}kms-key-change`, targets: [] },
    ],
    [
      "the removal of a rule's target",
      RULES,
      "RemoveTargets",
      { rule: `${namePrefix}kms-key-change`, ids: ["Topic"] },
    ],
    [
      "a foreign key of the event bus of the rules",
      RULES,
      "UpdateEventBus",
      { name: "default", kmsKeyIdentifier: "alias/x" },
    ],
    ["a deleted alarm", ALARM, "DeleteAlarms", { alarmNames: [`${namePrefix}kms-errors`] }],
  ])("%s", (_, ...record) => {
    expect(matchesEventPattern(detail, recordOf(user, ...record))).toBe(true);
    expect(matchesEventPattern(detail, recordOf(administrator, ...record))).toBe(true);
  });

  test.each<[name: string, ...record: [{ eventSource: string }, string, object]]>([
    [
      "the pipeline's change of alarm-change",
      ALARM,
      "PutMetricAlarm",
      { alarmName: `${namePrefix}alarm-change`, threshold: 2 },
    ],
    [
      "the pipeline's change of a topic",
      SNS,
      "SetTopicAttributes",
      { topicArn, attributeName: "Policy", attributeValue: "{}" },
    ],
  ])("but not %s", (_, ...record) => {
    expect(matchesEventPattern(detail, recordOf(deployer, ...record))).toBe(false);
  });

  // A deployment by hand changes many alarms: one email for each would bury the others.
  test("but not changes of other alarms, which alarm-change reports", () => {
    const record = recordOf(user, ALARM, "PutMetricAlarm", {
      alarmName: `${namePrefix}kms-errors`,
      threshold: 1_000_000,
    });
    expect(matchesEventPattern(detail, record)).toBe(false);
  });
});

// A rule that is disabled matches nothing, so not even the call that disabled it.
describe("a second rule reports what would silence the first", () => {
  test.each([
    ["DisableRule", { name: `${namePrefix}alarm-change` }],
    ["DeleteRule", { name: `${namePrefix}alarm-change` }],
    ["PutRule", { name: `${namePrefix}alarm-change`, state: "DISABLED" }],
    ["RemoveTargets", { rule: `${namePrefix}alarm-change`, ids: ["Topic"] }],
    ["PutTargets", { rule: `${namePrefix}alarm-change`, targets: [] }],
  ])("%s", (eventName, parameters) => {
    expect(matchesEventPattern(guard, recordOf(user, RULES, eventName, parameters))).toBe(true);
  });

  test("and the first rule reports what would silence the second", () => {
    const record = recordOf(user, RULES, "DisableRule", {
      name: `${namePrefix}alarm-change-guard`,
    });
    expect(matchesEventPattern(detail, record)).toBe(true);
    expect(matchesEventPattern(guard, record)).toBe(false);
  });
});
