import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedSubscription, DeployedTopic } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import { readInput, text } from "../shared/input.ts";
import type { Operations } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";

/** A mail as SNS would have sent it. */
export interface Mail {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  /** What subscribers by other protocols would have got: for an alarm, the JSON of its notification. */
  readonly message: string;
  readonly topicArn: string;
}

export interface Publication {
  readonly subject?: string | undefined;
  readonly message: string;
  /** `json`: `message` is a JSON object with a text for each protocol and `default` for the others. */
  readonly messageStructure?: "json" | undefined;
}

export interface Sns {
  readonly operations: Operations;
  /** @throws AwsError when the topic does not exist or SNS would refuse the message; @returns the message's id */
  readonly publish: (topicArn: string, publication: Publication) => string;
  /** Oldest first. */
  readonly inbox: () => readonly Mail[];
}

export const notModelled: readonly string[] = [
  "E-mail subscriptions count as confirmed; in AWS nothing is mailed before the recipient follows the link in the first mail.",
  "Mails go to the lab's inbox and nowhere else; subscriptions by other protocols get nothing.",
  "The topic's encryption key and access policy are not applied: a topic that AWS would not let CloudWatch publish to works here.",
];

const CODE = "ValidationError";
const INBOX = 500;
const PER_PAGE = 100;
const MAX_MESSAGE_BYTES = 262_144;
const DEFAULT_SUBJECT = "AWS Notification Message";

const Inputs = {
  Publish: z.object({
    TopicArn: text().optional(),
    TargetArn: text().optional(),
    PhoneNumber: text().optional(),
    Message: text(),
    Subject: text().optional(),
    MessageStructure: text().optional(),
  }),
  ListTopics: z.object({ NextToken: text().optional() }),
  ListSubscriptionsByTopic: z.object({ TopicArn: text(), NextToken: text().optional() }),
};

/**
 * The lab's SNS: the topics and subscriptions of the deployment, with an inbox instead of a mail server.
 * It keeps the newest 500 mails.
 * @see https://docs.aws.amazon.com/sns/latest/api/welcome.html
 */
export function createSns({
  clock,
  region,
  accountId,
  topics,
  subscriptions,
  journal,
}: {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly topics: readonly DeployedTopic[];
  readonly subscriptions: readonly DeployedSubscription[];
  readonly journal: Journal<Mail>;
}): Sns {
  const mails: Mail[] = journal.entries.slice(-INBOX);

  function requireTopic(arn: string): DeployedTopic {
    const elements = arn.split(":").length;
    if (elements < 6) {
      throw invalid(`TopicArn Reason: An ARN must have at least 6 elements, not ${elements}`);
    }
    const topic = topics.find((candidate) => candidate.arn === arn);
    if (topic === undefined) throw new AwsError("NotFound", "Topic does not exist", 404);
    return topic;
  }

  function publish(topicArn: string, publication: Publication): string {
    const topic = requireTopic(topicArn);
    const texts = textsOf(publication);
    const messageId = randomUUID();
    const at = clock.now();
    for (const { arn, protocol, endpoint } of subscriptions.filter(
      (subscription) => subscription.topicArn === topic.arn,
    )) {
      if (protocol !== "email" && protocol !== "email-json") continue;
      const text = texts(protocol);
      const subject = publication.subject ?? DEFAULT_SUBJECT;
      const mail: Mail = {
        id: randomUUID(),
        at,
        to: endpoint,
        subject,
        body:
          protocol === "email"
            ? text + footer(region, arn, endpoint)
            : envelope({ messageId, at, topicArn, subject: publication.subject, text }),
        message: texts("default"),
        topicArn,
      };
      journal.append(mail);
      mails.push(mail);
    }
    mails.splice(0, mails.length - INBOX);
    return messageId;
  }

  const operations: Operations = {
    Publish: (input) => {
      const request = readInput(Inputs.Publish, input, CODE);
      const topicArn = request.TopicArn ?? request.TargetArn;
      if (request.PhoneNumber !== undefined || topicArn === undefined) {
        throw invalid(
          "TopicArn Reason: the lab publishes to topics; PhoneNumber is not modelled, and TopicArn or TargetArn is required",
        );
      }
      const { Subject: subject, MessageStructure: structure } = request;
      if (subject !== undefined && !/^[!-~][ -~]{0,98}$/.test(subject)) throw invalid("Subject");
      if (structure !== undefined && structure !== "json") throw invalid("MessageStructure");
      return {
        MessageId: publish(topicArn, {
          subject,
          message: request.Message,
          messageStructure: structure,
        }),
      };
    },

    ListTopics: (input) => {
      const { NextToken } = readInput(Inputs.ListTopics, input, CODE);
      const { items, nextToken } = page(
        topics.map(({ arn }) => arn),
        {
          limit: PER_PAGE,
          token: NextToken,
          keyOf: (arn) => arn,
          invalidToken: invalid("NextToken"),
        },
      );
      return { Topics: items.map((arn) => ({ TopicArn: arn })), NextToken: nextToken };
    },

    ListSubscriptionsByTopic: (input) => {
      const { TopicArn, NextToken } = readInput(Inputs.ListSubscriptionsByTopic, input, CODE);
      const topic = requireTopic(TopicArn);
      const { items, nextToken } = page(
        subscriptions.filter(({ topicArn }) => topicArn === topic.arn),
        {
          limit: PER_PAGE,
          token: NextToken,
          keyOf: ({ arn }) => arn,
          invalidToken: invalid("NextToken"),
        },
      );
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
    },
  };

  return { operations, publish, inbox: () => mails };
}

/** The text for each protocol, checked as Publish checks it. */
function textsOf({ message, messageStructure }: Publication): (protocol: string) => string {
  if (message === "") throw invalid("Empty message");
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalid("Message too long");
  if (messageStructure === undefined) return () => message;
  const texts = structured(message);
  return (protocol) => {
    const text = texts[protocol];
    return typeof text === "string" ? text : texts.default;
  };
}

function structured(message: string): Readonly<Record<string, unknown>> & { default: string } {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    throw invalid("Message Structure - JSON message body failed to parse");
  }
  const texts = z.looseObject({ default: z.string() }).safeParse(value);
  if (!texts.success) {
    throw invalid("Message Structure - No default entry in JSON message body");
  }
  return texts.data;
}

function footer(region: string, subscriptionArn: string, endpoint: string): string {
  return `

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.${region}.amazonaws.com/unsubscribe.html?SubscriptionArn=${subscriptionArn}&Endpoint=${endpoint}

Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support
`;
}

/** The body for `email-json`. The lab signs nothing, so the members of a signature are left out. */
function envelope(mail: {
  readonly messageId: string;
  readonly at: number;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly text: string;
}): string {
  return JSON.stringify(
    {
      Type: "Notification",
      MessageId: mail.messageId,
      TopicArn: mail.topicArn,
      Subject: mail.subject,
      Message: mail.text,
      Timestamp: new Date(mail.at).toISOString(),
    },
    null,
    2,
  );
}

const invalid = (what: string) => new AwsError("InvalidParameter", `Invalid parameter: ${what}`);
