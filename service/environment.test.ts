import { describe, expect, test } from "vitest";
import {
  parseMigrationEnvironment,
  parseServiceEnvironment,
  type Variables,
} from "./environment.ts";
import { KEY_ARN, OTHER_KEY_ARN } from "./testing/memory-kms.ts";

const byUrl = { KMS_KEY_ARN: KEY_ARN, DATABASE_URL: "postgres://u:hunter2@db.example:5433/app" };
const byHost = {
  KMS_KEY_ARN: KEY_ARN,
  DATABASE_HOST: "db.example",
  DATABASE_NAME: "cipherwatch",
  DATABASE_USER: "cipherwatch_service",
  AWS_REGION: "ap-southeast-2",
};

function complaint(parse: (variables: Variables) => unknown, variables: Variables): string {
  try {
    parse(variables);
  } catch (error) {
    expect(error).toMatchObject({ name: "OperatorError" });
    return (error as Error).message;
  }
  return expect.fail("the environment was accepted");
}

describe("the service's environment", () => {
  test("requires a KMS key and a database, and has a default for everything else", () => {
    expect(parseServiceEnvironment(byUrl)).toEqual({
      PORT: 8080,
      HOST: "0.0.0.0",
      KMS_KEY_ARN: KEY_ARN,
      KMS_PREVIOUS_KEY_ARNS: [],
      RECORD_FORMAT: 2,
      MAX_TEXT_BYTES: 262144,
      MAX_IN_FLIGHT: 128,
      REQUEST_TIMEOUT: 10000,
      KMS_TIMEOUT: 2000,
      DATABASE_POOL_SIZE: 10,
      DATABASE_CONNECT_TIMEOUT: 5000,
      DATABASE_STATEMENT_TIMEOUT: 5000,
      DECRYPT_WITHOUT_TRAIL: "allow",
      READINESS_TIMEOUT: 2000,
      READINESS_AGE: 5000,
      CANARY_MINUTES: 0,
      DRAIN_TIMEOUT: 25000,
      LOG_LEVEL: "info",
      METRICS_NAMESPACE: "Cipherwatch",
      database: { kind: "url", url: byUrl.DATABASE_URL },
    });
  });

  test("uses IAM authentication when a host is given", () => {
    expect(parseServiceEnvironment({ ...byHost, DATABASE_PORT: "6432" }).database).toEqual({
      kind: "iam",
      host: "db.example",
      port: 6432,
      name: "cipherwatch",
      user: "cipherwatch_service",
      region: "ap-southeast-2",
    });
  });

  test("accepts PORT 0 and treats an empty variable as not set", () => {
    expect(parseServiceEnvironment({ ...byUrl, PORT: "0", LOG_LEVEL: "" })).toMatchObject({
      PORT: 0,
      LOG_LEVEL: "info",
    });
  });

  test("reads several previous KMS keys, and the format version of new records", () => {
    const arns = [KEY_ARN, OTHER_KEY_ARN];
    const variables = { ...byUrl, KMS_PREVIOUS_KEY_ARNS: arns.join(","), RECORD_FORMAT: "1" };
    expect(parseServiceEnvironment(variables)).toMatchObject({
      KMS_PREVIOUS_KEY_ARNS: arns,
      RECORD_FORMAT: 1,
    });
  });

  test("lists all missing variables at once", () => {
    const message = complaint(parseServiceEnvironment, {});
    expect(message).toContain("KMS_KEY_ARN must be the ARN of a KMS key");
    expect(message).toContain("DATABASE_URL must be a PostgreSQL URL");
  });

  test.each([
    [
      "PORT",
      "http",
      'PORT must be an integer between 0 and 65535; the default is 8080; received "http"',
    ],
    ["PORT", "65536", "between 0 and 65535"],
    ["PORT", "80.5", "must be an integer"],
    ["DATABASE_URL", "postgres://u@host:99999/d", "a PostgreSQL URL"],
    ["DATABASE_URL", "postgres://u:50%@host/d", "written as %25"],
    ["PORT", "-1", "must be an integer"],
    ["REQUEST_TIMEOUT", "10s", "between 50 and 300000; the default is 10000"],
    ["KMS_KEY_ARN", "alias/cipherwatch", "not of an alias"],
    ["KMS_PREVIOUS_KEY_ARNS", `${KEY_ARN}, ${OTHER_KEY_ARN}`, "without blanks"],
    ["KMS_PREVIOUS_KEY_ARNS", "alias/old", "the ARNs of KMS keys (not of aliases)"],
    ["RECORD_FORMAT", "3", "must be 1 or 2; the default is 2"],
    ["LOG_LEVEL", "verbose", "fatal, error, warn, info, debug or silent"],
    ["METRICS_NAMESPACE", "a b", "a CloudWatch namespace"],
  ])("explains what is wrong with %s=%s", (name, value, expected) => {
    expect(complaint(parseServiceEnvironment, { ...byUrl, [name]: value })).toContain(expected);
  });

  test("never shows a secret, not even an invalid one", () => {
    const url = { ...byUrl, DATABASE_URL: "mysql://u:hunter2@db.example" };
    const secret = { ...byHost, DATABASE_SECRET: '{"username":"u","pass":"hunter2"}' };
    const messages = [
      complaint(parseServiceEnvironment, url),
      complaint(parseMigrationEnvironment, secret),
      complaint(parseMigrationEnvironment, { ...secret, DATABASE_SECRET: "hunter2" }),
      complaint(parseServiceEnvironment, {
        ...byHost,
        DATABASE_HOST: "postgres://u:hunter2/@db.example/d",
      }),
      complaint(parseServiceEnvironment, {
        ...byUrl,
        OIDC_JWKS_URL: "https://u:hunter2@login.example.com/jwks",
      }),
    ];
    for (const message of messages) expect(message).not.toContain("hunter2");
  });

  test.each([
    "postgres://u:p%40ss%25@db.example:5432/d?sslmode=require",
    "postgresql://u@a.example:5432,b.example:5432/d",
    "postgres://[::1]/d",
  ])("accepts the database %s", (DATABASE_URL) => {
    expect(parseServiceEnvironment({ ...byUrl, DATABASE_URL }).database).toMatchObject({
      url: DATABASE_URL,
    });
  });

  test("rejects two databases", () => {
    expect(complaint(parseServiceEnvironment, { ...byUrl, ...byHost })).toContain("both set");
  });
});

describe("the migrations' environment", () => {
  test("signs in with the RDS-managed master secret and names the service's role", () => {
    const secret = JSON.stringify({ username: "postgres", password: "p'\"w" });
    expect(parseMigrationEnvironment({ ...byHost, DATABASE_SECRET: secret })).toEqual({
      database: {
        kind: "password",
        host: "db.example",
        port: 5432,
        name: "cipherwatch",
        user: "postgres",
        password: "p'\"w",
      },
      serviceRole: "cipherwatch_service",
      rewrapRole: undefined,
    });
  });

  test("needs no role when a URL is given", () => {
    expect(parseMigrationEnvironment(byUrl)).toEqual({
      database: { kind: "url", url: byUrl.DATABASE_URL },
      serviceRole: undefined,
      rewrapRole: undefined,
    });
    const withRole = { ...byUrl, DATABASE_REWRAP_USER: "cipherwatch_rewrap" };
    expect(parseMigrationEnvironment(withRole).rewrapRole).toBe("cipherwatch_rewrap");
  });

  test("rejects a role name that would need quoting", () => {
    const variables = { ...byUrl, DATABASE_USER: 'x"; DROP' };
    expect(complaint(parseMigrationEnvironment, variables)).toContain("a PostgreSQL role name");
  });
});

describe("identity", () => {
  const OIDC_JWKS = JSON.stringify({
    keys: [{ kty: "EC", kid: "1", crv: "P-256", x: "A", y: "B" }],
  });
  const OIDC_ISSUER = "https://login.example.com";
  const OIDC_AUDIENCE = "vault";
  const pinned = { ...byUrl, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS };
  const OIDC_JWKS_URL = "https://login.example.com/jwks";

  test("has an issuer, an audience, the claim sub and one source of keys", () => {
    const expected = { issuer: OIDC_ISSUER, audience: OIDC_AUDIENCE, clientClaim: "sub" };
    expect(parseServiceEnvironment(pinned).identity).toEqual({
      ...expected,
      keys: { kind: "pinned", jwks: JSON.parse(OIDC_JWKS) },
      clientMetrics: 10,
      quotas: { requestsPerMinute: 600, decryptsPerMinute: 120, decryptsPerDay: 20_000 },
    });
    const fetched = { ...pinned, OIDC_JWKS: "", OIDC_JWKS_URL };
    expect(parseServiceEnvironment(fetched).identity?.keys).toEqual({
      kind: "url",
      url: OIDC_JWKS_URL,
    });
  });

  test.each<[string, Variables, string]>([
    ["an issuer without an audience", { OIDC_AUDIENCE: "" }, "OIDC_AUDIENCE must be set"],
    ["other variables without an issuer", { OIDC_ISSUER: "" }, "OIDC_AUDIENCE is set without"],
    ["an issuer without keys", { OIDC_JWKS: "" }, "Set exactly one of OIDC_JWKS_URL and"],
    ["two sources of keys", { OIDC_JWKS_URL }, "Set exactly one of OIDC_JWKS_URL and"],
    ["an issuer without TLS", { OIDC_ISSUER: "http://login.example.com" }, "OIDC_ISSUER must be"],
    ["keys without TLS", { OIDC_JWKS_URL: "http://login.example.com/jwks" }, "OIDC_JWKS_URL must"],
    ["records of no client", { RECORD_FORMAT: "1" }, "RECORD_FORMAT is 1, which cannot bind"],
    ["keys that are no key set", { OIDC_JWKS: "{}" }, "OIDC_JWKS must be a JSON Web Key Set"],
  ])("rejects %s", (_, variables, message) => {
    expect(complaint(parseServiceEnvironment, { ...pinned, ...variables })).toContain(message);
  });

  test.each(["d", "k"])(
    "rejects a key with the private member %s, without printing it",
    (member) => {
      const key = { kty: "EC", kid: "1", crv: "P-256", x: "A", y: "B", [member]: "hunter2" };
      const variables = { ...pinned, OIDC_JWKS: JSON.stringify({ keys: [key] }) };
      const message = complaint(parseServiceEnvironment, variables);
      expect(message).toContain("of public RSA, EC or OKP keys");
      expect(message).not.toContain("hunter2");
    },
  );
});
