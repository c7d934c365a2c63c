import { randomUUID } from "node:crypto";
import { type MetricDatum, statisticSet } from "../../../cloudwatch/metric.ts";
import type { DeployedSubscription, DeployedTopic } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import type { Metrics } from "../cloudwatch/metrics/metrics.ts";
import type { Operations } from "../shared/operation.ts";
import { emailBody, emailJsonBody, type Mail } from "./email.ts";
import { type Publication, parseMessage } from "./message.ts";
import {
  confirmSubscription,
  listSubscriptions,
  listSubscriptionsByTopic,
  listTopics,
  publishMessage,
  requireTopic,
} from "./operations.ts";

export interface Sns {
  readonly operations: Operations;
  /**
   * Delivers a message to the email subscribers of a topic.
   * @returns the message id
   * @throws AwsError if the topic does not exist or the message is invalid
   */
  readonly publish: (topicArn: string, publication: Publication) => string;
  /** Returns the emails, oldest first. */
  readonly inbox: () => readonly Mail[];
}

export const notModelled: readonly string[] = [
  "Email subscriptions count as confirmed. AWS sends nothing until the recipient follows the link in the confirmation email.",
  "Emails are delivered to the lab's inbox only. Subscriptions with other protocols receive nothing.",
  "A delivery never fails: the metric NumberOfNotificationsFailed has no data.",
  "A topic's KMS key and access policy are not applied: CloudWatch can publish to a topic here even if AWS would deny it.",
];

const MAX_INBOX = 500;
const DEFAULT_SUBJECT = "AWS Notification Message";

/**
 * Emulates SNS with the topics and subscriptions of the deployment. Emails go to an inbox that keeps
 * the newest 500.
 * @see https://docs.aws.amazon.com/sns/latest/api/welcome.html
 */
export function createSns({
  clock,
  region,
  accountId,
  topics,
  subscriptions,
  metrics,
  journal,
}: {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly topics: readonly DeployedTopic[];
  readonly subscriptions: readonly DeployedSubscription[];
  readonly metrics: Pick<Metrics, "put">;
  readonly journal: Journal<Mail>;
}): Sns {
  const mails: Mail[] = journal.entries.slice(-MAX_INBOX);

  function publish(topicArn: string, publication: Publication): string {
    const topic = requireTopic(topics, topicArn);
    const textFor = parseMessage(publication);
    const messageId = randomUUID();
    const at = clock.now();
    const { subject } = publication;
    const count = (name: string) => metrics.put([topicMetric(name, topic.name, at)]);
    count("NumberOfMessagesPublished");
    for (const subscription of subscriptions) {
      const { protocol, endpoint } = subscription;
      const isEmail = protocol === "email" || protocol === "email-json";
      if (subscription.topicArn !== topic.arn || !isEmail) continue;
      const text = textFor(protocol);
      const mail: Mail = {
        id: randomUUID(),
        at,
        to: endpoint,
        subject: subject ?? DEFAULT_SUBJECT,
        body:
          protocol === "email"
            ? emailBody(text, region, subscription)
            : emailJsonBody({ messageId, at, topicArn, subject, text }),
        message: textFor("default"),
        topicArn,
      };
      journal.append(mail);
      count("NumberOfNotificationsDelivered");
      mails.push(mail);
    }
    mails.splice(0, mails.length - MAX_INBOX);
    return messageId;
  }

  return {
    operations: {
      Publish: (input) => publishMessage(input, publish),
      ListTopics: (input) => listTopics(input, topics),
      ListSubscriptions: (input) => listSubscriptions(input, subscriptions, accountId),
      ConfirmSubscription: (input) => confirmSubscription(input, topics),
      ListSubscriptionsByTopic: (input) =>
        listSubscriptionsByTopic(input, topics, subscriptions, accountId),
    },
    publish,
    inbox: () => mails,
  };
}

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html */
function topicMetric(name: string, topicName: string, timestamp: number): MetricDatum {
  return {
    namespace: "AWS/SNS",
    name,
    dimensions: { TopicName: topicName },
    timestamp,
    unit: "Count",
    highResolution: false,
    ...statisticSet([1]),
  };
}
