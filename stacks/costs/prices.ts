/** Hours per month in the AWS Pricing Calculator. */
export const HOURS = 730;

export const REGION = "ap-southeast-2";
export const CHEAPER_REGION = "us-east-1";
/** When the prices were collected. */
export const AS_OF = "November 2026";

export interface Price {
  readonly usd: number;
  /** The unit that the price is for; "hour …" is multiplied by the hours of a month. */
  readonly unit: string;
  /** The AWS page with the price. */
  readonly page: string;
  /** Whether the price could not be verified for the region. Default: verified. */
  readonly approximate?: true;
}

const VPC = "https://aws.amazon.com/vpc/pricing/";
const ELB = "https://aws.amazon.com/elasticloadbalancing/pricing/";
const FARGATE = "https://aws.amazon.com/fargate/pricing/";
const RDS = "https://aws.amazon.com/rds/postgresql/pricing/";
const KMS = "https://aws.amazon.com/kms/pricing/";
const SECRETS = "https://aws.amazon.com/secrets-manager/pricing/";
const WAF = "https://aws.amazon.com/waf/pricing/";
const CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/";
const CLOUDTRAIL = "https://aws.amazon.com/cloudtrail/pricing/";
const ECR = "https://aws.amazon.com/ecr/pricing/";
const S3 = "https://aws.amazon.com/s3/pricing/";
const TRANSFER = "https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer";

/** On-demand list prices in Sydney, without tax, free tiers and discounts. */
export const PRICES = {
  natGateway: { usd: 0.059, unit: "hour", page: VPC },
  natGatewayData: { usd: 0.059, unit: "GB", page: VPC },
  publicAddress: { usd: 0.005, unit: "hour", page: VPC },
  interfaceEndpoint: { usd: 0.013, unit: "hour in a zone", page: VPC, approximate: true },
  loadBalancer: { usd: 0.0252, unit: "hour", page: ELB, approximate: true },
  loadBalancerCapacity: { usd: 0.008, unit: "LCU-hour", page: ELB, approximate: true },
  webAcl: { usd: 5, unit: "month", page: WAF },
  webAclRule: { usd: 1, unit: "month", page: WAF },
  webAclRequests: { usd: 0.6, unit: "million requests", page: WAF },
  fargateCpu: { usd: 0.04856, unit: "vCPU-hour", page: FARGATE },
  fargateMemory: { usd: 0.00532, unit: "GB-hour", page: FARGATE },
  fargateArmCpu: { usd: 0.03885, unit: "vCPU-hour", page: FARGATE },
  fargateArmMemory: { usd: 0.00426, unit: "GB-hour", page: FARGATE },
  fargateSpotCpu: { usd: 0.01457, unit: "vCPU-hour on Spot", page: FARGATE, approximate: true },
  fargateSpotMemory: { usd: 0.0016, unit: "GB-hour on Spot", page: FARGATE, approximate: true },
  fargateArmSpotCpu: { usd: 0.01166, unit: "vCPU-hour on Spot", page: FARGATE, approximate: true },
  fargateArmSpotMemory: { usd: 0.00128, unit: "GB-hour on Spot", page: FARGATE, approximate: true },
  "db.t4g.micro": { usd: 0.026, unit: "hour of db.t4g.micro", page: RDS, approximate: true },
  "db.m7g.large": { usd: 0.211, unit: "hour of db.m7g.large", page: RDS, approximate: true },
  databaseStorage: { usd: 0.138, unit: "GB-month", page: RDS, approximate: true },
  key: { usd: 1, unit: "month", page: KMS },
  keyRequests: { usd: 0.03, unit: "10,000 requests", page: KMS },
  secret: { usd: 0.4, unit: "month", page: SECRETS },
  metric: { usd: 0.3, unit: "month", page: CLOUDWATCH },
  observedMetric: { usd: 0.07, unit: "month", page: CLOUDWATCH },
  alarm: { usd: 0.1, unit: "metric-month", page: CLOUDWATCH },
  fastAlarm: { usd: 0.3, unit: "metric-month", page: CLOUDWATCH },
  compositeAlarm: { usd: 0.5, unit: "month", page: CLOUDWATCH },
  dashboard: { usd: 3, unit: "month", page: CLOUDWATCH },
  logs: { usd: 0.67, unit: "GB", page: CLOUDWATCH, approximate: true },
  logStorage: { usd: 0.033, unit: "GB-month", page: CLOUDWATCH, approximate: true },
  secondTrail: { usd: 2, unit: "100,000 management events", page: CLOUDTRAIL },
  imageStorage: { usd: 0.1, unit: "GB-month", page: ECR },
  objectStorage: { usd: 0.025, unit: "GB-month", page: S3, approximate: true },
  dataOut: { usd: 0.114, unit: "GB, after 100 GB", page: TRANSFER, approximate: true },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;

/** Prices in us-east-1, in US dollars, where they differ from those of Sydney. Charges by use are left out. */
const CHEAPER: Partial<Record<PriceName, number>> = {
  natGateway: 0.045,
  interfaceEndpoint: 0.01,
  loadBalancer: 0.0225,
  fargateCpu: 0.04048,
  fargateMemory: 0.004445,
  fargateArmCpu: 0.03238,
  fargateArmMemory: 0.00356,
  "db.t4g.micro": 0.016,
  "db.m7g.large": 0.168,
  databaseStorage: 0.115,
};

/** Estimates: prices of Spot change with supply and demand. */
const CHEAPER_ESTIMATES: Partial<Record<PriceName, number>> = {
  fargateSpotCpu: 0.01214,
  fargateSpotMemory: 0.00133,
  fargateArmSpotCpu: 0.00971,
  fargateArmSpotMemory: 0.00107,
};

/** On-demand list prices in us-east-1, without charges by use. The other prices are those of Sydney. */
export const CHEAPER_PRICES: Readonly<Record<PriceName, Price>> = {
  ...PRICES,
  ...inDollars(CHEAPER, false),
  ...inDollars(CHEAPER_ESTIMATES, true),
};

function inDollars(
  prices: Partial<Record<PriceName, number>>,
  approximate: boolean,
): Partial<Record<PriceName, Price>> {
  const entries = Object.entries(prices) as [PriceName, number][];
  return Object.fromEntries(
    entries.map(([name, usd]) => {
      const { unit, page } = PRICES[name];
      return [name, { usd, unit, page, approximate }];
    }),
  );
}

/** Resource types without a charge of their own: free, or charged only by use. */
export const FREE: ReadonlySet<string> = new Set(
  `
  aws_chatbot_slack_channel_configuration
  aws_acm_certificate aws_acm_certificate_validation aws_cloudtrail
  aws_cloudwatch_event_api_destination aws_cloudwatch_event_connection aws_cloudwatch_event_rule
  aws_cloudwatch_event_target aws_cloudwatch_log_group aws_cloudwatch_log_resource_policy
  aws_cloudwatch_query_definition aws_db_instance_automated_backups_replication aws_db_parameter_group aws_db_subnet_group
  aws_default_security_group aws_ecs_cluster_capacity_providers aws_ecr_lifecycle_policy aws_ecr_repository aws_flow_log
  aws_iam_openid_connect_provider aws_iam_policy aws_iam_role aws_iam_role_policy
  aws_iam_role_policy_attachment aws_internet_gateway aws_kms_alias aws_lb_listener
  aws_lb_listener_rule aws_lb_target_group aws_route aws_route53_record aws_route_table aws_route_table_association
  aws_s3_bucket aws_s3_bucket_lifecycle_configuration aws_s3_bucket_logging
  aws_s3_bucket_object_lock_configuration aws_s3_bucket_ownership_controls aws_s3_bucket_policy
  aws_s3_bucket_public_access_block aws_s3_bucket_server_side_encryption_configuration
  aws_s3_bucket_versioning aws_security_group aws_sns_topic aws_sns_topic_policy
  aws_sns_topic_subscription aws_sqs_queue aws_sqs_queue_policy aws_subnet aws_vpc
  aws_vpc_security_group_egress_rule aws_vpc_security_group_ingress_rule
  aws_wafv2_web_acl_association aws_wafv2_web_acl_logging_configuration terraform_data
  `
    .trim()
    .split(/\s+/),
);

/** Charges by use, and what they are for. */
export const USAGE: readonly (readonly [price: PriceName, description: string])[] = [
  ["webAclRequests", "Requests inspected by the web ACL"],
  ["keyRequests", "KMS requests, one per encryption and per attempted decryption of a record"],
  ["loadBalancerCapacity", "Load balancer capacity units: connections, requests and data"],
  ["logs", "Ingested logs: service, flow, web ACL, database and the account's trail events"],
  ["logStorage", "Stored logs"],
  ["objectStorage", "Stored trail files and access logs"],
  ["imageStorage", "Stored images"],
  ["natGatewayData", "Data processed by a NAT gateway"],
  ["dataOut", "Responses to callers on the internet"],
  ["secondTrail", "CloudTrail, if the account has another trail: only the first is free"],
];
