import { describe, expect, test } from "vitest";
import { ACCOUNT, SUBSCRIPTION, TOPIC } from "../../../cloudwatch/testing/fixtures.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createMetrics } from "../cloudwatch/metrics/metrics.ts";
import type { Call } from "../shared/operation.ts";
import { awsError } from "../testing/aws-error.ts";
import type { Mail } from "./email.ts";
import { createSns } from "./sns.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");

function snsWith({ subscriptions = [SUBSCRIPTION], entries = [] as readonly Mail[] } = {}) {
  const clock = manualClock(NOON);
  const journal = memoryJournal(entries);
  const metrics = createMetrics({ clock, journal: memoryJournal() });
  const sns = createSns({ clock, ...ACCOUNT, topics: [TOPIC], subscriptions, metrics, journal });
  const call = (operation: string, input: unknown) =>
    sns.operations[operation]?.(input, {} as Call) as Readonly<Record<string, unknown>>;
  return { sns, journal, metrics, call };
}

test("sends an email with the footer that SNS adds", () => {
  const { sns, call } = snsWith();
  const { MessageId } = call("Publish", {
    TopicArn: TOPIC.arn,
    Message: "It happened.",
    Subject: "Test message",
  });
  expect(MessageId).toMatch(/^[0-9a-f-]{36}$/);
  expect(sns.inbox()).toEqual([
    {
      id: expect.any(String),
      at: NOON,
      to: "security@example.com",
      subject: "Test message",
      body: `It happened.

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.ap-southeast-2.amazonaws.com/unsubscribe.html?SubscriptionArn=${SUBSCRIPTION.arn}&Endpoint=security@example.com

Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support
`,
      message: "It happened.",
      topicArn: TOPIC.arn,
    },
  ]);
});

test("sends the text for each protocol of a structured message", () => {
  const json = { ...SUBSCRIPTION, arn: `${TOPIC.arn}:2`, protocol: "email-json" };
  const queue = { ...SUBSCRIPTION, arn: `${TOPIC.arn}:3`, protocol: "sqs" };
  const { sns } = snsWith({ subscriptions: [SUBSCRIPTION, json, queue] });
  sns.publish(TOPIC.arn, {
    message: JSON.stringify({ default: "for all", email: "for people" }),
    messageStructure: "json",
  });
  const [mail, document, ...more] = sns.inbox();
  expect(more).toEqual([]);
  expect(mail?.subject).toBe("AWS Notification Message");
  expect(mail?.body.startsWith("for people\n\n--\n")).toBe(true);
  expect(mail?.message).toBe("for all");
  expect(JSON.parse(document?.body ?? "")).toMatchObject({
    Type: "Notification",
    Message: "for all",
    TopicArn: TOPIC.arn,
  });
  expect(mail?.id).not.toBe(document?.id);
});

test("counts published messages and deliveries by topic", () => {
  const { sns, metrics } = snsWith();
  sns.publish(TOPIC.arn, { message: "text" });
  sns.publish(TOPIC.arn, { message: "text" });
  const sumOf = (name: string) =>
    metrics.total(
      { namespace: "AWS/SNS", name, dimensions: { TopicName: TOPIC.name } },
      { start: NOON, end: NOON + 60_000 },
    )?.sum;
  expect(sumOf("NumberOfMessagesPublished")).toBe(2);
  expect(sumOf("NumberOfNotificationsDelivered")).toBe(2);
});

test("accepts messages for a topic without subscribers", () => {
  const { sns } = snsWith({ subscriptions: [] });
  sns.publish(TOPIC.arn, { message: "no subscribers" });
  expect(sns.inbox()).toEqual([]);
});

describe("Publish", () => {
  const other = TOPIC.arn.replace("alerts", "none");

  test.each<[string, Record<string, unknown>, ReturnType<typeof awsError>]>([
    ["an unknown topic", { TopicArn: other }, awsError("NotFound", "Topic does not exist", 404)],
    [
      "a topic that is not an ARN",
      { TopicArn: "alerts" },
      awsError(
        "InvalidParameter",
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
      ),
    ],
    [
      "an empty message",
      { Message: "" },
      awsError("InvalidParameter", "Invalid parameter: Empty message"),
    ],
    [
      "a message of more than 256 KiB",
      { Message: "é".repeat(131_073) },
      awsError("InvalidParameter", "Invalid parameter: Message too long"),
    ],
    [
      "a subject of 100 characters",
      { Subject: "s".repeat(100) },
      awsError("InvalidParameter", "Invalid parameter: Subject"),
    ],
    [
      "a subject with a line feed",
      { Subject: "a\nBcc: b" },
      awsError("InvalidParameter", "Invalid parameter: Subject"),
    ],
    [
      "a structure that is not JSON",
      { MessageStructure: "json" },
      awsError(
        "InvalidParameter",
        "Invalid parameter: Message Structure - JSON message body failed to parse",
      ),
    ],
    [
      "a structure without a default",
      { MessageStructure: "json", Message: '{"email":"a"}' },
      awsError(
        "InvalidParameter",
        "Invalid parameter: Message Structure - No default entry in JSON message body",
      ),
    ],
  ])("rejects %s", (_, input, expected) => {
    const { sns, call } = snsWith();
    expect(() => call("Publish", { TopicArn: TOPIC.arn, Message: "text", ...input })).toThrow(
      expected,
    );
    expect(sns.inbox()).toEqual([]);
  });
});

test("lists the topics and subscriptions of the deployment", () => {
  const { call } = snsWith();
  expect(call("ListTopics", {})).toEqual({
    Topics: [{ TopicArn: TOPIC.arn }],
    NextToken: undefined,
  });
  expect(call("ListSubscriptionsByTopic", { TopicArn: TOPIC.arn })).toEqual({
    Subscriptions: [
      {
        SubscriptionArn: SUBSCRIPTION.arn,
        Owner: ACCOUNT.accountId,
        Protocol: "email",
        Endpoint: "security@example.com",
        TopicArn: TOPIC.arn,
      },
    ],
    NextToken: undefined,
  });
  expect(() => call("ListSubscriptionsByTopic", { TopicArn: `${TOPIC.arn}-none` })).toThrow(
    awsError("NotFound", "Topic does not exist", 404),
  );
});

test("lists the subscriptions of all topics", () => {
  const other = { ...SUBSCRIPTION, arn: `${TOPIC.arn}-other:1`, topicArn: `${TOPIC.arn}-other` };
  const { call } = snsWith({ subscriptions: [SUBSCRIPTION, other] });
  const { Subscriptions } = call("ListSubscriptions", {});
  expect(Subscriptions).toEqual([
    expect.objectContaining({ SubscriptionArn: SUBSCRIPTION.arn, TopicArn: TOPIC.arn }),
    expect.objectContaining({ SubscriptionArn: other.arn, TopicArn: other.topicArn }),
  ]);
});

test("rejects every token of ConfirmSubscription, because the lab sends none", () => {
  const { call } = snsWith();
  const confirm = (TopicArn: string) => () =>
    call("ConfirmSubscription", { TopicArn, Token: "2336412f37" });
  expect(confirm(TOPIC.arn)).toThrow(awsError("InvalidParameter", "Invalid parameter: Token"));
  expect(confirm(`${TOPIC.arn}-none`)).toThrow(awsError("NotFound", "Topic does not exist", 404));
});

test("lists subscriptions in pages of 100", () => {
  const subscriptions = Array.from({ length: 150 }, (_, index) => ({
    ...SUBSCRIPTION,
    arn: `${TOPIC.arn}:${index}`,
  }));
  const { call } = snsWith({ subscriptions });
  const first = call("ListSubscriptionsByTopic", { TopicArn: TOPIC.arn });
  expect(first.Subscriptions).toHaveLength(100);
  expect(call("ListSubscriptions", {})).toEqual(first);
  const { NextToken } = first;
  expect(
    call("ListSubscriptionsByTopic", { TopicArn: TOPIC.arn, NextToken }).Subscriptions,
  ).toHaveLength(50);
});

test("keeps the newest 500 emails across a restart", () => {
  const { sns, journal } = snsWith();
  for (let index = 0; index < 501; index++) {
    sns.publish(TOPIC.arn, { subject: `mail ${index}`, message: "text" });
  }
  expect(sns.inbox()).toHaveLength(500);
  expect(sns.inbox()[0]?.subject).toBe("mail 1");
  expect(snsWith({ entries: journal.appended }).sns.inbox()).toEqual(sns.inbox());
});
