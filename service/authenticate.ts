import type { MiddlewareHandler } from "hono";
import { IssuerUnavailable } from "./issuer-keys.ts";
import { Problem, RETRY_LATER } from "./problem.ts";
import type { RequestEnv } from "./request.ts";
import { InvalidToken, type VerifyToken } from "./token.ts";

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/**
 * Requires an access token, before anything of the body is read. Adds the client's id to the request.
 * https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function authenticate(verify: VerifyToken): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    const token = BEARER.exec(context.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw missingToken();
    const facts = context.get("facts");
    try {
      const client = await verify(token);
      facts.client = client;
      context.set("client", client);
    } catch (error) {
      if (error instanceof InvalidToken) {
        facts.reason = error.reason;
        throw rejectedToken(error);
      }
      if (error instanceof IssuerUnavailable) {
        facts.reason = error.reason;
        throw new Problem(
          "IssuerUnavailable",
          "The keys that verify access tokens are unavailable; try again later.",
          RETRY_LATER,
        );
      }
      throw error;
    }
    await next();
  };
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
