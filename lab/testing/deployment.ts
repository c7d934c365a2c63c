import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { settingsOf } from "../../settings/testing.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { Stacks } from "../../terraform/json.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { readLabDeployment, synthesizeLab } from "../monitored-keys.ts";

export const account = { accountId: "111122223333", region: "ap-southeast-2" };

/**
 * Returns the deployment of the dev environment with the service, in AWS's example account.
 * @param variables further settings, without the prefix CIPHERWATCH_
 * @param change replaces the synthesized stacks
 */
export function deploymentOf(
  variables: Readonly<Record<string, string>> = {},
  change: (stacks: Stacks) => Stacks = (stacks) => stacks,
): Deployment {
  const settings = settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST, ...variables });
  const deployed = { ...account, region: settings.region };
  const terraform = readTerraform(change(synthesizeLab(settings)), deployed);
  return readLabDeployment(terraform, deployed, settings);
}
