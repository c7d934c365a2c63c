import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { deployedDetections } from "./deployed.ts";
import type { BoundArns, ReplayedDetections, TrailArchive } from "./detections.ts";

/** AWS's example account, used if neither the settings nor an ARN name one. */
const ACCOUNT_ID = "111122223333";

/** Satisfies the settings; a replay sends no email. */
const ALERT_EMAIL = "security@example.com";

/** Where CloudTrail records events of global services. */
const GLOBAL_REGION = "us-east-1";

export interface SynthesizedDetections {
  readonly detections: ReplayedDetections;
  /** Of the stacks' own trail. */
  readonly archive: TrailArchive;
}

/**
 * Synthesizes the stacks for the settings of an environment, in the account and Region of the bound ARNs.
 * @throws SettingsError for invalid settings
 */
export function synthesizedDetections(
  environment: Readonly<Record<string, string | undefined>>,
  bound: BoundArns,
): SynthesizedDetections {
  const settings = loadSettings({ CIPHERWATCH_ALERT_EMAIL: ALERT_EMAIL, ...environment });
  const [, , , , roleAccount] = bound.roleArn?.split(":") ?? [];
  const [, , , region, keyAccount] = bound.keyArn?.split(":") ?? [];
  const account = {
    accountId: roleAccount ?? keyAccount ?? settings.accountId ?? ACCOUNT_ID,
    region: region ?? settings.region,
  };
  const terraform = readTerraform(synthesize(settings), account);
  const [trail] = terraform.resources("aws_cloudtrail");
  const bucket = String(trail?.get("s3_bucket_name"));
  return {
    detections: deployedDetections(readDeployment(terraform, account), settings.env, bound),
    archive: {
      location: `s3://${bucket}/AWSLogs/${account.accountId}/CloudTrail`,
      regions: [...new Set([account.region, GLOBAL_REGION])],
    },
  };
}
