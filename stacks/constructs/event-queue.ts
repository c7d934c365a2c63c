import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue/index.js";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  accountPrincipals,
  denyWithoutTls,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./policy.ts";

const FOURTEEN_DAYS = 1_209_600;

export interface EventQueueProps {
  /** Last part of the queue's name. */
  readonly part: string;
  /** A key whose policy holds `grantEventQueues` for this part. */
  readonly keyArn: string;
}

/** An encrypted queue that this environment's rules send events to; they stay for two weeks. */
export class EventQueue extends Construct {
  readonly queueArn: string;
  readonly queueName: string;

  constructor(scope: Construct, id: string, { part, keyArn }: EventQueueProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const queue = new SqsQueue(this, "Resource", {
      name: resourceName(stack.settings.env, part),
      kmsMasterKeyId: keyArn,
      messageRetentionSeconds: FOURTEEN_DAYS,
    });
    this.queueArn = queue.arn;
    this.queueName = queue.name;
    new SqsQueuePolicy(this, "Policy", {
      queueUrl: queue.url,
      policy: policyJson(this, "Access", admitRules(stack, queueArn(stack, part))),
    });
  }
}

function queueArn(stack: CipherwatchStack, part: string): string {
  return stack.regionalArn("sqs", resourceName(stack.settings.env, part));
}

function admitRules(stack: CipherwatchStack, queue: string): Statement[] {
  const rules = stack.regionalArn("events", `rule/${resourceName(stack.settings.env, "*")}`);
  return [
    denyWithoutTls(["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"], [queue]),
    {
      sid: "RulesSend",
      principals: servicePrincipal("events.amazonaws.com"),
      actions: ["sqs:SendMessage"],
      resources: [queue],
      conditions: [["ArnLike", "aws:SourceArn", rules]],
    },
  ];
}

/**
 * Lets rules send to encrypted queues, and whoever may receive by IAM read what they sent.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
export function grantEventQueues(
  stack: CipherwatchStack,
  keyArns: readonly string[],
  ...parts: readonly [string, ...string[]]
): Statement[] {
  const [first, ...others] = parts.map((part) => queueArn(stack, part)) as [string, ...string[]];
  return [
    {
      sid: "RulesEncryptEvents",
      principals: servicePrincipal("events.amazonaws.com"),
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: keyArns,
      conditions: [["StringEquals", "kms:EncryptionContext:aws:sqs:arn", first, ...others]],
    },
    {
      sid: "ReadersDecryptThroughSqs",
      principals: accountPrincipals(stack),
      actions: ["kms:Decrypt"],
      resources: keyArns,
      conditions: [
        ["StringEquals", "kms:ViaService", `sqs.${stack.settings.region}.amazonaws.com`],
      ],
    },
  ];
}
