import type { Environment } from "./environment.ts";

/** `cipherwatch-<env>-<part>`: the name of anything that AWS names with hyphens. */
export function resourceName(env: Environment, part: string): string {
  return `cipherwatch-${env}-${part}`;
}

/** `/cipherwatch/<env>/<part>`: the name of a log group. */
export function logGroupName(env: Environment, part: string): string {
  return `/cipherwatch/${env}/${part}`;
}

/** `alias/cipherwatch-<env>[-<part>]`: the alias of a KMS key; without a part, the data key's. */
export function keyAlias(env: Environment, part?: string): string {
  return part === undefined ? `alias/cipherwatch-${env}` : `alias/${resourceName(env, part)}`;
}

/** `Cipherwatch/<env>/Detections`: two environments in one account keep their metrics apart. */
export function detectionNamespace(env: Environment): string {
  return `Cipherwatch/${env}/Detections`;
}

/** `Cipherwatch/<env>/Service`: of the metrics that the service itself reports. */
export function serviceNamespace(env: Environment): string {
  return `Cipherwatch/${env}/Service`;
}

/**
 * Names that one stack gives and another relies on, possibly before the thing exists: the key's
 * policy names the service's role, the trail's bucket policy names the trail.
 */
export const serviceRoleName = (env: Environment) => resourceName(env, "service");
/** The role that starts the service's tasks: it alone reads the database's master secret. */
export const executionRoleName = (env: Environment) => resourceName(env, "execution");
/** Path of the roles and policies of bootstrap: none of the names that the pipeline may touch has it. */
export const BOOTSTRAP_PATH = "/bootstrap/";
/** The role that the pipeline deploys with, under the path of bootstrap. */
export const deployRoleName = (env: Environment) => resourceName(env, "deploy");
export const serviceLogGroupName = (env: Environment) => logGroupName(env, "service");
export const trailName = (env: Environment) => resourceName(env, "trail");
export const trailLogGroupName = (env: Environment) => logGroupName(env, "trail");
export const flowLogGroupName = (env: Environment) => logGroupName(env, "flow");
