import { trailLogGroupName } from "../common/naming.ts";
import { accountOf, type MonitoredKey } from "../detections/monitored-keys/monitored-key.ts";
import { existingKeyAliases } from "../settings/existing-keys.ts";
import type { Settings } from "../settings/index.ts";
import { resourceEnvironment } from "../settings/regions.ts";
import { watchSettings } from "../settings/watch.ts";
import { synthesize } from "../stacks/synthesize.ts";
import { synthesizeWatch } from "../stacks/watch.ts";
import type { DeployedKey, DeployedRole } from "../terraform/access.ts";
import { type Deployment, readDeployment } from "../terraform/deployment.ts";
import type { Stacks } from "../terraform/json.ts";
import type { Account, Terraform } from "../terraform/reader.ts";
import { OUTSIDER_ROLE, POWERLESS_ROLE } from "./key-roles.ts";

/** Returns the account of the monitored keys; undefined if the settings name none. */
export function monitoredAccount({ monitoredKeys = [] }: Settings): string | undefined {
  const [first] = monitoredKeys;
  return first && accountOf(first.arn);
}

/**
 * Synthesizes the stacks of the service and, if the settings name keys to monitor, the stacks that monitor them.
 * These read the log group of the service's trail, as in an account that has both.
 */
export function synthesizeLab(settings: Settings): Stacks {
  const service = synthesize(settings);
  const { monitoredKeys } = settings;
  if (monitoredKeys === undefined) return service;
  const { trailLogGroup = trailLogGroupName(resourceEnvironment(settings)) } = settings;
  return new Map([...service, ...synthesizeWatch(watchSettings({ ...settings, trailLogGroup }))]);
}

/** Reads what the stacks deploy, with the keys that the settings name and the stacks do not create. */
export function readLabDeployment(
  terraform: Terraform,
  account: Account,
  settings: Settings,
): Deployment {
  const keys = existingKeyAliases({ ...settings, env: resourceEnvironment(settings) });
  return withMonitoredKeys(readDeployment(terraform, account, { ...settings, keys }), settings);
}

/** Adds the monitored keys of the lab's region, as their owners created them, and the roles that use them. */
function withMonitoredKeys(deployment: Deployment, { monitoredKeys = [] }: Settings): Deployment {
  if (monitoredKeys.length === 0) return deployment;
  const { accountId, region } = deployment;
  const inRegion = ({ arn }: MonitoredKey) => arn.split(":")[3] === region;
  const keys = monitoredKeys.filter((key) => inRegion(key) && accountOf(key.arn) === accountId);
  if (keys.length === 0) {
    throw new Error(
      `None of the monitored keys is in account ${accountId} and region ${region}, which the lab emulates. Set CIPHERWATCH_REGION and CIPHERWATCH_ACCOUNT_ID to those of a key.`,
    );
  }
  const roleArn = (name: string) => `arn:aws:iam::${accountId}:role/${name}`;
  const useOf = (used: readonly MonitoredKey[]) => used.map(({ arn }) => arn);
  return {
    ...deployment,
    keys: [...deployment.keys, ...keys.map((key) => deployedKey(key, accountId))],
    access: {
      ...deployment.access,
      roles: [
        ...deployment.access.roles,
        ...keys.flatMap((key) =>
          key.roles.map((arn) => deployedRole(arn.replace(/\*$/, "lab"), useOf([key]))),
        ),
        deployedRole(roleArn(OUTSIDER_ROLE), useOf(keys)),
        deployedRole(roleArn(POWERLESS_ROLE), []),
      ],
    },
  };
}

function deployedKey({ name, arn }: MonitoredKey, accountId: string): DeployedKey {
  return {
    address: `monitored-keys/${name}`,
    keyId: arn.slice(arn.lastIndexOf("/") + 1),
    arn,
    description: `The monitored key ${name}`,
    aliases: [`alias/${name}`],
    policy: policy({
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: "kms:*",
      Resource: "*",
    }),
    tags: {},
  };
}

function deployedRole(arn: string, keyArns: readonly string[]): DeployedRole {
  return {
    name: arn.slice(arn.lastIndexOf("/") + 1),
    arn,
    trustPolicy: policy({
      Principal: { AWS: `arn:aws:iam::${accountOf(arn)}:root` },
      Action: "sts:AssumeRole",
    }),
    policies: keyArns.length === 0 ? [] : [policy({ Action: "kms:*", Resource: keyArns })],
  };
}

function policy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}
