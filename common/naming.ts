import type { Environment } from "./environment.ts";

/** `cipherwatch-<env>-<part>`: the name of most resources. */
export function resourceName(env: Environment, part: string): string {
  return `cipherwatch-${env}-${part}`;
}

/** `/cipherwatch/<env>/<part>`: the name of a log group. */
export function logGroupName(env: Environment, part: string): string {
  return `/cipherwatch/${env}/${part}`;
}

/** `alias/cipherwatch-<env>[-<part>]`: the alias of a KMS key. Without a part: the data key. */
export function keyAlias(env: Environment, part?: string): string {
  return part === undefined ? `alias/cipherwatch-${env}` : `alias/${resourceName(env, part)}`;
}

/** `Cipherwatch/<env>/Detections`: namespace of the detections' metrics, separate for each environment. */
export function detectionNamespace(env: Environment): string {
  return `Cipherwatch/${env}/Detections`;
}

/** `Cipherwatch/<env>/Service`: namespace of the metrics that the service reports. */
export function serviceNamespace(env: Environment): string {
  return `Cipherwatch/${env}/Service`;
}

/**
 * Names that several stacks use, possibly before the resource exists: the key policy refers to the
 * service's role, the bucket policy to the trail.
 */
export const serviceRoleName = (env: Environment) => resourceName(env, "service");
/** ECS task execution role: the only role that reads the database's master secret. */
export const executionRoleName = (env: Environment) => resourceName(env, "execution");
/** The role with which ECS moves requests between two versions of the service. */
export const rolloutRoleName = (env: Environment) => resourceName(env, "rollout");
/** Last part of the name of the topic for alarms that page someone. */
export const URGENT_TOPIC = "urgent";
/** Last part of the name of the queue for events that EventBridge could not deliver. */
export const UNDELIVERED_QUEUE = "undelivered";
/** Last part of the name of the topic for alarms that can wait for office hours. */
export const ROUTINE_TOPIC = "routine";
/** The ECS cluster and its service. */
export const clusterName = (env: Environment) => resourceName(env, "service");
export const ecsServiceName = (env: Environment) => resourceName(env, "api");
/** The ECR repository of the service's images. */
export const repositoryName = (env: Environment) => resourceName(env, "service");
/** Prefix of the target group's name, which ends with random characters. */
export const TARGET_GROUP_PREFIX = "vault-";
/** IAM path of the bootstrap stack's roles and policies, which the pipeline cannot modify. */
export const BOOTSTRAP_PATH = "/bootstrap/";
/** The role that the pipeline deploys with, under BOOTSTRAP_PATH. */
export const deployRoleName = (env: Environment) => resourceName(env, "deploy");
export const serviceLogGroupName = (env: Environment) => logGroupName(env, "service");
export const trailName = (env: Environment) => resourceName(env, "trail");
export const trailLogGroupName = (env: Environment) => logGroupName(env, "trail");
export const flowLogGroupName = (env: Environment) => logGroupName(env, "flow");
