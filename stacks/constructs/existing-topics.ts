import { DataAwsSnsTopic } from "@cdktf/provider-aws/lib/data-aws-sns-topic/index.js";
import { TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { grantPublishing } from "./alarm-topic.ts";
import { policyJson, type Statement } from "./policy.ts";

export interface ExistingTopicsProps {
  readonly topicArns: readonly string[];
  /** Statements that the policy of the topics' key needs, if they have one. */
  readonly keyGrants: readonly Statement[];
}

/**
 * Topics that the account had before. Fails the plan if one is not in this account and region.
 *
 * Their policies belong to their owner, and no data source of Terraform reads them, so outputs show the
 * statements that they need.
 */
export class ExistingTopics extends Construct {
  constructor(scope: Construct, id: string, { topicArns, keyGrants }: ExistingTopicsProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const arns = [...new Set(topicArns)];
    for (const [index, arn] of arns.entries()) {
      new DataAwsSnsTopic(this, `Topic${index + 1}`, {
        name: arn.slice(arn.lastIndexOf(":") + 1),
        lifecycle: {
          postcondition: [
            {
              condition: `\${self.arn == "${arn}"}`,
              errorMessage: `${arn} is not a topic of account ${stack.accountId} and ${stack.settings.region}, but \${self.arn} is. Alarms publish to topics of their own account and region only.`,
            },
          ],
        },
      });
    }
    new TerraformOutput(stack, "TopicPolicyStatements", {
      value: policyJson(this, "Publishing", grantPublishing(stack, ...arns)),
    });
    new TerraformOutput(stack, "TopicKeyPolicyStatements", {
      value: policyJson(this, "Encryption", keyGrants),
    });
  }
}
