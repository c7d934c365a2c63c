import type { KMSClientResolvedConfig } from "@aws-sdk/client-kms";
import { fromContainerMetadata, fromNodeProviderChain } from "@aws-sdk/credential-providers";

/** Returns credentials that sign a request. */
export type Credentials = KMSClientResolvedConfig["credentials"];

type Identity = Awaited<ReturnType<Credentials>>;

/** Timeout of a request to the ECS agent in milliseconds. */
const TIMEOUT = 1_000;

const RETRIES = 2;

/**
 * Milliseconds before their expiration from which credentials are refreshed. ECS has new ones before that.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 */
const REFRESH_BEFORE = 300_000;

/** Milliseconds between attempts to refresh credentials that are about to expire or have expired. */
const REFRESH_INTERVAL = 1_000;

export interface CredentialsProps {
  /** Called when credentials cannot be loaded. */
  readonly onError: (error: unknown) => void;
  /** Default: `createLoader()` */
  readonly load?: () => Promise<Identity>;
}

/**
 * Credentials of the task role, which all clients of AWS share. Refreshes them in the background before they expire, and
 * keeps the old ones when that fails. Expired credentials are used until others are loaded: AWS decides whether they
 * are valid, because the clock may be wrong.
 *
 * In place of the SDK's own cache, which waits forever for an ECS agent that accepts a request and does not respond: a
 * single lost response would stop every call of AWS until the task is replaced.
 */
export function createCredentials({
  onError,
  load = createLoader(),
}: CredentialsProps): Credentials {
  let current: Identity | undefined;
  let pending: Promise<void> | undefined;
  let refreshFrom = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    try {
      current = await load();
    } catch (error) {
      onError(error);
      if (current === undefined) throw error;
    } finally {
      pending = undefined;
      refreshFrom = performance.now() + REFRESH_INTERVAL;
    }
  }

  return async () => {
    const left = current === undefined ? 0 : millisecondsLeft(current);
    if (current === undefined || (left < REFRESH_BEFORE && performance.now() >= refreshFrom)) {
      pending ??= refresh();
      if (left <= 0) await pending;
    }
    return current as Identity;
  };
}

function millisecondsLeft({ expiration }: Identity): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime() - Date.now();
}

/**
 * Loads credentials from the ECS agent if there is one, else with the SDK's provider chain. Of the SDK's two providers
 * for the agent, uses the one whose timeout closes the connection.
 * @param timeout of one of the three attempts, in milliseconds
 */
export function createLoader(timeout = TIMEOUT): () => Promise<Identity> {
  const {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: uri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    AWS_ACCESS_KEY_ID: accessKeyId,
  } = process.env;
  // The agent of Amazon EKS, which this provider does not support, requires a token from a file.
  const isEcs = Boolean(path) || (Boolean(uri) && !tokenFile);
  return isEcs && !accessKeyId
    ? fromContainerMetadata({ timeout, maxRetries: RETRIES })
    : fromNodeProviderChain();
}
