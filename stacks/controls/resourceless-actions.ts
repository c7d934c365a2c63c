interface ActionGroup {
  readonly reason: string;
  readonly actions: readonly string[];
}

/**
 * Actions for which AWS supports no resource but "*", and why the stacks need them. The control
 * `iam-resource-wildcard` rejects "*" for all other actions.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const RESOURCELESS_ACTIONS: readonly ActionGroup[] = [
  {
    reason: "ECS and the pipeline sign in to the container registry",
    actions: ["ecr:GetAuthorizationToken"],
  },
  {
    reason: "ECS Exec opens its session channels",
    actions: words(`
      ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel
      ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel
    `),
  },
  {
    reason:
      "ECS Exec and Terraform look up log groups; AWS checks this action against all log groups of a region",
    actions: ["logs:DescribeLogGroups"],
  },
  {
    reason: "the pipeline finds and creates the configuration of the Slack channel",
    actions: words(`
      chatbot:CreateSlackChannelConfiguration chatbot:DescribeSlackChannelConfigurations
    `),
  },
  {
    reason: "the drift check looks up who changed a resource",
    actions: ["cloudtrail:LookupEvents"],
  },
  {
    reason: "Terraform reads the current state of resources",
    actions: words(`
      application-autoscaling:DescribeScalableTargets
      application-autoscaling:DescribeScalingPolicies
      application-autoscaling:DescribeScheduledActions cloudtrail:DescribeTrails
      cloudwatch:DescribeAlarms ec2:DescribeAccountAttributes ec2:DescribeAddresses
      ec2:DescribeAddressesAttribute ec2:DescribeAvailabilityZones ec2:DescribeFlowLogs
      ec2:DescribeInternetGateways ec2:DescribeManagedPrefixLists ec2:DescribeNatGateways
      ec2:DescribeNetworkAcls ec2:DescribeNetworkInterfaces ec2:DescribePrefixLists
      ec2:DescribeRouteTables ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups
      ec2:DescribeSubnets ec2:DescribeVpcEndpoints ec2:DescribeVpcs ecs:DescribeTaskDefinition
      elasticloadbalancing:DescribeCapacityReservation
      elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeListeners
      elasticloadbalancing:DescribeLoadBalancerAttributes
      elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeRules
      elasticloadbalancing:DescribeTags
      elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeTargetGroups
      elasticloadbalancing:DescribeTargetHealth kms:ListAliases logs:DescribeQueryDefinitions
      logs:DescribeResourcePolicies sns:ListTopics
    `),
  },
  {
    reason: "Terraform creates resources whose names AWS assigns",
    actions: ["acm:RequestCertificate", "kms:CreateKey"],
  },
  {
    reason: "Terraform replaces task definitions; AWS supports no resource for deregistering them",
    actions: ["ecs:DeregisterTaskDefinition"],
  },
  {
    reason: "Terraform manages composite alarms, which can read all alarms, and saved queries",
    actions: [
      "cloudwatch:PutCompositeAlarm",
      "logs:DeleteQueryDefinition",
      "logs:PutQueryDefinition",
    ],
  },
  {
    reason: "Terraform sets up delivery of VPC flow logs and web ACL logs",
    actions: words(`
      elasticloadbalancing:SetWebAcl logs:CreateLogDelivery logs:DeleteLogDelivery
      logs:DeleteResourcePolicy logs:PutResourcePolicy
    `),
  },
];

const actions: ReadonlySet<string> = new Set(
  RESOURCELESS_ACTIONS.flatMap((group) => group.actions),
);

export function isResourceless(action: string): boolean {
  return actions.has(action);
}

function words(list: string): readonly string[] {
  return list.trim().split(/\s+/);
}
