import type { Environment } from "../common/environment.ts";
import { keyAlias } from "../common/naming.ts";
import {
  createDetectionScope,
  type DetectionScope,
  type ScopeKeyArns,
} from "../detections/scope.ts";
import type { Deployment } from "../terraform/deployment.ts";
import type { Account } from "../terraform/reader.ts";

/** The resources that detections refer to, in an account without Terraform references. */
export function labScope(
  env: Environment,
  { accountId, region }: Account,
  keys: ScopeKeyArns,
): DetectionScope {
  return createDetectionScope(
    env,
    {
      globalArn: (service, resource) => `arn:aws:${service}::${accountId}:${resource}`,
      regionalArn: (service, resource) => `arn:aws:${service}:${region}:${accountId}:${resource}`,
    },
    keys,
  );
}

/**
 * The ARNs of the three KMS keys that detections refer to.
 * @param arnFor returns the ARN of the key with an alias
 */
export function scopeKeyArns(env: Environment, arnFor: (alias: string) => string): ScopeKeyArns {
  return {
    keyArn: arnFor(keyAlias(env)),
    trailKeyArn: arnFor(keyAlias(env, "trail")),
    topicKeyArn: arnFor(keyAlias(env, "alarms")),
  };
}

/** @throws Error if no KMS key of the deployment has one of the aliases that the scope needs */
export function deployedScope(env: Environment, deployment: Deployment): DetectionScope {
  const arnFor = (alias: string) => {
    const key = deployment.keys.find(({ aliases }) => aliases.includes(alias));
    if (key !== undefined) return key.arn;
    const known = deployment.keys.flatMap(({ aliases }) => aliases).join(", ");
    throw new Error(
      `No KMS key in the stacks has the alias ${alias}. Existing aliases: ${known || "none"}.`,
    );
  };
  return labScope(env, deployment, scopeKeyArns(env, arnFor));
}
