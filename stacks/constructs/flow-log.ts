import { FlowLog as AwsFlowLog } from "@cdktf/provider-aws/lib/flow-log/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import { Construct } from "constructs";
import { keyAlias, resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { FLOW_LOG_FORMAT } from "../flow-log-format.ts";
import { EncryptionKey, grantLogGroups } from "./encryption-key.ts";
import { encryptedLogGroup } from "./log-group.ts";
import { policyJson, servicePrincipal } from "./policy.ts";

export interface FlowLogProps {
  readonly vpcId: string;
  readonly logGroupName: string;
}

/** Every connection within, into and out of a VPC, taken or refused, in an encrypted log group. */
export class FlowLog extends Construct {
  constructor(scope: Construct, id: string, { vpcId, logGroupName }: FlowLogProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env } = stack.settings;
    const key = new EncryptionKey(this, "Key", {
      alias: keyAlias(env, "flow-log"),
      description: `Encrypts the flow log of cipherwatch ${env}`,
      grants: [grantLogGroups(stack, logGroupName)],
    });
    const logGroup = encryptedLogGroup(this, "LogGroup", {
      name: logGroupName,
      keyArn: key.keyArn,
    });
    const role = this.#deliveryRole(`${logGroup.arn}:*`);
    new AwsFlowLog(this, "Resource", {
      vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: logGroup.arn,
      logFormat: FLOW_LOG_FORMAT,
      maxAggregationInterval: 60, // the default of ten minutes would keep the alarm waiting
      iamRoleArn: role.arn,
      tags: { Name: resourceName(env, "flow-log") },
      dependsOn: [role.permissions],
    });
  }

  /** https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without making log groups. */
  #deliveryRole(logGroupContents: string) {
    const stack = CipherwatchStack.of(this);
    const role = new IamRole(this, "Role", {
      name: resourceName(stack.settings.env, "flow-log"),
      description: "VPC flow logs write to their log group",
      assumeRolePolicy: policyJson(this, "Trust", [
        {
          sid: "FlowLogsAssume",
          principals: servicePrincipal("vpc-flow-logs.amazonaws.com"),
          actions: ["sts:AssumeRole"],
          conditions: [
            ["StringEquals", "aws:SourceAccount", stack.accountId],
            ["ArnLike", "aws:SourceArn", stack.regionalArn("ec2", "vpc-flow-log/*")],
          ],
        },
      ]),
    });
    const permissions = new IamRolePolicy(this, "Permissions", {
      name: "write-flow-log",
      role: role.name,
      policy: policyJson(this, "Delivery", [
        {
          sid: "WriteFlowLog",
          actions: [
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
          ],
          resources: [logGroupContents],
        },
      ]),
    });
    return { arn: role.arn, permissions };
  }
}
