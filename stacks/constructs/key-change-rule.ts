import { Construct } from "constructs";
import { resourceName, UNDELIVERED_QUEUE, URGENT_TOPIC } from "../../common/naming.ts";
import { changeNotificationMessage } from "../../detections/change-notification.ts";
import { runbookUrl } from "../../detections/cloudwatch-names.ts";
import { KEY_CHANGES, kmsKeyChange } from "../../detections/kms-key-change.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { topicArn } from "./alarm-topic.ts";
import { EventRule } from "./event-rule.ts";

export interface KeyChangeRuleProps {
  readonly keyArn: string;
  /** First part of the rule's name, such as `state`. */
  readonly part: string;
  /** What the key encrypts, such as "the Terraform states". */
  readonly encrypts: string;
}

/**
 * Notifies the urgent topic of changes of a KMS key that the alarm stack cannot refer to, because it is
 * deployed without the key's stack or may not read its state. The topic and the queue are in the alarm stack,
 * which may be deployed later, so the rule names them instead of referring to them.
 */
export class KeyChangeRule extends Construct {
  constructor(scope: Construct, id: string, { keyArn, part, encrypts }: KeyChangeRuleProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env, githubRepository } = stack.settings;
    const title = `The KMS key of ${encrypts} was disabled, or access to it was changed`;
    new EventRule(this, "Rule", {
      name: resourceName(env, `${part}-key-change`),
      description: title,
      pattern: {
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: {
          eventSource: ["kms.amazonaws.com"],
          eventName: KEY_CHANGES,
          resources: { ARN: [keyArn] },
        },
      },
      targets: [
        {
          id: "Topic",
          arn: topicArn(stack, URGENT_TOPIC),
          message: changeNotificationMessage(
            { ...kmsKeyChange, title },
            runbookUrl(kmsKeyChange, githubRepository),
            "No alarm follows: only this rule reports changes of this key.",
          ),
        },
      ],
      undeliveredArn: stack.regionalArn("sqs", resourceName(env, UNDELIVERED_QUEUE)),
    });
  }
}
