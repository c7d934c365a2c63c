import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js";
import type { Construct } from "constructs";

/** The other end of a connection. */
export type Peer =
  | { readonly cidrIpv4: string }
  | { readonly referencedSecurityGroupId: string }
  /** Address ranges of an AWS service, such as S3 in a region. */
  | { readonly prefixListId: string };

export interface TcpRuleProps {
  readonly securityGroupId: string;
  readonly peer: Peer;
  readonly port: number;
  /** Up to 255 of the characters that EC2 allows: letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`. */
  readonly description: string;
}

/** Allows TCP connections from the peer to members of the group. */
export function allowTcpFrom(scope: Construct, id: string, props: TcpRuleProps) {
  return new VpcSecurityGroupIngressRule(scope, id, toRule(props));
}

/** Allows TCP connections from members of the group to the peer. */
export function allowTcpTo(scope: Construct, id: string, props: TcpRuleProps) {
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
