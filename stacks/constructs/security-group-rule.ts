import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js";
import type { Construct } from "constructs";

/** The other end of a connection. */
export type Peer =
  | { readonly cidrIpv4: string }
  | { readonly referencedSecurityGroupId: string }
  /** AWS's own ranges, such as those of S3 in a region. */
  | { readonly prefixListId: string };

export interface TcpRuleProps {
  readonly securityGroupId: string;
  readonly peer: Peer;
  readonly port: number;
  /** Who reaches whom and for what; at most 255 of the characters that EC2 allows. */
  readonly description: string;
}

/** Lets the peer open TCP connections to the group's members. */
export function admitTcp(scope: Construct, id: string, props: TcpRuleProps) {
  return new VpcSecurityGroupIngressRule(scope, id, toRule(props));
}

/** Lets the group's members open TCP connections to the peer. */
export function reachTcp(scope: Construct, id: string, props: TcpRuleProps) {
  return new VpcSecurityGroupEgressRule(scope, id, toRule(props));
}

function toRule({ securityGroupId, peer, port, description }: TcpRuleProps) {
  return {
    securityGroupId,
    ...peer,
    ipProtocol: "tcp",
    fromPort: port,
    toPort: port,
    description,
  };
}
