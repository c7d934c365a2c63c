import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { detectionNamespace, resourceName } from "../../common/naming.ts";
import { addressWildcard } from "../../common/subnets.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { FLOW_LOG_FIELDS, type FlowLogField } from "../flow-log-format.ts";

const ID = "rejected-traffic";

const PERIOD_SECONDS = 300;

export interface RejectedTrafficAlarmProps {
  readonly flowLogGroupName: string;
  readonly vpcCidr: string;
  readonly topicArn: string;
}

/**
 * Alarms when something inside the VPC repeatedly opens connections that security groups reject. Rejected
 * connections from the internet are constant background noise and do not count.
 */
export class RejectedTrafficAlarm extends Construct {
  constructor(scope: Construct, id: string, props: RejectedTrafficAlarmProps) {
    super(scope, id);
    const { flowLogGroupName, vpcCidr, topicArn } = props;
    const { env, rejectedConnections } = CipherwatchStack.of(this).settings;
    const namespace = detectionNamespace(env);
    new CloudwatchLogMetricFilter(this, "Filter", {
      name: resourceName(env, ID),
      logGroupName: flowLogGroupName,
      pattern: rejectedTrafficPattern(vpcCidr),
      metricTransformation: {
        namespace,
        name: ID,
        value: "1",
        defaultValue: "0",
        unit: "Count",
      },
    });
    new CloudwatchMetricAlarm(this, "Alarm", {
      alarmName: resourceName(env, ID),
      alarmDescription: description(flowLogGroupName, vpcCidr, rejectedConnections),
      namespace,
      metricName: ID,
      statistic: "Sum",
      period: PERIOD_SECONDS,
      // Flow logs arrive minutes late; evaluate three periods to include data that arrived late.
      evaluationPeriods: 3,
      datapointsToAlarm: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: rejectedConnections,
      treatMissingData: "notBreaching",
      actionsEnabled: true,
      alarmActions: [topicArn],
    });
  }
}

/** Filter pattern that matches rejected connections from addresses of the VPC. */
export function rejectedTrafficPattern(vpcCidr: string): string {
  const conditions: Partial<Record<FlowLogField, string>> = {
    srcaddr: addressWildcard(vpcCidr),
    action: "REJECT",
  };
  const last = FLOW_LOG_FIELDS.indexOf("action");
  const fields = FLOW_LOG_FIELDS.slice(0, last + 1).map((field) => {
    const name = field.replaceAll("-", "_");
    return conditions[field] === undefined ? name : `${name} = ${conditions[field]}`;
  });
  return `[${[...fields, "..."].join(", ")}]`;
}

function description(logGroupName: string, vpcCidr: string, threshold: number): string {
  const addresses = addressWildcard(vpcCidr).replace("*", "").replaceAll(".", "\\.");
  const query = [
    'parse @message "* * * * * * * *" as version, account, interface, source, destination, sourcePort, port, rest',
    `filter rest like / REJECT / and source like /^${addresses}/`,
    "stats count() as rejected by interface, source, destination, port",
    "sort rejected desc",
  ].join(" | ");
  return [
    `Connections rejected inside the VPC (medium): ${threshold} or more in ${PERIOD_SECONDS / 60} minutes.`,
    "Something in the VPC opens connections that no security group allows: a compromised task that scans the network, or a connection that a change blocked by mistake.",
    "1. Run the query below to see sources and destinations. The description of the network interface shows what it belongs to.",
    "2. A task that tries many addresses or ports: stop it, keep its logs and examine what it runs.",
    "3. A single destination that should be reachable: compare the security groups with the last deployment.",
    "A few rejected packets while tasks are replaced belong to connections that are already closed.",
    `Logs Insights on ${logGroupName}: ${query}`,
  ].join("\n");
}
