import { devNull } from "node:os";
import type { Credentials } from "../aws/sts/identities.ts";

/** What makes an AWS SDK speak to the lab alone, whatever the user's own configuration files say. */
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
    // Without a HOME the SDK finds these files by the account's, and in them FIPS endpoints and the like.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
  };
}
