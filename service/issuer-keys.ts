import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from "jose";

/** The issuer's keys could not be fetched, and none are known that are recent enough to be trusted. */
export class IssuerUnavailable extends Error {
  /** Error code of the failed request. */
  readonly reason: string;

  constructor(reason: string) {
    super(`The issuer's keys are unavailable: ${reason}`);
    this.name = "IssuerUnavailable";
    this.reason = reason;
  }
}

export interface IssuerKeys {
  /**
   * Returns the public key that signed a token.
   * @throws IssuerUnavailable
   * @throws JOSEError if the issuer has no such key
   */
  readonly find: JWTVerifyGetKey;
  /** Fetches the keys again. Keeps the known ones if the issuer does not respond. @throws IssuerUnavailable */
  readonly refresh: () => Promise<void>;
}

/** Milliseconds after which a request to the issuer fails. A request of a caller waits no longer than this. */
const FETCH_TIMEOUT = 2_000;

/** Milliseconds between two requests to the issuer for an unknown key, whether or not the first succeeded. */
const COOLDOWN = 30_000;

/** Milliseconds between two regular requests, after which a key that the issuer withdrew is no longer accepted. */
export const REFRESH_INTERVAL = 600_000;

/** Milliseconds for which fetched keys are accepted while the issuer does not respond. */
const MAX_AGE = 86_400_000;

/** Keys from the settings, for networks from which the issuer cannot be reached. */
export function pinnedKeys(jwks: JSONWebKeySet): IssuerKeys {
  return { find: createLocalJWKSet(jwks), refresh: async () => {} };
}

/**
 * Keys from the issuer's JWKS endpoint. A token with an unknown key causes one request to the issuer, at most
 * every COOLDOWN: callers choose their tokens, and must not be able to make the service flood the issuer.
 */
export function fetchedKeys(url: string, fetchUrl: typeof fetch = fetch): IssuerKeys {
  let failure: { readonly at: number; readonly reason: string } | undefined;

  // jose's own cooldown starts at a success only.
  const fetchWithCooldown = async (...request: Parameters<typeof fetch>): Promise<Response> => {
    if (failure !== undefined && Date.now() < failure.at + COOLDOWN) {
      throw new IssuerUnavailable(failure.reason);
    }
    return await fetchUrl(...request);
  };
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT,
    cooldownDuration: COOLDOWN,
    cacheMaxAge: MAX_AGE,
    [customFetch]: fetchWithCooldown,
  });

  function unavailable(error: unknown): IssuerUnavailable {
    if (error instanceof IssuerUnavailable) return error;
    failure = { at: Date.now(), reason: reasonOf(error) };
    return new IssuerUnavailable(failure.reason);
  }

  return {
    async find(header, token) {
      try {
        return await remote(header, token);
      } catch (error) {
        if (isAboutToken(error)) throw error;
        if (isInvalidKey(error)) throw new errors.JWKSNoMatchingKey();
        const failed = unavailable(error);
        // A caller's token with an invented key must not become an error of the service.
        throw remote.fresh ? new errors.JWKSNoMatchingKey() : failed;
      }
    },
    async refresh() {
      try {
        await remote.reload();
        failure = undefined;
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}

/** Whether the keys are known, and none of them or more than one fits the token. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/**
 * Whether the issuer's key that the token names could not be imported. Not a failure to fetch: tokens that name it must
 * not suspend refreshes, which withdraw keys.
 * https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey
 */
function isInvalidKey(error: unknown): boolean {
  return error instanceof DOMException && error.name === "DataError";
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "UnknownError";
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
