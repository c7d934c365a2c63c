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

/** Returns the path to which a POST returns an access token of a client, as plain text. */
export const tokenPath = (client: string) => `/token/${encodeURIComponent(client)}`;

/** In real time, because the service verifies tokens by the machine's clock. */
const TOKEN_LIFETIME = "12h";

const KEY_ID = "lab";

/**
 * Serves an OIDC issuer on loopback: its key set, and an access token of any client on request. It replaces the issuer
 * in the settings, and its tokens have that issuer's claims. Each start creates a new key.
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
