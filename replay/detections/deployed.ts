import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import type { Archive } from "../athena/statements.ts";
import { type Bindings, type Detections, deployedDetections } from "./detections.ts";

/** AWS's own example account, for when neither the settings nor an ARN names one. */
const ACCOUNT_ID = "111122223333";

/** Nobody is mailed by a replay, but the stacks want an address. */
const ALERT_EMAIL = "security@example.com";

/** What a replay takes from the stacks. */
export interface Deployed {
  readonly detections: Detections;
  /** Where the stacks' own trail writes. */
  readonly archive: Archive;
}

/** CloudTrail records the events of global services there. */
const GLOBAL_REGION = "us-east-1";

/**
 * The detections of the stacks that the environment's settings synthesize, in the account and the Region
 * of the role and the key that they are bound to.
 * @throws SettingsError, or Error for stacks that cannot be read
 */
export function loadDeployed(
  environment: Readonly<Record<string, string | undefined>>,
  bindings: Bindings,
): Deployed {
  const settings = loadSettings({ CIPHERWATCH_ALERT_EMAIL: ALERT_EMAIL, ...environment });
  const [, , , , ofRole] = bindings.roleArn?.split(":") ?? [];
  const [, , , region, ofKey] = bindings.keyArn?.split(":") ?? [];
  const account = {
    accountId: ofRole ?? ofKey ?? settings.accountId ?? ACCOUNT_ID,
    region: region ?? settings.region,
  };
  const terraform = readTerraform(synthesize(settings), account);
  const [trail] = terraform.resources("aws_cloudtrail");
  const bucket = String(trail?.get("s3_bucket_name"));
  return {
    detections: deployedDetections(readDeployment(terraform, account), settings.env, bindings),
    archive: {
      location: `s3://${bucket}/AWSLogs/${account.accountId}/CloudTrail`,
      regions: [...new Set([account.region, GLOBAL_REGION])],
    },
  };
}
