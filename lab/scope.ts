import { dataKeyAlias, keyAlias, keyGenerationsOf, resourceName } from "../common/naming.ts";
import {
  createDetectionScope,
  type DetectionScope,
  ENDPOINT_SERVICES,
  type ScopeSettings,
  SECURITY_GROUPS,
  STORAGE_KEYS,
} from "../detections/scope.ts";
import type { Deployment } from "../terraform/deployment.ts";
import type { Account } from "../terraform/reader.ts";

/** Settings that decide what detections refer to. */
export interface LabScopeSettings extends ScopeSettings {
  /** Key of an existing trail, if it is known. */
  readonly trailKeyArn?: string | undefined;
  /** Key of existing topics, if it is known. */
  readonly topicKeyArn?: string | undefined;
  /** Whether all data is encrypted with customer managed keys, or only the records. Default: all. */
  readonly customerManagedKeys?: "all" | "records" | undefined;
  /** Id of an existing VPC. The stacks create no flow log for it, and no key of a flow log. */
  readonly vpcId?: string | undefined;
  /** Generations of the service's key, oldest first. Default: the first. */
  readonly keyGenerations?: readonly number[];
  /** The generation that encrypts new records. Default: the last. */
  readonly currentKeyGeneration?: number | undefined;
}

/** The ids and addresses that AWS assigns to resources of the network. */
export type Network = Pick<DetectionScope, "securityGroupIds" | "vpcEndpointIds" | "natAddresses">;

export const networkOf = ({
  securityGroupIds,
  vpcEndpointIds,
  natAddresses,
}: Network): Network => ({
  securityGroupIds,
  vpcEndpointIds,
  natAddresses,
});

/**
 * Returns the scope of detections in the lab, with names and ARNs instead of Terraform references.
 * @param keyArn returns the ARN of the KMS key with an alias
 */
export function labScope(
  env: string,
  { accountId, region }: Account,
  keyArn: (alias: string) => string,
  settings: LabScopeSettings,
  network: Network,
): DetectionScope {
  const { keyGenerations = [1], customerManagedKeys = "all" } = settings;
  const supportingKey = (part: string) =>
    customerManagedKeys === "all" ? keyArn(keyAlias(env, part)) : undefined;
  const current = settings.currentKeyGeneration ?? keyGenerations.at(-1) ?? 1;
  const arnOf = (generation: number) => keyArn(dataKeyAlias(env, generation));
  return createDetectionScope(
    env,
    {
      accountId,
      globalArn: (service, resource) => `arn:aws:${service}::${accountId}:${resource}`,
      regionalArn: (service, resource) => `arn:aws:${service}:${region}:${accountId}:${resource}`,
    },
    {
      keyArn: arnOf(current),
      previousKeyArns: keyGenerations.filter((generation) => generation !== current).map(arnOf),
      trailKeyArn:
        settings.trailLogGroup === undefined ? supportingKey("trail") : settings.trailKeyArn,
      topicKeyArn: settings.topicKeyArn ?? supportingKey("alarms"),
      storageKeyArns: STORAGE_KEYS.filter(
        (part) => part !== "flow-log" || settings.vpcId === undefined,
      ).flatMap((part) => supportingKey(part) ?? []),
      ...network,
    },
    settings,
  );
}

/**
 * Returns the scope of detections in a deployment.
 * @throws Error if no KMS key of the deployment has one of the aliases that the scope needs
 */
export function deployedScope(
  env: string,
  deployment: Deployment,
  settings: LabScopeSettings = {},
): DetectionScope {
  const { trailLogGroup, trailKeyArn, trailBucket, vpcId, currentKeyGeneration } = settings;
  const { urgentTopicArn, routineTopicArn, topicKeyArn, rolePath = "/" } = settings;
  const { customerManagedKeys, operatingHours, decryptWithoutTrail } = settings;
  const keyArn = (alias: string) => {
    const key = deployment.keys.find(({ aliases }) => aliases.includes(alias));
    if (key !== undefined) return key.arn;
    const known = deployment.keys.flatMap(({ aliases }) => aliases).join(", ");
    throw new Error(
      `No KMS key in the stacks has the alias ${alias}. Existing aliases: ${known || "none"}.`,
    );
  };
  const aliases = deployment.keys.flatMap(({ aliases }) => aliases);
  const keyGenerations = keyGenerationsOf(env, aliases);
  return labScope(
    env,
    deployment,
    keyArn,
    {
      trailLogGroup,
      trailKeyArn,
      trailBucket,
      urgentTopicArn,
      routineTopicArn,
      topicKeyArn,
      customerManagedKeys,
      operatingHours,
      decryptWithoutTrail,
      rolePath,
      vpcId,
      ...(keyGenerations.length > 0 && { keyGenerations, currentKeyGeneration }),
    },
    {
      securityGroupIds: SECURITY_GROUPS.flatMap((part) =>
        deployment.securityGroups.flatMap(({ name, id }) =>
          name === resourceName(env, part) ? [id] : [],
        ),
      ),
      vpcEndpointIds: ENDPOINT_SERVICES.flatMap((name) =>
        deployment.access.endpoints.flatMap(({ service, id }) => (service === name ? [id] : [])),
      ),
      natAddresses: deployment.natAddresses,
    },
  );
}
