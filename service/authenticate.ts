import type { MiddlewareHandler } from "hono";
import type { Identity } from "./dependencies.ts";
import { IssuerUnavailable } from "./issuer-keys.ts";
import { Problem, RETRY_LATER } from "./problem.ts";
import type { Quotas } from "./quotas.ts";
import type { RequestContext, RequestEnv, RequestFacts } from "./request.ts";
import { InvalidToken } from "./token.ts";

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** Percentage of a client's decrypts of the day from which its volume is reported as unusual. */
const HIGH_VOLUME = 80;

/**
 * Requires an access token, and counts the request of its client, before anything of the body is read. Adds the
 * client's id to the request.
 * https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function authenticate({
  verifyToken,
  quotas,
}: Pick<Identity, "verifyToken" | "quotas">): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    const token = BEARER.exec(context.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw missingToken();
    const { facts } = context.var;
    try {
      const verified = verifyToken(token);
      const client = typeof verified === "string" ? verified : await verified;
      facts.client = client;
      context.set("client", client);
      await count(client, context, quotas);
    } catch (error) {
      throw problemOf(error, facts);
    }
    await next();
  };
}

async function count(client: string, context: RequestContext, { take }: Quotas): Promise<void> {
  const { facts } = context.var;
  const share = await take(client, context.req.path !== "/encrypt");
  if (share === undefined) return;
  facts.dayQuotaUsed = share;
  if (share >= HIGH_VOLUME) facts.metrics = { HighVolumeDecrypts: 1 };
}

/** Records in the facts why the request is rejected. */
function problemOf(error: unknown, facts: RequestFacts): unknown {
  if (error instanceof InvalidToken) {
    facts.reason = error.reason;
    return rejectedToken(error);
  }
  if (error instanceof IssuerUnavailable) {
    facts.reason = error.reason;
    return new Problem(
      "IssuerUnavailable",
      "The keys that verify access tokens are unavailable; try again later.",
      RETRY_LATER,
    );
  }
  if (error instanceof Problem && error.code === "QuotaExceeded") {
    facts.metrics = { QuotaExceeded: 1 };
  }
  return error;
}

const CHALLENGE = 'Bearer realm="cipherwatch"';

function missingToken(): Problem {
  return new Problem(
    "Unauthorized",
    "The request must have an access token: Authorization: Bearer <token>.",
    { "WWW-Authenticate": CHALLENGE },
  );
}

function rejectedToken({ message }: InvalidToken): Problem {
  const description = `The access token is not accepted: ${message}`;
  // A quoted string of the header; RFC 6750 excludes quotation marks and backslashes.
  const quoted = description.replaceAll(/["\\]/g, "'");
  return new Problem("Unauthorized", `${description}.`, {
    "WWW-Authenticate": `${CHALLENGE}, error="invalid_token", error_description="${quoted}"`,
  });
}
