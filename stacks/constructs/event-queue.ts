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
  viaService,
} from "./policy.ts";

/** Fourteen days, the longest retention of SQS. */
const RETENTION_SECONDS = 1_209_600;

export interface EventQueueProps {
  /** Last part of the queue's name, such as `undelivered`. */
  readonly part: string;
  /** A KMS key whose policy includes `grantEventQueues` for this part. Undefined for the key that SQS owns. */
  readonly keyArn: string | undefined;
}

/** An encrypted queue that receives events from this environment's rules and keeps them for 14 days. */
export class EventQueue extends Construct {
  readonly queueArn: string;
  readonly queueName: string;

  constructor(scope: Construct, id: string, { part, keyArn }: EventQueueProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const queue = new SqsQueue(this, "Resource", {
      name: resourceName(stack.settings.env, part),
      ...(keyArn === undefined ? { sqsManagedSseEnabled: true } : { kmsMasterKeyId: keyArn }),
      messageRetentionSeconds: RETENTION_SECONDS,
    });
    this.queueArn = queue.arn;
    this.queueName = queue.name;
    new SqsQueuePolicy(this, "Policy", {
      queueUrl: queue.url,
      policy: policyJson(this, "Access", allowRules(stack, queueArn(stack, part))),
    });
  }
}

function queueArn(stack: CipherwatchStack, part: string): string {
  return stack.regionalArn("sqs", resourceName(stack.settings.env, part));
}

function allowRules(stack: CipherwatchStack, queue: string): Statement[] {
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
 * Lets rules send to queues that are encrypted with a key, and lets principals who may receive messages
 * decrypt them.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
export function grantEventQueues(
  stack: CipherwatchStack,
  keyArns: readonly string[],
  ...parts: readonly string[]
): Statement[] {
  const queueArns = parts.map((part) => queueArn(stack, part));
  return [
    {
      sid: "RulesEncryptEvents",
      principals: servicePrincipal("events.amazonaws.com"),
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: keyArns,
      conditions: [["StringEquals", "kms:EncryptionContext:aws:sqs:arn", ...queueArns]],
    },
    {
      sid: "ReadersDecryptThroughSqs",
      principals: accountPrincipals(stack),
      actions: ["kms:Decrypt"],
      resources: keyArns,
      conditions: [viaService(stack, "sqs")],
    },
  ];
}
