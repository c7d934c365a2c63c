interface ResourcelessActions {
  readonly reason: string;
  readonly actions: readonly string[];
}

/**
 * Actions for which AWS offers no resource but "*", and what the stacks need them for. This is the one
 * list of them: the control `iam-resource-wildcard` holds every policy to it.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const WITHOUT_RESOURCE: readonly ResourcelessActions[] = [
  {
    reason: "ECS and the pipeline sign in to the registry",
    actions: ["ecr:GetAuthorizationToken"],
  },
  {
    reason: "the agent behind commands in a container opens its channels",
    actions: [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ],
  },
  {
    reason:
      "commands in a container are logged, and Terraform finds log groups: AWS checks it against all log groups of a region, whichever is asked for",
    actions: ["logs:DescribeLogGroups"],
  },
  {
    reason: "Terraform looks at what is there",
    actions: [
      "application-autoscaling:DescribeScalableTargets",
      "application-autoscaling:DescribeScalingPolicies",
      "cloudtrail:DescribeTrails",
      "cloudwatch:DescribeAlarms",
      "ec2:DescribeAccountAttributes",
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
      "ecs:DescribeTaskDefinition",
      "elasticloadbalancing:DescribeCapacityReservation",
      "elasticloadbalancing:DescribeListenerAttributes",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "kms:ListAliases",
      "logs:DescribeQueryDefinitions",
      "logs:DescribeResourcePolicies",
    ],
  },
  {
    reason: "Terraform makes what has no name before",
    actions: ["acm:RequestCertificate", "kms:CreateKey"],
  },
  {
    reason: "Terraform replaces task definitions, whose removal AWS checks against none",
    actions: ["ecs:DeregisterTaskDefinition"],
  },
  {
    reason: "Terraform makes alarms on alarms, which see all others, and saved queries",
    actions: [
      "cloudwatch:PutCompositeAlarm",
      "logs:DeleteQueryDefinition",
      "logs:PutQueryDefinition",
    ],
  },
  {
    reason: "Terraform sets up the deliveries of flow logs and of the web ACL's log",
    actions: [
      "elasticloadbalancing:SetWebAcl",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DeleteResourcePolicy",
      "logs:PutResourcePolicy",
    ],
  },
];

const actions: ReadonlySet<string> = new Set(WITHOUT_RESOURCE.flatMap((it) => it.actions));

export function takesNoResource(action: string): boolean {
  return actions.has(action);
}
