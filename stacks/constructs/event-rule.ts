import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule/index.js";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target/index.js";
import { Construct } from "constructs";

export interface EventRuleProps {
  readonly name: string;
  readonly description: string;
  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: readonly EventTarget[];
  /** Dead-letter queue for events that EventBridge could not deliver to a target within a day. */
  readonly undeliveredArn: string;
}

export interface EventTarget {
  /** Unique within the rule; also the construct id. */
  readonly id: string;
  readonly arn: string;
  /** The role that EventBridge assumes. Not needed for targets with a resource policy. */
  readonly roleArn?: string;
  /** An input transformer. Default: the unchanged event. */
  readonly message?: {
    readonly paths: Readonly<Record<string, string>>;
    readonly template: string;
  };
}

/** Routes events of the default event bus to targets, with a dead-letter queue. */
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
