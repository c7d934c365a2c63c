import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { detectionNamespace, resourceName } from "../../common/naming.ts";
import { addressWildcard } from "../../common/subnets.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { FLOW_LOG_FIELDS, type FlowLogField } from "../flow-log-format.ts";

const ID = "rejected-traffic";

/** Seconds over which refusals are summed. */
const PERIOD = 300;

export interface RejectedTrafficAlarmProps {
  readonly flowLogGroupName: string;
  readonly vpcCidr: string;
  readonly topicArn: string;
}

/**
 * Tells when something inside the VPC keeps trying what the security groups refuse. What the internet
 * tries at the load balancer's addresses is refused all day long and is no news.
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
      period: PERIOD,
      // Flow logs come minutes late, and one period alone is looked at no more when they do.
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

/** Filter pattern for the records of refused connections that come from an address of the VPC. */
export function rejectedTrafficPattern(vpcCidr: string): string {
  const wanted: Partial<Record<FlowLogField, string>> = {
    srcaddr: addressWildcard(vpcCidr),
    action: "REJECT",
  };
  const last = FLOW_LOG_FIELDS.indexOf("action");
  const fields = FLOW_LOG_FIELDS.slice(0, last + 1).map((field) => {
    const name = field.replaceAll("-", "_");
    return wanted[field] === undefined ? name : `${name} = ${wanted[field]}`;
  });
  return `[${[...fields, "..."].join(", ")}]`;
}

function description(logGroupName: string, vpcCidr: string, threshold: number): string {
  const inside = addressWildcard(vpcCidr).replace("*", "").replaceAll(".", "\\.");
  const query = [
    'parse @message "* * * * * * * *" as version, account, interface, source, destination, sourcePort, port, rest',
    `filter rest like / REJECT / and source like /^${inside}/`,
    "stats count() as refusals by interface, source, destination, port",
    "sort refusals desc",
  ].join(" | ");
  return [
    `Connections refused inside the VPC (medium): ${threshold} or more in ${PERIOD / 60} minutes.`,
    "Something in the VPC tries to reach what no security group lets it reach: a task that was broken into and looks around, or a way that a change closed by mistake.",
    "1. Run the query below and see who tries what. The interface's description tells whose it is.",
    "2. A task that tries many addresses or ports: stop it, keep its logs, and look at what it runs.",
    "3. One destination that should work: compare the security groups with the last deployment.",
    "A few refusals as tasks are replaced are packets of connections already closed.",
    `Logs Insights on ${logGroupName}: ${query}`,
  ].join("\n");
}
