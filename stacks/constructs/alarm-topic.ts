import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic/index.js";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy/index.js";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription/index.js";
import { Construct } from "constructs";
import { ROUTINE_TOPIC, resourceName, URGENT_TOPIC } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  type Condition,
  denyWithoutTls,
  fromSource,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./policy.ts";

const CLOUDWATCH = servicePrincipal("cloudwatch.amazonaws.com");
const EVENTBRIDGE = servicePrincipal("events.amazonaws.com");

export interface AlarmTopicProps {
  /** Last part of the topic's name, such as `urgent`. */
  readonly part: string;
  readonly displayName: string;
  /**
   * A KMS key whose policy includes `grantAlarmTopics` for this part. Undefined for none: alarms and rules
   * cannot use the AWS managed key for SNS.
   */
  readonly keyArn: string | undefined;
  /**
   * Receives the messages, once its owner has confirmed the subscription with the first email. Default: the
   * topic has no subscription.
   */
  readonly email?: string | undefined;
}

/** A topic that forwards messages of this environment's alarms and EventBridge rules by email. */
export class AlarmTopic extends Construct {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, { part, displayName, keyArn, email }: AlarmTopicProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const topic = new SnsTopic(this, "Resource", {
      name: resourceName(stack.settings.env, part),
      displayName,
      ...(keyArn !== undefined && { kmsMasterKeyId: keyArn }),
    });
    this.topicArn = topic.arn;
    new SnsTopicPolicy(this, "Policy", {
      arn: topic.arn,
      policy: policyJson(this, "Access", allowPublishers(stack, topicArn(stack, part))),
    });
    if (email === undefined) return;
    const subscription = new SnsTopicSubscription(this, "Mail", {
      topicArn: topic.arn,
      protocol: "email",
      endpoint: email,
    });
    checkSubscription(stack, part, subscription);
  }
}

/**
 * Adds checks that Terraform evaluates with each plan: they warn after the first deployment, and the nightly
 * drift check reports them. AWS does not record who follows the links in the emails.
 * https://developer.hashicorp.com/terraform/language/validate#checks
 */
function checkSubscription(
  stack: CipherwatchStack,
  part: string,
  { friendlyUniqueId }: SnsTopicSubscription,
): void {
  const subscription = `aws_sns_topic_subscription.${friendlyUniqueId}`;
  const topic = resourceName(stack.settings.env, part);
  const help = "docs/alarm-events.md describes how to confirm it.";
  stack.addOverride(`check.${part}_subscription`, {
    assert: [
      {
        condition: `\${!${subscription}.pending_confirmation}`,
        error_message: `The email subscription of the topic ${topic} is not confirmed, so its alarms notify nobody. ${help}`,
      },
      {
        condition: `\${${subscription}.pending_confirmation || ${subscription}.confirmation_was_authenticated}`,
        error_message: `The email subscription of the topic ${topic} was confirmed with the link, so anyone who receives one of its emails can end it, and CloudTrail does not record that. ${help}`,
      },
    ],
  });
}

/**
 * Builds the ARN of a topic from its name, or returns that of an existing topic which the settings use
 * instead. Needs no reference to the alarm stack, which may be deployed later.
 */
export function topicArn(stack: CipherwatchStack, part: string): string {
  return existingTopicArn(stack, part) ?? stack.regionalArn("sns", topicName(stack, part));
}

export function topicName(stack: CipherwatchStack, part: string): string {
  return existingTopicArn(stack, part)?.split(":").at(-1) ?? resourceName(stack.settings.env, part);
}

function existingTopicArn({ settings }: CipherwatchStack, part: string): string | undefined {
  const { urgentTopicArn, routineTopicArn } = settings;
  return { [URGENT_TOPIC]: urgentTopicArn, [ROUTINE_TOPIC]: routineTopicArn }[part];
}

function allowPublishers(stack: CipherwatchStack, topic: string): Statement[] {
  return [denyWithoutTls(["sns:Publish"], [topic]), ...grantPublishing(stack, topic)];
}

/** Lets the alarms and rules of this environment publish to topics. */
export function grantPublishing(
  stack: CipherwatchStack,
  ...topicArns: readonly string[]
): Statement[] {
  const publish = { actions: ["sns:Publish"], resources: topicArns };
  return [
    {
      sid: "AlarmsPublish",
      principals: CLOUDWATCH,
      ...publish,
      conditions: fromAlarms(stack),
    },
    {
      sid: "RulesPublish",
      principals: EVENTBRIDGE,
      ...publish,
      // No conditions: EventBridge supports none in a topic's policy, and would drop the messages.
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    },
  ];
}

/**
 * Lets the alarms and rules of this environment publish to topics that are encrypted with a key. Without
 * these grants, or with the AWS managed key for SNS, messages of alarms are dropped silently.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export function grantAlarmTopics(
  stack: CipherwatchStack,
  keyArns: readonly string[],
  ...parts: readonly string[]
): Statement[] {
  const use = { actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: keyArns };
  const topicArns = new Set(parts.map((part) => topicArn(stack, part)));
  return [
    {
      sid: "AlarmsEncryptMessages",
      principals: CLOUDWATCH,
      ...use,
      conditions: fromAlarms(stack),
    },
    {
      sid: "RulesEncryptMessages",
      principals: EVENTBRIDGE,
      ...use,
      // EventBridge supports no aws:SourceArn or aws:SourceAccount condition in a key policy either.
      conditions: [["StringEquals", "kms:EncryptionContext:aws:sns:topicArn", ...topicArns]],
    },
  ];
}

/** Matches calls for alarms of this environment. */
function fromAlarms(stack: CipherwatchStack): readonly Condition[] {
  const alarms = `alarm:${resourceName(stack.settings.env, "*")}`;
  return fromSource(stack, stack.regionalArn("cloudwatch", alarms));
}
