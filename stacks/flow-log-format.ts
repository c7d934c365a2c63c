/**
 * Fields of a flow log record, in order. The first fourteen are AWS's default format.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
export const FLOW_LOG_FIELDS = [
  "version",
  "account-id",
  "interface-id",
  "srcaddr",
  "dstaddr",
  "srcport",
  "dstport",
  "protocol",
  "packets",
  "bytes",
  "start",
  "end",
  "action",
  "log-status",
  "subnet-id",
  "tcp-flags",
  "flow-direction",
  "pkt-srcaddr",
  "pkt-dstaddr",
] as const;

export type FlowLogField = (typeof FLOW_LOG_FIELDS)[number];

/** The format that EC2 expects, `${version} ${account-id} …`, with each `$` escaped for Terraform. */
export const FLOW_LOG_FORMAT = FLOW_LOG_FIELDS.map((field) => `$\${${field}}`).join(" ");
