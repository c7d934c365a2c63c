import { hash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { clientIdOf } from "./client-id.ts";
import { ExpectedError } from "./expected-error.ts";
import { type IssuerKeys, IssuerUnavailable } from "./issuer-keys.ts";

export interface TokenSettings {
  /** Claim `iss` of accepted tokens, compared exactly. */
  readonly issuer: string;
  /** Claim `aud` of accepted tokens, or one of its values. */
  readonly audience: string;
  /** Claim that identifies the client. */
  readonly clientClaim: string;
  readonly keys: Pick<IssuerKeys, "find">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The token is not accepted. */
export class InvalidToken extends ExpectedError {
  /** Error code for the log; never a part of the token. */
  readonly reason: string;

  /** @param message completes the sentence "The access token is not accepted: …" */
  constructor(reason: string, message: string) {
    super(message);
    this.name = "InvalidToken";
    this.reason = reason;
  }
}

/**
 * Returns the client id of a token, at once if the token was verified within the last minute.
 * @throws InvalidToken
 * @throws IssuerUnavailable
 */
export type VerifyToken = (token: string) => string | Promise<string>;

/**
 * Asymmetric algorithms only: with HS256, an attacker could sign with the public key as the secret.
 * https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Types of access tokens (RFC 9068) and of plain JWTs. Rejects logout tokens, DPoP proofs and others. */
const TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt"]);

/** Seconds that the clocks of the issuer and the service may differ. */
const CLOCK_TOLERANCE = 30;

/** Milliseconds for which a verified token is accepted without another check of its signature. */
const REUSE = 60_000;

/** Tokens to remember: enough for every client of a busy service, and a bound on memory. */
const MAX_REMEMBERED = 1_000;

/** As in the specification of OpenID Connect. */
const MAX_SUBJECT = 255;

interface Remembered {
  readonly client: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export function createTokenVerifier(settings: TokenSettings): VerifyToken {
  const { issuer, audience, clientClaim, keys, now } = settings;
  // By digest, so that no usable token stays in memory.
  const remembered = new Map<string, Remembered>();
  const pending = new Map<string, Promise<string>>();

  function remember(digest: string, client: string, expires: number): void {
    remembered.delete(digest);
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    const expiration = (expires + CLOCK_TOLERANCE) * 1_000;
    remembered.set(digest, { client, until: Math.min(expiration, now() + REUSE) });
  }

  async function verifiedPayload(token: string): Promise<JWTPayload> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE,
        requiredClaims: ["exp"],
        currentDate: new Date(now()),
      });
      const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, "") ?? "jwt";
      if (!TYPES.has(type)) throw invalidType();
      return payload;
    } catch (error) {
      if (error instanceof IssuerUnavailable || error instanceof InvalidToken) throw error;
      throw invalidToken(error);
    }
  }

  async function verify(token: string, digest: string): Promise<string> {
    const payload = await verifiedPayload(token);
    const subject = payload[clientClaim];
    if (!isSubject(subject)) {
      throw new InvalidToken(
        "NO_CLIENT",
        `its claim "${clientClaim}" must be a string of 1 to ${MAX_SUBJECT} characters`,
      );
    }
    const client = clientIdOf(issuer, subject);
    remember(digest, client, payload.exp ?? 0);
    return client;
  }

  return (token) => {
    const digest = hash("sha256", token, "base64");
    const known = remembered.get(digest);
    if (known !== undefined && now() < known.until) return known.client;
    const result =
      pending.get(digest) ?? verify(token, digest).finally(() => pending.delete(digest));
    pending.set(digest, result);
    return result;
  };
}

/** Rejects lone surrogates: in UTF-8, all of them become U+FFFD, so that several subjects would have one client id. */
function isSubject(claim: unknown): claim is string {
  return (
    typeof claim === "string" && claim !== "" && claim.length <= MAX_SUBJECT && claim.isWellFormed()
  );
}

function invalidType(): InvalidToken {
  return new InvalidToken("TYPE", 'its type must be "JWT" or "at+jwt"');
}

function invalidToken(error: unknown): InvalidToken {
  if (error instanceof errors.JWTExpired) return new InvalidToken(error.code, "it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { code, claim, reason } = error;
    const message = reason === "missing" ? "is missing" : "does not have an accepted value";
    return new InvalidToken(code, `its claim "${claim}" ${message}`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new InvalidToken(error.code, "its signature algorithm is not allowed");
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new InvalidToken(error.code, "the issuer has no key that signed it");
  }
  const code = error instanceof errors.JOSEError ? error.code : "INVALID_KEY";
  return new InvalidToken(code, "it is not a JWT with a valid signature");
}
