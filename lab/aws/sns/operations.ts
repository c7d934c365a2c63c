import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedSubscription, DeployedTopic } from "../../../terraform/deployment.ts";
import { inputReader, text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import { invalidParameter, type Publication } from "./message.ts";

const readRequest = inputReader("ValidationError");

const PAGE_SIZE = 100;

const Publish = z.object({
  TopicArn: text().optional(),
  TargetArn: text().optional(),
  PhoneNumber: text().optional(),
  Message: text(),
  Subject: text().optional(),
  MessageStructure: text().optional(),
});

const ListTopics = z.object({ NextToken: text().optional() });

const ListSubscriptions = z.object({ NextToken: text().optional() });

const ConfirmSubscription = z.object({ TopicArn: text(), Token: text() });

const ListSubscriptionsByTopic = z.object({ TopicArn: text(), NextToken: text().optional() });

/**
 * Validates a Publish request and publishes its message.
 * @param publish delivers the message and returns its id
 * @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function publishMessage(
  input: unknown,
  publish: (topicArn: string, publication: Publication) => string,
): AwsStructure {
  const request = readRequest(Publish, input);
  const { Subject: subject, MessageStructure: messageStructure, Message: message } = request;
  const topicArn = request.TopicArn ?? request.TargetArn;
  if (request.PhoneNumber !== undefined || topicArn === undefined) {
    throw invalidParameter(
      "TopicArn Reason: the lab requires TopicArn or TargetArn and does not support PhoneNumber",
    );
  }
  if (subject !== undefined && !/^[!-~][ -~]{0,98}$/.test(subject)) {
    throw invalidParameter("Subject");
  }
  if (messageStructure !== undefined && messageStructure !== "json") {
    throw invalidParameter("MessageStructure");
  }
  return { MessageId: publish(topicArn, { subject, message, messageStructure }) };
}

/** @see https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html */
export function listTopics(input: unknown, topics: readonly DeployedTopic[]): AwsStructure {
  const { NextToken } = readRequest(ListTopics, input);
  const { items, nextToken } = pageByArn(topics, NextToken);
  return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), NextToken: nextToken };
}

/** @see https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html */
export function listSubscriptions(
  input: unknown,
  subscriptions: readonly DeployedSubscription[],
  accountId: string,
): AwsStructure {
  const { NextToken } = readRequest(ListSubscriptions, input);
  return subscriptionPage(subscriptions, NextToken, accountId);
}

/**
 * Rejects every token: subscriptions count as confirmed, and the lab sends no tokens.
 * @see https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
 */
export function confirmSubscription(
  input: unknown,
  topics: readonly DeployedTopic[],
): AwsStructure {
  requireTopic(topics, readRequest(ConfirmSubscription, input).TopicArn);
  throw invalidParameter("Token");
}

/** @see https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html */
export function listSubscriptionsByTopic(
  input: unknown,
  topics: readonly DeployedTopic[],
  subscriptions: readonly DeployedSubscription[],
  accountId: string,
): AwsStructure {
  const { TopicArn, NextToken } = readRequest(ListSubscriptionsByTopic, input);
  const topic = requireTopic(topics, TopicArn);
  return subscriptionPage(
    subscriptions.filter(({ topicArn }) => topicArn === topic.arn),
    NextToken,
    accountId,
  );
}

function subscriptionPage(
  subscriptions: readonly DeployedSubscription[],
  token: string | undefined,
  accountId: string,
): AwsStructure {
  const { items, nextToken } = pageByArn(subscriptions, token);
  return {
    Subscriptions: items.map(({ arn, protocol, endpoint, topicArn }) => ({
      SubscriptionArn: arn,
      Owner: accountId,
      Protocol: protocol,
      Endpoint: endpoint,
      TopicArn: topicArn,
    })),
    NextToken: nextToken,
  };
}

/** Returns the topic with an ARN. @throws AwsError `NotFound`, or `InvalidParameter` if `arn` is not an ARN */
export function requireTopic(topics: readonly DeployedTopic[], arn: string): DeployedTopic {
  const elements = arn.split(":").length;
  if (elements < 6) {
    throw invalidParameter(
      `TopicArn Reason: An ARN must have at least 6 elements, not ${elements}`,
    );
  }
  const topic = topics.find((candidate) => candidate.arn === arn);
  if (topic === undefined) throw new AwsError("NotFound", "Topic does not exist", 404);
  return topic;
}

function pageByArn<Item extends { readonly arn: string }>(
  items: readonly Item[],
  token: string | undefined,
) {
  const invalidToken = invalidParameter("NextToken");
  return page(items, { limit: PAGE_SIZE, token, keyOf: ({ arn }) => arn, invalidToken });
}
