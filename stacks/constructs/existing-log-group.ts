import { DataAwsCloudwatchLogGroup } from "@cdktf/provider-aws/lib/data-aws-cloudwatch-log-group/index.js";
import { DataAwsCloudwatchLogGroups } from "@cdktf/provider-aws/lib/data-aws-cloudwatch-log-groups/index.js";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

/**
 * Fails the plan unless the log group of an existing trail is in this account and region, and can have
 * metric filters. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
 */
export class ExistingLogGroup extends Construct {
  constructor(scope: Construct, id: string, { name }: { readonly name: string }) {
    super(scope, id);
    const { accountId, settings } = CipherwatchStack.of(this);
    // Lists log groups first, because a look-up of one that does not exist fails without saying where it looked.
    const groups = new DataAwsCloudwatchLogGroups(this, "Names", {
      logGroupNamePrefix: name,
      lifecycle: {
        postcondition: [
          {
            condition: `\${contains(self.log_group_names, "${name}")}`,
            errorMessage: `Account ${accountId} has no log group ${name} in ${settings.region}, which CIPHERWATCH_TRAIL_LOG_GROUP names. Metric filters and alarms must be in the account and region of the log group; that of an organization trail is in the management account or the account of the delegated administrator.`,
          },
        ],
      },
    });
    new DataAwsCloudwatchLogGroup(this, "Group", {
      name,
      dependsOn: [groups],
      lifecycle: {
        postcondition: [
          {
            condition: `\${!contains(["INFREQUENT_ACCESS", "DELIVERY"], self.log_group_class)}`,
            errorMessage: `The log group ${name} has the class \${self.log_group_class}, which supports no metric filters. Let the trail deliver to a log group of the class STANDARD.`,
          },
        ],
      },
    });
  }
}
