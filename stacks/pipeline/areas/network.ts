import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { type Area, hasTags, onAllResources, setsTags, UNTAGGED } from "./area.ts";

const RESOURCE_TYPES = [
  "elastic-ip",
  "internet-gateway",
  "natgateway",
  "route-table",
  "security-group",
  "security-group-rule",
  "subnet",
  "vpc",
  "vpc-endpoint",
  "vpc-flow-log",
] as const;

/** Also the values of the condition key `ec2:CreateAction`. */
const CREATE_ACTIONS = [
  "AllocateAddress",
  "AuthorizeSecurityGroupEgress",
  "AuthorizeSecurityGroupIngress",
  "CreateFlowLogs",
  "CreateInternetGateway",
  "CreateNatGateway",
  "CreateRouteTable",
  "CreateSecurityGroup",
  "CreateSubnet",
  "CreateVpc",
  "CreateVpcEndpoint",
] as const;

const DESCRIBE_ACTIONS = [
  "ec2:DescribeAccountAttributes", // called by ELB and RDS with the permissions of the caller
  "ec2:DescribeAddresses",
  "ec2:DescribeAddressesAttribute",
  "ec2:DescribeAvailabilityZones",
  "ec2:DescribeFlowLogs",
  "ec2:DescribeInternetGateways",
  "ec2:DescribeManagedPrefixLists",
  "ec2:DescribeNatGateways",
  "ec2:DescribeNetworkAcls",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribePrefixLists",
  "ec2:DescribeRouteTables",
  "ec2:DescribeSecurityGroupRules",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcEndpoints",
  "ec2:DescribeVpcs",
] as const;

const CHANGE_ACTIONS = [
  "ec2:AssociateRouteTable",
  "ec2:AttachInternetGateway",
  "ec2:CreateRoute",
  "ec2:CreateTags",
  "ec2:DeleteFlowLogs",
  "ec2:DeleteInternetGateway",
  "ec2:DeleteNatGateway",
  "ec2:DeleteRoute",
  "ec2:DeleteRouteTable",
  "ec2:DeleteSecurityGroup",
  "ec2:DeleteSubnet",
  "ec2:DeleteTags",
  "ec2:DeleteVpc",
  "ec2:DeleteVpcEndpoints",
  "ec2:DetachInternetGateway",
  "ec2:DisassociateAddress",
  "ec2:DisassociateRouteTable",
  "ec2:ModifySecurityGroupRules",
  "ec2:ModifySubnetAttribute",
  "ec2:ModifyVpcAttribute",
  "ec2:ModifyVpcEndpoint",
  "ec2:ReleaseAddress",
  "ec2:ReplaceRoute",
  "ec2:RevokeSecurityGroupEgress",
  "ec2:RevokeSecurityGroupIngress",
] as const;

/** The VPC and everything in it. EC2 generates the ids, so tags restrict the permissions. */
export function network(stack: CipherwatchStack): Area {
  const arns = (types: readonly (typeof RESOURCE_TYPES)[number][]) =>
    types.map((type) => stack.regionalArn("ec2", `${type}/*`));
  const { vpcId, vpcEndpoints, region } = stack.settings;
  const existingVpc = vpcId === undefined ? [] : [stack.regionalArn("ec2", `vpc/${vpcId}`)];
  const creations = CREATE_ACTIONS.map((action) => `ec2:${action}`);
  return {
    read: [
      onAllResources(stack, "DescribeNetwork", DESCRIBE_ACTIONS),
      allow(
        "DescribeVpcAttributes",
        arns(["vpc"]),
        ["ec2:DescribeVpcAttribute"],
        ...hasTags(stack),
      ),
      // An existing VPC lacks our tags.
      ...(existingVpc.length > 0
        ? [allow("DescribeExistingVpc", existingVpc, ["ec2:DescribeVpcAttribute"])]
        : []),
      allow(
        "ReadAwsPrefixLists",
        [`arn:${stack.partition}:ec2:${stack.settings.region}:aws:prefix-list/*`],
        ["ec2:GetManagedPrefixListEntries"],
      ),
    ],
    write: [
      // Creating a resource needs both statements: the first for the new resource, which gets its tags
      // in the same call, the second for the existing resource that contains it, such as the VPC.
      allow("Create", arns(RESOURCE_TYPES), creations, ...setsTags(stack)),
      allow(
        "ChangeAndDelete",
        arns(RESOURCE_TYPES),
        [...creations, ...CHANGE_ACTIONS],
        ...hasTags(stack),
      ),
      allow("TagWhatIsCreated", arns(RESOURCE_TYPES), ["ec2:CreateTags"], ...setsTags(stack), [
        "StringEquals",
        "ec2:CreateAction",
        ...CREATE_ACTIONS,
      ]),
      // ELB calls this with the permissions of whoever sets a load balancer's security groups:
      // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
      allow("LetElbFindGroups", arns(["vpc"]), ["ec2:GetSecurityGroupsForVpc"], ...hasTags(stack)),
      ...(existingVpc.length > 0
        ? [
            allow("CreateGroupsInExistingVpc", existingVpc, [
              "ec2:CreateSecurityGroup",
              "ec2:GetSecurityGroupsForVpc",
            ]),
          ]
        : []),
      // EC2 calls this for the private DNS names of interface endpoints, with the permissions of whoever creates them:
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      ...(vpcEndpoints
        ? [
            allow(
              "LetEndpointsHaveNames",
              [`arn:${stack.partition}:route53:::hostedzone/*`],
              ["route53:AssociateVPCWithHostedZone"],
              ["ForAllValues:StringLike", "route53:VPCs", `VPCId=*,VPCRegion=${region}`],
            ),
          ]
        : []),
      // AWS creates the VPC's default group without tags. Terraform tags it and removes its rules.
      allow(
        "AdoptDefaultGroup",
        arns(["security-group"]),
        ["ec2:CreateTags"],
        ...setsTags(stack),
        UNTAGGED,
      ),
    ],
  };
}
