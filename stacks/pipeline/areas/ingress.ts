import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { type Area, hasTags, onAllResources, setsTags } from "./area.ts";

/** The load balancer with its listeners and target groups. */
export function loadBalancer(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const elb = (resource: string) => stack.regionalArn("elasticloadbalancing", resource);
  const targetGroups = [elb("targetgroup/*")]; // Terraform generates the names
  return {
    read: [
      onAllResources(stack, "DescribeLoadBalancing", [
        "elasticloadbalancing:DescribeCapacityReservation",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
      ]),
    ],
    write: [
      {
        sid: "ManageLoadBalancer",
        actions: [
          "elasticloadbalancing:AddTags",
          "elasticloadbalancing:CreateListener",
          "elasticloadbalancing:CreateLoadBalancer",
          "elasticloadbalancing:CreateWebACLAssociation",
          "elasticloadbalancing:DeleteListener",
          "elasticloadbalancing:DeleteLoadBalancer",
          "elasticloadbalancing:DeleteWebACLAssociation",
          "elasticloadbalancing:GetLoadBalancerWebACL",
          "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyListenerAttributes",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "elasticloadbalancing:RemoveTags",
          "elasticloadbalancing:SetIpAddressType",
          "elasticloadbalancing:SetSecurityGroups",
          "elasticloadbalancing:SetSubnets",
        ],
        resources: [elb(`loadbalancer/app/${name}`), elb(`listener/app/${name}`)],
      },
      {
        sid: "CreateTargetGroups",
        actions: ["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateTargetGroup"],
        resources: targetGroups,
        conditions: setsTags(stack),
      },
      {
        sid: "ManageTargetGroups",
        actions: [
          "elasticloadbalancing:AddTags",
          "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:RemoveTags",
        ],
        resources: targetGroups,
        conditions: hasTags(stack),
      },
    ],
  };
}

/** The web ACL, and its association with the load balancer. */
export function webAcl(stack: CipherwatchStack): Area {
  const name = resourceName(stack.settings.env, "*");
  const resources = [
    stack.regionalArn("wafv2", `regional/webacl/${name}`),
    stack.regionalArn("elasticloadbalancing", `loadbalancer/app/${name}`),
  ];
  return {
    read: [
      {
        sid: "ReadWebAcl",
        actions: [
          "wafv2:GetLoggingConfiguration",
          "wafv2:GetWebACL",
          "wafv2:GetWebACLForResource",
          "wafv2:ListTagsForResource",
        ],
        resources,
      },
    ],
    write: [
      onAllResources(stack, "SetWebAcls", ["elasticloadbalancing:SetWebAcl"]),
      {
        sid: "ManageWebAcl",
        actions: [
          "wafv2:AssociateWebACL",
          "wafv2:CreateWebACL",
          "wafv2:DeleteLoggingConfiguration",
          "wafv2:DeleteWebACL",
          "wafv2:DisassociateWebACL",
          "wafv2:PutLoggingConfiguration",
          "wafv2:TagResource",
          "wafv2:UntagResource",
          "wafv2:UpdateWebACL",
        ],
        resources: [
          ...resources,
          stack.regionalArn("wafv2", "regional/managedruleset/*"), // the rule groups of the web ACL
        ],
      },
    ],
  };
}

/** The certificate and DNS records, if the settings have a domain. */
export function domain(stack: CipherwatchStack): Area {
  const { hostedZoneId } = stack.settings;
  if (hostedZoneId === undefined) return { read: [], write: [] };
  const certificates = [stack.regionalArn("acm", "certificate/*")];
  const zone = [`arn:${stack.partition}:route53:::hostedzone/${hostedZoneId}`];
  return {
    read: [
      {
        sid: "ReadCertificate",
        actions: ["acm:DescribeCertificate", "acm:ListTagsForCertificate"],
        resources: certificates,
        conditions: hasTags(stack),
      },
      {
        sid: "ReadRecords",
        actions: ["route53:GetHostedZone", "route53:ListResourceRecordSets"],
        resources: zone,
      },
    ],
    write: [
      onAllResources(stack, "RequestCertificate", ["acm:RequestCertificate"], ...setsTags(stack)),
      {
        sid: "TagRequestedCertificate",
        actions: ["acm:AddTagsToCertificate"],
        resources: certificates,
        conditions: setsTags(stack),
      },
      {
        sid: "ManageCertificate",
        actions: ["acm:DeleteCertificate", "acm:RemoveTagsFromCertificate"],
        resources: certificates,
        conditions: hasTags(stack),
      },
      { sid: "ChangeRecords", actions: ["route53:ChangeResourceRecordSets"], resources: zone },
      {
        sid: "AwaitRecords",
        actions: ["route53:GetChange"],
        resources: [`arn:${stack.partition}:route53:::change/*`],
      },
    ],
  };
}
