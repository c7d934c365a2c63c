import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule/index.js";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target/index.js";
import { Construct } from "constructs";

export interface EventRuleProps {
  readonly name: string;
  readonly description: string;
  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: readonly EventTarget[];
  /** Queue of the events that a target did not take within a day. */
  readonly undeliveredArn: string;
}

export interface EventTarget {
  /** Unique among the rule's targets, and plain text. */
  readonly id: string;
  readonly arn: string;
  /** Role that EventBridge takes; none where the target's own policy admits it. */
  readonly roleArn?: string;
  /** What the target gets. The event as it is unless given. */
  readonly message?: {
    readonly paths: Readonly<Record<string, string>>;
    readonly template: string;
  };
}

/** Events of the account's default bus, to targets that lose none of them in silence. */
export class EventRule extends Construct {
  constructor(scope: Construct, id: string, props: EventRuleProps) {
    super(scope, id);
    const rule = new CloudwatchEventRule(this, "Resource", {
      name: props.name,
      description: props.description,
      eventPattern: JSON.stringify(props.pattern),
    });
    for (const { id: targetId, arn, roleArn, message } of props.targets) {
      new CloudwatchEventTarget(this, targetId, {
        rule: rule.name,
        targetId,
        arn,
        ...(roleArn === undefined ? {} : { roleArn }),
        ...(message === undefined
          ? {}
          : {
              inputTransformer: {
                inputPaths: { ...message.paths },
                inputTemplate: message.template,
              },
            }),
        deadLetterConfig: { arn: props.undeliveredArn },
      });
    }
  }
}
