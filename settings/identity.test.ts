import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { issuesOf, settingsOf } from "./testing.ts";

const OIDC_ISSUER = "https://login.example.com/tenant";
const OIDC_AUDIENCE = "https://vault.example.com";
const OIDC_JWKS_URL = "https://login.example.com/tenant/jwks";
const TLS = { DOMAIN_NAME: "vault.example.com", HOSTED_ZONE_ID: "Z0123456789" };
const KEY = {
  kty: "EC",
  kid: "key-1",
  crv: "P-256",
  x: "1031QCV-qZeemkWiCd30LBGO4uBESfYINYD98cF4LAU",
  y: "vygBkF11ne70WHc-0LmhZMrdgGHhlhhKnL7Ask04CTE",
};
const RSA_1024 = generateKeyPairSync("rsa", { modulusLength: 1_024 });
const RSA_2048 = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const ED25519 = generateKeyPairSync("ed25519");
const X25519 = generateKeyPairSync("x25519");
const jwkOf = ({ publicKey }: typeof RSA_2048, kid = "key-2") => ({
  ...publicKey.export({ format: "jwk" }),
  kid,
});
const OIDC_JWKS = JSON.stringify({ keys: [KEY] });

const fetched = { ...TLS, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL };
const pinned = { ...TLS, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS };

test("requires no identity by default, and identifies clients by their subject", () => {
  expect(settingsOf()).toMatchObject({
    oidcIssuer: undefined,
    oidcClientClaim: "sub",
    oidcEgressCidrs: [],
    clientMetrics: 10,
    clientRequestsPerMinute: 600,
    clientDecryptsPerMinute: 120,
    clientDecryptsPerDay: 20_000,
  });
});

test("reads every setting from its variable", () => {
  const VPC_ENDPOINTS = "true";
  const OIDC_EGRESS_CIDRS = "203.0.113.0/24, 198.51.100.7/32, 203.0.113.0/24";
  const variables = { ...fetched, VPC_ENDPOINTS, OIDC_EGRESS_CIDRS, OIDC_CLIENT_CLAIM: "azp" };
  const quotas = {
    CLIENT_REQUESTS_PER_MINUTE: "300",
    CLIENT_DECRYPTS_PER_MINUTE: "200",
    CLIENT_DECRYPTS_PER_DAY: "1000",
  };
  expect(settingsOf({ ...variables, ...quotas, CLIENT_METRICS: "0" })).toMatchObject({
    oidcIssuer: OIDC_ISSUER,
    oidcAudience: OIDC_AUDIENCE,
    oidcJwksUrl: OIDC_JWKS_URL,
    oidcClientClaim: "azp",
    oidcEgressCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
    clientMetrics: 0,
    clientRequestsPerMinute: 300,
    clientDecryptsPerMinute: 200,
    clientDecryptsPerDay: 1_000,
  });
});

test("accepts a URL of the issuer's keys with the port of HTTPS", () => {
  const url = "https://login.example.com:443/jwks";
  expect(settingsOf({ ...fetched, OIDC_JWKS_URL: url }).oidcJwksUrl).toBe(url);
});

test("keeps only the public members of pinned keys, as compact JSON", () => {
  const padded = JSON.stringify({ keys: [{ ...KEY, x5c: ["MII"] }], more: 1 }, null, 2);
  const { oidcJwks } = settingsOf({ ...pinned, OIDC_JWKS: padded });
  expect(JSON.parse(oidcJwks ?? "")).toEqual({ keys: [KEY] });
  expect(oidcJwks).not.toContain(" ");
});

test("accepts pinned keys of every kind that signs", () => {
  const keys = [KEY, jwkOf(RSA_2048), jwkOf(ED25519, "key-3")];
  const { oidcJwks } = settingsOf({ ...pinned, OIDC_JWKS: JSON.stringify({ keys }) });
  expect(JSON.parse(oidcJwks ?? "").keys).toHaveLength(3);
});

test("leaves out the keys for encryption that an issuer also publishes", () => {
  const encrypts = { ...jwkOf(RSA_2048), use: "enc", alg: "RSA-OAEP" };
  const OIDC_JWKS = JSON.stringify({ keys: [encrypts, { ...KEY, use: "sig" }] });
  const { oidcJwks } = settingsOf({ ...pinned, OIDC_JWKS });
  expect(JSON.parse(oidcJwks ?? "").keys).toEqual([{ ...KEY, use: "sig" }]);
});

test.each<[string, string, RegExp]>([
  ["OIDC_ISSUER", "http://login.example.com", /^is not a valid issuer$/],
  ["OIDC_ISSUER", "https://login.example.com?tenant=1", /^is not a valid issuer$/],
  ["OIDC_ISSUER", "https://user@login.example.com", /^is not a valid issuer$/],
  ["OIDC_AUDIENCE", "a b", /^is not a valid audience$/],
  ["OIDC_CLIENT_CLAIM", "a b", /^is not a valid name of a claim$/],
  ["OIDC_JWKS_URL", "http://login.example.com/jwks", /^is not a valid URL$/],
  ["OIDC_JWKS_URL", "https://login.example.com:8443/jwks", /^has a port other than 443/],
  ["OIDC_JWKS_URL", "https://login.example.com:4430", /^has a port other than 443/],
  ["OIDC_EGRESS_CIDRS", "203.0.113.9/24", /the range is 203\.0\.113\.0\/24/],
  ["CLIENT_REQUESTS_PER_MINUTE", "0", /^must be an integer between 1 and 100000000$/],
  ["CLIENT_DECRYPTS_PER_MINUTE", "601", /^must not exceed CIPHERWATCH_CLIENT_REQUESTS_PER_MINUTE/],
  ["CLIENT_DECRYPTS_PER_DAY", "0", /^must be an integer between 1 and 100000000$/],
  ["CLIENT_METRICS", "101", /^must be an integer between 0 and 100$/],
])("rejects %s=%s", (variable, value, message) => {
  const issues = issuesOf({ ...fetched, [variable]: value });
  expect(issues[0]).toMatchObject({
    variable: `CIPHERWATCH_${variable}`,
    received: value,
    message: expect.stringMatching(message),
  });
});

test("hides the user and the password of a URL", () => {
  const [issue] = issuesOf({
    ...fetched,
    OIDC_JWKS_URL: "https://u:hunter2@login.example.com/jwks",
  });
  expect(issue).toMatchObject({ received: "https://…@login.example.com/jwks" });
});

test.each<[string, string, RegExp]>([
  ["text", "{", /^is not a JSON Web Key Set/],
  ["no keys", JSON.stringify({ keys: [] }), /^is not a JSON Web Key Set/],
  ["a key without id", JSON.stringify({ keys: [{ ...KEY, kid: undefined }] }), /^is not a JSON/],
  ["an encryption key", JSON.stringify({ keys: [{ ...KEY, use: "enc" }] }), /^is not a JSON/],
  ["a private key", JSON.stringify({ keys: [{ ...KEY, d: "AA" }] }), /private or symmetric keys/],
  ["a shared secret", JSON.stringify({ keys: [{ kty: "oct", k: "AA" }] }), /private or symmetric/],
  [
    "not a point of the curve",
    JSON.stringify({ keys: [KEY, { ...KEY, x: "AA" }] }),
    /the key "key-1"/,
  ],
  ["RSA keys of 1024 bits", JSON.stringify({ keys: [jwkOf(RSA_1024)] }), /RSA key of 2048 bits/],
  ["for key agreement", JSON.stringify({ keys: [jwkOf(X25519)] }), /has the key "key-2"/],
  [
    "for another algorithm",
    JSON.stringify({ keys: [{ ...KEY, alg: "ECDH-ES" }] }),
    /the key "key-1"/,
  ],
  [
    "too many keys",
    JSON.stringify({ keys: Array(400).fill(KEY) }),
    /only 16384 fit in a task definition/,
  ],
])("rejects pinned keys that are %s, without repeating them", (_, value, message) => {
  const [issue] = issuesOf({ ...pinned, OIDC_JWKS: value });
  expect(issue).toMatchObject({
    variable: "CIPHERWATCH_OIDC_JWKS",
    message: expect.stringMatching(message),
  });
  expect(issue).not.toHaveProperty("received");
});

const closed = { NAT_GATEWAYS: "none", VPC_ENDPOINTS: "true" };

test.each<[string, Record<string, string>, string, RegExp]>([
  [
    "an issuer without an audience",
    { ...fetched, OIDC_AUDIENCE: "" },
    "OIDC_AUDIENCE",
    /for other services$/,
  ],
  [
    "an audience without an issuer",
    { OIDC_AUDIENCE },
    "OIDC_ISSUER",
    /the service requires no token$/,
  ],
  ["keys without an issuer", { OIDC_JWKS }, "OIDC_ISSUER", /the service requires no token$/],
  ["an issuer without TLS", { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS }, "OIDC_ISSUER", /^needs TLS/],
  [
    "an issuer with records of format 1",
    { ...pinned, RECORD_FORMAT: "1" },
    "OIDC_ISSUER",
    /FORMAT 2/,
  ],
  [
    "an issuer without keys",
    { ...fetched, OIDC_JWKS_URL: "" },
    "OIDC_JWKS_URL",
    /exactly one source of keys$/,
  ],
  [
    "two sources of keys",
    { ...fetched, OIDC_JWKS },
    "OIDC_JWKS_URL",
    /exactly one source of keys$/,
  ],
  ["a URL in a closed network", { ...fetched, ...closed }, "OIDC_JWKS_URL", /NAT_GATEWAYS is none/],
  [
    "a URL that the security group does not allow",
    { ...fetched, VPC_ENDPOINTS: "true" },
    "OIDC_JWKS_URL",
    /security group allows only AWS$/,
  ],
  [
    "ranges for pinned keys",
    { ...pinned, VPC_ENDPOINTS: "true", OIDC_EGRESS_CIDRS: "203.0.113.0/24" },
    "OIDC_EGRESS_CIDRS",
    /^has no effect/,
  ],
])("rejects %s", (_, variables, variable, message) => {
  expect(issuesOf(variables)).toMatchObject([
    { variable: `CIPHERWATCH_${variable}`, message: expect.stringMatching(message) },
  ]);
});

test("rejects a quota per day below the quota per minute", () => {
  expect(issuesOf({ CLIENT_DECRYPTS_PER_DAY: "119" })).toMatchObject([
    {
      variable: "CIPHERWATCH_CLIENT_DECRYPTS_PER_MINUTE",
      message: "must not exceed CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY, which would apply first",
    },
  ]);
});

test("accepts pinned keys in a closed network", () => {
  expect(settingsOf({ ...pinned, ...closed })).toMatchObject({ oidcIssuer: OIDC_ISSUER });
});
