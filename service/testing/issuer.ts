import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";

export const ISSUER = "https://login.example.com";
export const AUDIENCE = "https://vault.example.com";

/** Claims that replace the defaults; undefined omits one. */
type Claims = Readonly<Record<string, unknown>>;

export interface TestIssuer {
  readonly jwks: JSONWebKeySet;
  /** Signs a token for a subject. It is valid for an hour around `now`. */
  readonly sign: (claims?: Claims, header?: Readonly<Record<string, string>>) => Promise<string>;
}

/**
 * An issuer that signs with one ES256 key.
 * @param now seconds since the epoch
 */
export async function createTestIssuer(
  kid = "key-1",
  now = () => Math.floor(Date.now() / 1_000),
): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  return {
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid }] },
    sign: (claims = {}, header = {}) =>
      new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: "alice", exp: now() + 3_600, ...claims })
        .setProtectedHeader({ alg: "ES256", kid, ...header })
        .sign(privateKey),
  };
}
