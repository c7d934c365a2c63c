import type { Environment } from "../common/environment.ts";
import {
  BOOTSTRAP_PATH,
  deployRoleName,
  detectionNamespace,
  executionRoleName,
  resourceName,
  serviceLogGroupName,
  serviceNamespace,
  serviceRoleName,
  trailLogGroupName,
} from "../common/naming.ts";

/** What the detections watch. ARNs may hold Terraform references; names are plain text. */
export interface DetectionScope {
  /** IAM role of the running service. */
  readonly serviceRoleArn: string;
  readonly serviceRoleName: string;
  /** IAM role that starts the service's tasks and reads the database's master secret for them. */
  readonly executionRoleArn: string;
  readonly executionRoleName: string;
  /** IAM role of the pipeline that deploys. */
  readonly deployRoleArn: string;
  readonly deployRoleName: string;
  /** KMS key that seals the records. */
  readonly keyArn: string;
  /** KMS key that the trail writes with: without it there are no records of anything. */
  readonly trailKeyArn: string;
  /** KMS key that the alarms tell with: without it nobody hears them. */
  readonly topicKeyArn: string;
  /** What the names of everything begin with, `cipherwatch-<env>-`. */
  readonly namePrefix: string;
  readonly trailLogGroupName: string;
  readonly serviceLogGroupName: string;
  /** CloudWatch namespace of what the filters count. */
  readonly detectionNamespace: string;
  /** CloudWatch namespace of the metrics that the service itself reports. */
  readonly serviceNamespace: string;
}

/** Makes ARNs of an account's resources from their names, as `CipherwatchStack` does. */
export interface ArnMaker {
  readonly globalArn: (service: string, resource: string) => string;
  readonly regionalArn: (service: string, resource: string) => string;
}

export type ScopeKeyArns = Pick<DetectionScope, "keyArn" | "trailKeyArn" | "topicKeyArn">;

/** What there is to watch in an environment, by the names that the stacks give. */
export function createDetectionScope(
  env: Environment,
  arns: ArnMaker,
  keys: ScopeKeyArns,
): DetectionScope {
  const roleArn = (name: string, path = "/") => arns.globalArn("iam", `role${path}${name}`);
  return {
    serviceRoleArn: roleArn(serviceRoleName(env)),
    serviceRoleName: serviceRoleName(env),
    executionRoleArn: roleArn(executionRoleName(env)),
    executionRoleName: executionRoleName(env),
    deployRoleArn: roleArn(deployRoleName(env), BOOTSTRAP_PATH),
    deployRoleName: deployRoleName(env),
    ...keys,
    namePrefix: resourceName(env, ""),
    trailLogGroupName: trailLogGroupName(env),
    serviceLogGroupName: serviceLogGroupName(env),
    detectionNamespace: detectionNamespace(env),
    serviceNamespace: serviceNamespace(env),
  };
}

export const EXAMPLE_ACCOUNT = "111122223333";

/**
 * The same in AWS's example account, without Terraform references: for documents, and for telling how
 * long a text will be once Terraform has filled it in, since all account ids and key ids are equally long.
 */
export function createExampleScope(env: Environment, region: string): DetectionScope {
  const partition = partitionOf(region);
  const regionalArn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${EXAMPLE_ACCOUNT}:${resource}`;
  const globalArn = (service: string, resource: string) =>
    `arn:${partition}:${service}::${EXAMPLE_ACCOUNT}:${resource}`;
  return createDetectionScope(
    env,
    { regionalArn, globalArn },
    {
      keyArn: regionalArn("kms", "key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63"),
      trailKeyArn: regionalArn("kms", "key/5a7d92c4-08e1-4f3b-b6d5-9c1e7a2f4b80"),
      topicKeyArn: regionalArn("kms", "key/c3b81f56-7d24-4e90-8a1c-62f5d0e9b7a3"),
    },
  );
}

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function partitionOf(region: string): string {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}
