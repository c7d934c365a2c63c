/**
 * The environment of the resources that monitor other KMS keys. None of their names begins with the prefix of
 * the service's environment, so both can be deployed beside each other, and neither's detections count changes
 * of the other.
 */
export function watchEnvironment(env: string): string {
  return `watch-${env}`;
}

/**
 * The environment in the names of a replica in a second Region. Names of IAM roles are unique in an account, so
 * the two Regions cannot share them. Like those of `watchEnvironment`, they do not begin with the prefix of the
 * environment.
 */
export function replicaEnvironment(env: string): string {
  return `replica-${env}`;
}

/** `cipherwatch-<env>-<part>`: the name of most resources. */
export function resourceName(env: string, part: string): string {
  return `cipherwatch-${env}-${part}`;
}

/** The maximum lengths of environment and part that leave room for every region in a bucket's name. */
const MAX_ENV_AND_PART = 22;

/**
 * `cipherwatch-<env>-<part>-<account>-<region>`: the name of a bucket. Long environments get a short region, such
 * as `apse2`, because the names of buckets have at most 63 characters.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function bucketName(env: string, part: string, accountId: string, region: string): string {
  const fits = env.length + part.length <= MAX_ENV_AND_PART;
  return `${resourceName(env, part)}-${accountId}-${fits ? region : shortRegion(region)}`;
}

/** `ap-southeast-2` → `apse2` */
function shortRegion(region: string): string {
  return region
    .split("-")
    .map((word) =>
      word.replaceAll(/north|south|east|west|central/g, (direction) => direction.charAt(0)),
    )
    .join("");
}

/** `/cipherwatch/<env>/<part>`: the name of a log group. */
export function logGroupName(env: string, part: string): string {
  return `/cipherwatch/${env}/${part}`;
}

/** `alias/cipherwatch-<env>[-<part>]`: the alias of a KMS key. Without a part: the service's key. */
export function keyAlias(env: string, part?: string): string {
  return part === undefined ? `alias/cipherwatch-${env}` : `alias/${resourceName(env, part)}`;
}

/** Alias of a generation of the service's key: the first has no number. */
export function dataKeyAlias(env: string, generation: number): string {
  return generation === 1 ? keyAlias(env) : keyAlias(env, String(generation));
}

export const MAX_KEY_GENERATION = 99;

/** @returns the generations of the service's key among the aliases of an account, oldest first */
export function keyGenerationsOf(env: string, aliases: readonly string[]): readonly number[] {
  const generations = Array.from({ length: MAX_KEY_GENERATION }, (_, index) => index + 1);
  return generations.filter((generation) => aliases.includes(dataKeyAlias(env, generation)));
}

/** `Cipherwatch/<env>/Detections`: namespace of the detections' metrics, separate for each environment. */
export function detectionNamespace(env: string): string {
  return `Cipherwatch/${env}/Detections`;
}

/** `Cipherwatch/<env>/Service`: namespace of the metrics that the service reports. */
export function serviceNamespace(env: string): string {
  return `Cipherwatch/${env}/Service`;
}

/**
 * Names that several stacks use, possibly before the resource exists: the key policy refers to the
 * service's role, the bucket policy to the trail.
 */
export const serviceRoleName = (env: string) => resourceName(env, "service");
/** ECS task execution role: the only role that reads the database's master secret. */
export const executionRoleName = (env: string) => resourceName(env, "execution");
/** The role that starts and stops the database. It exists if the environment has operating hours. */
export const operatingHoursRoleName = (env: string) => resourceName(env, "operating-hours");
/** The role that moves records to another KMS key. It exists while there is a previous key. */
export const rewrapRoleName = (env: string) => resourceName(env, "rewrap");
/** The role that ECS assumes to move requests between two versions of the service. */
export const rolloutRoleName = (env: string) => resourceName(env, "rollout");
/** Last part of the name of the topic for alarms that page someone. */
export const URGENT_TOPIC = "urgent";
/** Last part of the name of the queue for events that EventBridge could not deliver. */
export const UNDELIVERED_QUEUE = "undelivered";
/** Last part of the name of the topic for alarms that can wait for office hours. */
export const ROUTINE_TOPIC = "routine";
/** The ECS cluster and its service. */
export const clusterName = (env: string) => resourceName(env, "service");
export const ecsServiceName = (env: string) => resourceName(env, "api");
/** The ECR repository of the service's images. */
export const repositoryName = (env: string) => resourceName(env, "service");
/** Prefix of the target group's name, which ends with random characters. */
export const TARGET_GROUP_PREFIX = "vault-";
/**
 * IAM path of the bootstrap stack's roles and policies, which the pipeline cannot modify.
 * @param rolePath the path of the other roles, which begins and ends with a slash
 */
export const bootstrapPath = (rolePath = "/") => `${rolePath}bootstrap/`;
/** The role that the pipeline deploys with, under `bootstrapPath`. */
export const deployRoleName = (env: string) => resourceName(env, "deploy");
export const serviceLogGroupName = (env: string) => logGroupName(env, "service");
/** The ids of forgotten records, for the case that a backup is restored. */
export const erasureLogGroupName = (env: string) => logGroupName(env, "erasures");
export const trailName = (env: string) => resourceName(env, "trail");
export const trailLogGroupName = (env: string) => logGroupName(env, "trail");
export const flowLogGroupName = (env: string) => logGroupName(env, "flow");
