import { randomUUID } from "node:crypto";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { rejectOtherSites } from "../console/security.ts";

export interface IssuerOptions {
  /** Claim `iss` of the tokens. */
  readonly issuer: string;
  /** Claim `aud` of the tokens. */
  readonly audience: string;
  /** Claim that identifies the client. */
  readonly clientClaim: string;
}

export interface Issuer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Path to which a POST returns an access token of a client, as plain text. */
export const tokenPath = (client: string) => `/token/${encodeURIComponent(client)}`;

/** Real time: the lab's service verifies tokens by the machine's clock. */
const TOKEN_LIFETIME = "12h";

const KEY_ID = "lab";

/**
 * Serves an OIDC issuer's keys on loopback, and signs tokens for anyone who asks: it takes the place of the
 * issuer in the settings, whose claims its tokens have. Its key is new in each lab.
 */
export async function startIssuer(options: IssuerOptions): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: "ES256", use: "sig" };
  const app = new Hono();
  app.use(rejectOtherSites);
  app.get("/jwks", (c) => c.json({ keys: [jwk] }));
  app.post("/token/:client", async (c) => {
    const token = await new SignJWT({ [options.clientClaim]: c.req.param("client") })
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: KEY_ID })
      .setIssuer(options.issuer)
      .setAudience(options.audience)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(TOKEN_LIFETIME)
      .sign(privateKey);
    return c.text(token);
  });
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () => new Promise((closed) => void server.close(() => closed())),
      });
    });
    server.once("error", reject);
  });
}
