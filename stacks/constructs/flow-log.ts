import { FlowLog as AwsFlowLog } from "@cdktf/provider-aws/lib/flow-log/index.js";
import { Construct } from "constructs";
import { keyAlias, resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { FLOW_LOG_FORMAT } from "../flow-log-format.ts";
import { type AwsServiceRole, awsServiceRole } from "./aws-service-role.ts";
import { grantLogGroups, supportingKey } from "./encryption-key.ts";
import { encryptedLogGroup } from "./log-group.ts";
import { allow, fromSource } from "./policy.ts";

export interface FlowLogProps {
  readonly vpcId: string;
  readonly logGroupName: string;
}

/** Logs all accepted and rejected traffic of a VPC to an encrypted log group. */
export class FlowLog extends Construct {
  /** KMS key of the log group. Undefined if CloudWatch Logs owns it. */
  readonly keyArn: string | undefined;

  constructor(scope: Construct, id: string, { vpcId, logGroupName }: FlowLogProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env } = stack.settings;
    this.keyArn = supportingKey(this, "Key", {
      alias: keyAlias(env, "flow-log"),
      description: `Encrypts the flow log of cipherwatch ${env}`,
      grants: [grantLogGroups(stack, logGroupName)],
    });
    const logGroup = encryptedLogGroup(this, "LogGroup", {
      name: logGroupName,
      keyArn: this.keyArn,
    });
    const role = this.#deliveryRole(`${logGroup.arn}:*`);
    new AwsFlowLog(this, "Resource", {
      vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: logGroup.arn,
      logFormat: FLOW_LOG_FORMAT,
      maxAggregationInterval: 60, // seconds; the default of ten minutes would delay the alarm
      iamRoleArn: role.roleArn,
      tags: { Name: resourceName(env, "flow-log") },
      dependsOn: [role.permissions],
    });
  }

  /**
   * Grants the permissions that AWS documents, except for creating log groups.
   * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
   */
  #deliveryRole(logGroupContents: string): AwsServiceRole {
    const stack = CipherwatchStack.of(this);
    return awsServiceRole(this, "", {
      name: resourceName(stack.settings.env, "flow-log"),
      description: "Lets VPC Flow Logs write to the log group",
      service: "vpc-flow-logs.amazonaws.com",
      trustSid: "FlowLogsAssume",
      trustConditions: fromSource(stack, stack.regionalArn("ec2", "vpc-flow-log/*")),
      policyId: "Delivery",
      policyName: "write-flow-log",
      permissions: [
        allow(
          "WriteFlowLog",
          [logGroupContents],
          [
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
          ],
        ),
      ],
    });
  }
}
