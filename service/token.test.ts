import { createSecretKey } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { clientIdOf } from "./client-id.ts";
import { IssuerUnavailable, pinnedKeys } from "./issuer-keys.ts";
import { AUDIENCE, createTestIssuer, ISSUER, type TestIssuer } from "./testing/issuer.ts";
import { createTokenVerifier, InvalidToken, type VerifyToken } from "./token.ts";

const NOW = 1_800_000_000;
const SETTINGS = { issuer: ISSUER, audience: AUDIENCE, clientClaim: "sub" };

let issuer: TestIssuer;
let stranger: TestIssuer;
let verify: VerifyToken;
let now: number;
let lookups: number;

beforeAll(async () => {
  issuer = await createTestIssuer("key-1", () => NOW);
  stranger = await createTestIssuer("key-1", () => NOW);
  const { find } = pinnedKeys(issuer.jwks);
  const keys = {
    find: (...request: Parameters<typeof find>) => {
      lookups += 1;
      return find(...request);
    },
  };
  verify = createTokenVerifier({ ...SETTINGS, keys, now: () => now * 1_000 });
});

async function rejection(token: string): Promise<string> {
  now = NOW;
  const error = await Promise.resolve(verify(token)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidToken);
  return (error as InvalidToken).message;
}

describe("a verified token", () => {
  test("gives the client id of its issuer and subject", async () => {
    now = NOW;
    expect(await verify(await issuer.sign({ sub: "alice" }))).toBe(clientIdOf(ISSUER, "alice"));
    expect(await verify(await issuer.sign({ sub: "bob" }))).toBe(clientIdOf(ISSUER, "bob"));
  });

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["type at+jwt", {}, { typ: "at+jwt" }],
    ["type JWT", {}, { typ: "JWT" }],
    ["the media type of access tokens", {}, { typ: "application/at+jwt" }],
    ["several audiences", { aud: ["https://other.example.com", AUDIENCE] }, {}],
    ["an expiration within the clock tolerance", { exp: NOW - 29 }, {}],
    ["a start within the clock tolerance", { nbf: NOW + 29 }, {}],
  ])("may have %s", async (_, claims, header) => {
    now = NOW;
    expect(await verify(await issuer.sign(claims, header))).toBe(clientIdOf(ISSUER, "alice"));
  });

  test("is verified again after a minute, and at its expiration", async () => {
    const lasting = await issuer.sign({ jti: "lasting" });
    const ending = await issuer.sign({ jti: "ending", exp: NOW + 10 });
    now = NOW;
    lookups = 0;
    await verify(lasting);
    await verify(ending);
    now = NOW + 39;
    await verify(lasting);
    await verify(ending);
    expect(lookups).toBe(2);
    now = NOW + 40;
    await expect(verify(ending)).rejects.toThrow("it has expired");
    now = NOW + 60;
    await verify(lasting);
    expect(lookups).toBe(4);
  });
});

describe("an access token is rejected", () => {
  test.each<[string, Record<string, unknown>, Record<string, string>, string]>([
    ["has expired", { exp: NOW - 30 }, {}, "it has expired"],
    ["is not valid yet", { nbf: NOW + 31 }, {}, 'its claim "nbf" does not'],
    ["never expires", { exp: undefined }, {}, 'its claim "exp" is missing'],
    ["has another issuer", { iss: `${ISSUER}/` }, {}, 'its claim "iss" does not'],
    ["has another audience", { aud: `${AUDIENCE}/` }, {}, 'its claim "aud" does not'],
    ["has no audience", { aud: undefined }, {}, 'its claim "aud" is missing'],
    ["has no subject", { sub: undefined }, {}, 'its claim "sub" must be a string'],
    ["has an empty subject", { sub: "" }, {}, 'its claim "sub" must be a string'],
    ["has a subject with a lone surrogate", { sub: "alice\ud800" }, {}, 'its claim "sub" must'],
    ["has a subject of 256 characters", { sub: "x".repeat(256) }, {}, 'its claim "sub" must'],
    ["is a logout token", {}, { typ: "logout+jwt" }, "its type must be"],
    ["is a DPoP proof", {}, { typ: "dpop+jwt" }, "its type must be"],
    ["names an unknown key", {}, { kid: "key-2" }, "the issuer has no key that signed it"],
  ])("when it %s", async (_, claims, header, message) => {
    expect(await rejection(await issuer.sign(claims, header))).toContain(message);
  });

  test("when another key with the same id signed it", async () => {
    expect(await rejection(await stranger.sign())).toContain("valid signature");
  });

  test("when a claim was changed after signing", async () => {
    const [header, , signature] = (await issuer.sign()).split(".");
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: "bob", exp: NOW + 60 };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    expect(await rejection(`${header}.${payload}.${signature}`)).toContain("valid signature");
  });

  test("when it is signed with the public key as a shared secret, or not at all", async () => {
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: "alice", exp: NOW + 60 };
    const secret = createSecretKey(Buffer.from(JSON.stringify(issuer.jwks.keys[0])));
    const shared = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: "key-1" })
      .sign(secret);
    expect(await rejection(shared)).toBe("its signature algorithm is not allowed");
    const unsigned = new UnsecuredJWT(claims).encode();
    expect(await rejection(unsigned)).toBe("its signature algorithm is not allowed");
  });

  test.each(["", "x", "a.b.c", "cwk_secret", `${"A".repeat(20)}.e30.AA`])(
    "when it is %j, without repeating it",
    async (token) => {
      expect(await rejection(token)).toBe("it is not a JWT with a valid signature");
    },
  );
});

test("a token that several requests present at the same time is verified once, valid or not", async () => {
  const now = () => NOW * 1_000;
  let lookups = 0;
  const { find } = pinnedKeys(issuer.jwks);
  const counted: typeof find = async (...request) => {
    lookups += 1;
    return await find(...request);
  };
  const verify = createTokenVerifier({ ...SETTINGS, keys: { find: counted }, now });
  const [valid, forged] = [await issuer.sign(), await stranger.sign()];
  const results = await Promise.allSettled(
    [valid, valid, forged, forged].map(async (token) => await verify(token)),
  );
  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "rejected",
  ]);
  expect(lookups).toBe(2);
  await expect(verify(forged)).rejects.toThrow(InvalidToken);
  expect(lookups).toBe(3);
});

test("an unavailable issuer is not a rejection", async () => {
  const find = () => Promise.reject(new IssuerUnavailable("ECONNREFUSED"));
  const unavailable = createTokenVerifier({ ...SETTINGS, keys: { find }, now: () => NOW * 1_000 });
  await expect(unavailable(await issuer.sign())).rejects.toBeInstanceOf(IssuerUnavailable);
});

test("client ids have 132 bits, and do not mix issuer and subject", () => {
  expect(clientIdOf(ISSUER, "alice")).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(clientIdOf("https://a", "b")).not.toBe(clientIdOf("https://ab", ""));
  // Pinned: a change would separate every client from its records.
  expect(clientIdOf("https://login.example.com", "alice")).toBe("cfO0By24Ak2-Wz1fOU6UGn");
});
