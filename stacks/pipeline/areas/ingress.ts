import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
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
      allow(
        "ManageLoadBalancer",
        [elb(`loadbalancer/app/${name}`), elb(`listener/app/${name}`)],
        [
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
      ),
      allow(
        "CreateTargetGroups",
        targetGroups,
        ["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateTargetGroup"],
        ...setsTags(stack),
      ),
      allow(
        "ManageTargetGroups",
        targetGroups,
        [
          "elasticloadbalancing:AddTags",
          "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:RemoveTags",
        ],
        ...hasTags(stack),
      ),
    ],
  };
}

/** The listener rule that ECS changes to shift requests between two versions, unless the strategy is rolling. */
export function requestShifting(stack: CipherwatchStack): Area {
  if (stack.settings.deploymentStrategy === "rolling") return { read: [], write: [] };
  const name = resourceName(stack.settings.env, "*");
  const elb = (resource: string) => stack.regionalArn("elasticloadbalancing", resource);
  return {
    read: [onAllResources(stack, "DescribeRules", ["elasticloadbalancing:DescribeRules"])],
    write: [
      allow(
        "ManageRule",
        [elb(`listener/app/${name}`), elb(`listener-rule/app/${name}`)],
        [
          "elasticloadbalancing:AddTags",
          "elasticloadbalancing:CreateRule",
          "elasticloadbalancing:DeleteRule",
          "elasticloadbalancing:ModifyRule",
          "elasticloadbalancing:RemoveTags",
          "elasticloadbalancing:SetRulePriorities",
        ],
      ),
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
      allow("ReadWebAcl", resources, [
        "wafv2:GetLoggingConfiguration",
        "wafv2:GetWebACL",
        "wafv2:GetWebACLForResource",
        "wafv2:ListTagsForResource",
      ]),
    ],
    write: [
      onAllResources(stack, "SetWebAcls", ["elasticloadbalancing:SetWebAcl"]),
      allow(
        "ManageWebAcl",
        [
          ...resources,
          stack.regionalArn("wafv2", "regional/managedruleset/*"), // the rule groups of the web ACL
        ],
        [
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
      ),
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
      allow(
        "ReadCertificate",
        certificates,
        ["acm:DescribeCertificate", "acm:ListTagsForCertificate"],
        ...hasTags(stack),
      ),
      allow("ReadRecords", zone, ["route53:GetHostedZone", "route53:ListResourceRecordSets"]),
    ],
    write: [
      onAllResources(stack, "RequestCertificate", ["acm:RequestCertificate"], ...setsTags(stack)),
      allow(
        "TagRequestedCertificate",
        certificates,
        ["acm:AddTagsToCertificate"],
        ...setsTags(stack),
      ),
      allow(
        "ManageCertificate",
        certificates,
        ["acm:DeleteCertificate", "acm:RemoveTagsFromCertificate"],
        ...hasTags(stack),
      ),
      allow("ChangeRecords", zone, ["route53:ChangeResourceRecordSets"]),
      allow("AwaitRecords", [`arn:${stack.partition}:route53:::change/*`], ["route53:GetChange"]),
    ],
  };
}
