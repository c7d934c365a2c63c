import { enabledDetections } from "../../detections/enabled.ts";
import { monitoringDetections } from "../../detections/monitored-keys/index.ts";
import { withPlaceholderEmail } from "../../settings/alarms.ts";
import { existingKeyAliases } from "../../settings/existing-keys.ts";
import { loadSettings } from "../../settings/index.ts";
import { type Variables, variableName } from "../../settings/load.ts";
import { loadWatchSettings } from "../../settings/watch.ts";
import type { StackSettings } from "../../stacks/cipherwatch-stack.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { synthesizeWatch } from "../../stacks/watch.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import type { Stacks } from "../../terraform/json.ts";
import { type Account, readTerraform } from "../../terraform/reader.ts";
import { alarmEvaluations, type EvaluationsById } from "./alarm-evaluations.ts";
import { type DeployedAlarms, deployedDetections } from "./deployed.ts";
import {
  accountOf,
  type BoundArns,
  type DefaultDetections,
  type KnownArchive,
} from "./detections.ts";

/** AWS's example account, used if neither the settings nor an ARN name one. */
const ACCOUNT_ID = "111122223333";

const MONITORED_KEYS = variableName("monitoredKeys");

/** The Region in which CloudTrail records events of global services. */
const GLOBAL_REGION = "us-east-1";

/** The parts of the stacks that a replay needs. */
export interface SynthesizedAlarms {
  readonly env: string;
  readonly account: Account;
  readonly deployment: DeployedAlarms;
  readonly archive: KnownArchive;
}

/**
 * Synthesizes the stacks for the settings of an environment, in the account and Region of the bound ARNs.
 * @throws SettingsError for invalid settings
 */
export function synthesizeAlarms(
  environment: Readonly<Record<string, string | undefined>>,
  bound: BoundArns,
): SynthesizedAlarms {
  const settings = loadSettings(withPlaceholderEmail(environment));
  const evaluations = alarmEvaluations(enabledDetections, settings);
  return {
    env: settings.env,
    ...alarmsOf({ stacks: synthesize(settings), evaluations }, settings, bound),
  };
}

/** @param settings from which the stacks were synthesized */
function alarmsOf(
  { stacks, evaluations }: { readonly stacks: Stacks; readonly evaluations: EvaluationsById },
  settings: StackSettings,
  bound: BoundArns,
): Omit<SynthesizedAlarms, "env"> {
  const { accountId = settings.accountId ?? ACCOUNT_ID, region = settings.region } =
    accountOf(bound);
  const account = { accountId, region };
  const terraform = readTerraform(stacks, account);
  const [trail] = terraform.resources("aws_cloudtrail");
  const bucket = trail?.get("s3_bucket_name") ?? settings.trailBucket;
  return {
    account,
    deployment: {
      ...readDeployment(terraform, account, { ...settings, keys: existingKeyAliases(settings) }),
      evaluations,
    },
    archive: {
      ...(bucket !== undefined && {
        location: `s3://${bucket}/AWSLogs/${accountId}/CloudTrail`,
      }),
      regions: [...new Set([region, GLOBAL_REGION])],
    },
  };
}

/**
 * Returns the detections that the stacks would deploy, bound to the ARNs.
 * @throws SettingsError for invalid settings
 */
export function synthesizedDetections(
  environment: Readonly<Record<string, string | undefined>>,
  bound: BoundArns,
): DefaultDetections {
  const variables = withPlaceholderEmail(environment);
  if ((environment[MONITORED_KEYS] ?? "").trim() !== "") return keyDetectionsFor(variables, bound);
  const { deployment, env, archive } = synthesizeAlarms(environment, bound);
  return { detections: deployedDetections(deployment, env, bound), archive };
}

/** Returns the detections on the keys that the settings list, instead of those on the service's key. */
function keyDetectionsFor(variables: Variables, bound: BoundArns): DefaultDetections {
  if (bound.roleArn !== undefined || bound.keyArn !== undefined) {
    throw new Error(
      `--role-arn and --key-arn name the role and the key of the service, but ${MONITORED_KEYS} lists other keys and their roles. Omit the options, or unset the variable.`,
    );
  }
  const settings = loadWatchSettings(variables);
  const { monitoredKeys: keys } = settings;
  const evaluations = alarmEvaluations((chosen) => monitoringDetections(keys, chosen), settings);
  const { deployment, archive } = alarmsOf(
    { stacks: synthesizeWatch(settings), evaluations },
    settings,
    bound,
  );
  return { detections: deployedDetections(deployment, undefined, bound), archive };
}
