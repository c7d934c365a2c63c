import type { Environment } from "../../common/environment.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { type Account, readTerraform } from "../../terraform/reader.ts";
import { type DeployedAlarms, deployedDetections } from "./deployed.ts";
import {
  accountOf,
  type BoundArns,
  type DefaultDetections,
  type KnownArchive,
} from "./detections.ts";

/** AWS's example account, used if neither the settings nor an ARN name one. */
const ACCOUNT_ID = "111122223333";

/** Satisfies the settings; a replay sends no email. */
const ALERT_EMAIL = "security@example.com";

/** Where CloudTrail records events of global services. */
const GLOBAL_REGION = "us-east-1";

/** What the stacks deploy, as far as a replay needs it. */
export interface SynthesizedAlarms {
  readonly env: Environment;
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
  const settings = loadSettings({ CIPHERWATCH_ALERT_EMAIL: ALERT_EMAIL, ...environment });
  const { accountId = settings.accountId ?? ACCOUNT_ID, region = settings.region } =
    accountOf(bound);
  const account = { accountId, region };
  const terraform = readTerraform(synthesize(settings), account);
  const [trail] = terraform.resources("aws_cloudtrail");
  const bucket = trail?.get("s3_bucket_name") ?? settings.trailBucket;
  return {
    env: settings.env,
    account,
    deployment: readDeployment(terraform, account, settings),
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
  const { deployment, env, archive } = synthesizeAlarms(environment, bound);
  return { detections: deployedDetections(deployment, env, bound), archive };
}
