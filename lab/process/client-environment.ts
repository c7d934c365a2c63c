import { devNull } from "node:os";
import type { Credentials } from "../aws/sts/identities.ts";

/** Returns environment variables that make an AWS SDK use the lab, regardless of the user's configuration files. */
export function clientEnvironment({
  endpoint,
  region,
  credentials,
}: {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    // Even without HOME, the SDK finds ~/.aws through the user database, and reads settings such as FIPS from it.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
  };
}
