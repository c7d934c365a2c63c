import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic/index.js";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy/index.js";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  type Condition,
  denyWithoutTls,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./policy.ts";

const CLOUDWATCH = servicePrincipal("cloudwatch.amazonaws.com");
const EVENTBRIDGE = servicePrincipal("events.amazonaws.com");

export interface AlarmTopicProps {
  /** Last part of the topic's name. */
  readonly part: string;
  readonly displayName: string;
  /** A key whose policy holds `grantAlarmTopics` for this part. */
  readonly keyArn: string;
  /** Whom it mails. Each must confirm the subscription by the first mail. */
  readonly email: string;
}

/** A topic that this environment's alarms and rules publish to, and that mails. */
export class AlarmTopic extends Construct {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, { part, displayName, keyArn, email }: AlarmTopicProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const topic = new SnsTopic(this, "Resource", {
      name: resourceName(stack.settings.env, part),
      displayName,
      kmsMasterKeyId: keyArn,
    });
    this.topicArn = topic.arn;
    new SnsTopicPolicy(this, "Policy", {
      arn: topic.arn,
      policy: policyJson(this, "Access", admitPublishers(stack, topicArn(stack, part))),
    });
    new SnsTopicSubscription(this, "Mail", {
      topicArn: topic.arn,
      protocol: "email",
      endpoint: email,
    });
  }
}

function topicArn(stack: CipherwatchStack, part: string): string {
  return stack.regionalArn("sns", resourceName(stack.settings.env, part));
}

function admitPublishers(stack: CipherwatchStack, topic: string): Statement[] {
  const publish = { actions: ["sns:Publish"], resources: [topic] };
  return [
    denyWithoutTls(publish.actions, publish.resources),
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
      // Nothing narrower: EventBridge meets no condition in a topic's policy, and drops the message.
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    },
  ];
}

/**
 * Lets the alarms and rules of this environment publish to encrypted topics. With AWS's own key for
 * SNS, or without this, an alarm changes its state and its mail is dropped in silence.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export function grantAlarmTopics(
  stack: CipherwatchStack,
  keyArns: readonly string[],
  ...parts: readonly [string, ...string[]]
): Statement[] {
  const use = { actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: keyArns };
  const [first, ...others] = parts.map((part) => topicArn(stack, part)) as [string, ...string[]];
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
      // EventBridge supports no aws:Source… condition in the key's policy either.
      conditions: [["StringEquals", "kms:EncryptionContext:aws:sns:topicArn", first, ...others]],
    },
  ];
}

/** What comes from an alarm of this account that is named after this environment. */
function fromAlarms(stack: CipherwatchStack): Condition[] {
  const alarms = stack.regionalArn("cloudwatch", `alarm:${resourceName(stack.settings.env, "*")}`);
  return [
    ["StringEquals", "aws:SourceAccount", stack.accountId],
    ["ArnLike", "aws:SourceArn", alarms],
  ];
}
