/** Hours that AWS's calculator reckons for a month. */
export const HOURS = 730;

export const REGION = "ap-southeast-2";
/** When the prices were put together. */
export const AS_OF = "November 2026";

export interface Price {
  readonly usd: number;
  /** What the price is for one of. */
  readonly unit: string;
  /** AWS's page with this price. */
  readonly page: string;
  /** The figure could not be checked for the region. It could unless given. */
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
