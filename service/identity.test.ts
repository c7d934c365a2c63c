import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { clientIdOf } from "./client-id.ts";
import { IssuerUnavailable, pinnedKeys } from "./issuer-keys.ts";
import { formatKey } from "./key.ts";
import { createQuotaStore } from "./quota-store.ts";
import { createQuotas, type Quotas } from "./quotas.ts";
import { useService } from "./testing/fixture.ts";
import { AUDIENCE, createTestIssuer, ISSUER } from "./testing/issuer.ts";
import { createTokenVerifier, type VerifyToken } from "./token.ts";

const issuer = await createTestIssuer();
const verifyToken = createTokenVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  clientClaim: "sub",
  keys: pinnedKeys(issuer.jwks),
  now: Date.now,
});

const unlimited: Quotas = { take: () => undefined };

let verify: VerifyToken = verifyToken;
let quotas = unlimited;
const fixture = useService({
  identity: {
    verifyToken: (token) => verify(token),
    quotas: { take: (client, isDecrypt) => quotas.take(client, isDecrypt) },
    clientMetrics: 2,
  },
});

const headersOf = async (sub: string) => ({
  Authorization: `Bearer ${await issuer.sign({ sub })}`,
});

let alice: Record<string, string>;

beforeAll(async () => {
  alice = await headersOf("alice");
});

afterEach(() => {
  verify = verifyToken;
  quotas = unlimited;
});

const ROUTES = [
  ["POST", "/encrypt"],
  ["POST", "/decrypt"],
  ["GET", "/decrypt"],
  ["POST", "/forget"],
] as const;

describe("a request without an accepted token", () => {
  test.each(ROUTES)("is rejected before its body is read: %s %s", async (method, path) => {
    const before = fixture.service.kms.calls.length;
    const request = { method, headers: { "Content-Type": "text/plain" } };
    const { status, json, headers } = await fixture.service.request(path, request);
    expect({ status, Code: json.Code }).toEqual({ status: 401, Code: "Unauthorized" });
    expect(headers.get("WWW-Authenticate")).toBe('Bearer realm="cipherwatch"');
    expect(headers.get("X-Request-Id")).toBe(json.RequestId);
    expect(fixture.service.kms.calls).toHaveLength(before);
    expect(fixture.service.storeCalls.splice(0)).toEqual([]);
  });

  test.each(["Basic YTpi", "Bearer", "Bearer a b", "bearer"])(
    "is asked for one when its Authorization is %j",
    async (Authorization) => {
      const { status, headers } = await fixture.service.post("/encrypt", {}, { Authorization });
      expect(status).toBe(401);
      expect(headers.get("WWW-Authenticate")).toBe('Bearer realm="cipherwatch"');
    },
  );

  test("gets the reason why its token is not accepted, and the log has no part of the token", async () => {
    const token = await issuer.sign({ aud: "other" });
    const { status, json, headers } = await fixture.service.post(
      "/encrypt",
      { Name: "n", Text: "t" },
      { Authorization: `Bearer ${token}` },
    );
    expect(status).toBe(401);
    expect(json.Message).toBe(
      'The access token is not accepted: its claim "aud" does not have an accepted value.',
    );
    expect(headers.get("WWW-Authenticate")).toBe(
      'Bearer realm="cipherwatch", error="invalid_token", ' +
        `error_description="The access token is not accepted: its claim 'aud' does not have an accepted value"`,
    );
    expect(fixture.service.lines.at(-1)).toMatchObject({
      level: "info",
      code: "Unauthorized",
      reason: "ERR_JWT_CLAIM_VALIDATION_FAILED",
      ServerErrors: 0,
    });
    const log = JSON.stringify(fixture.service.lines);
    for (const part of token.split(".")) expect(log).not.toContain(part);
  });

  test("may be a health check or ask for the contract", async () => {
    for (const path of ["/", "/healthz", "/readyz", "/openapi.json"]) {
      expect((await fixture.service.request(path)).status, path).toBe(200);
    }
  });
});

test("answers 503 to a token while the issuer's keys are unavailable", async () => {
  verify = () => Promise.reject(new IssuerUnavailable("ECONNREFUSED"));
  const { status, json, headers } = await fixture.service.post("/encrypt", {}, alice);
  expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "IssuerUnavailable" });
  expect(headers.get("Retry-After")).toBe("2");
  expect(fixture.service.lines.at(-1)).toMatchObject({ level: "warn", reason: "ECONNREFUSED" });
});

test("the contract requires an access token on the routes of records only", async () => {
  const { json } = await fixture.service.request("/openapi.json");
  const document = JSON.parse(JSON.stringify(json));
  expect(document.components.securitySchemes.accessToken).toMatchObject({
    type: "http",
    scheme: "bearer",
  });
  for (const [method, path] of ROUTES) {
    const operation = document.paths[path][method.toLowerCase()];
    expect(operation.security, path).toEqual([{ accessToken: [] }]);
    expect(Object.keys(operation.responses)).toContain("401");
  }
  expect(document.paths["/healthz"].get).not.toHaveProperty("security");
});

describe("metrics of clients", () => {
  test("have a dimension for the first clients, and one for all others", async () => {
    for (const name of ["one", "two", "three", "one"]) {
      await fixture.service.post("/decrypt", { Name: "n", Key: "k" }, await headersOf(name));
    }
    const lines = fixture.service.lines.filter(({ route }) => route === "/decrypt");
    const id = (name: string) => clientIdOf(ISSUER, name);
    expect(lines.map(({ client }) => client)).toEqual(["one", "two", "three", "one"].map(id));
    expect(lines.map(({ Client }) => Client)).toEqual([id("one"), id("two"), "other", id("one")]);
    expect(lines[0]?._aws).toMatchObject({
      CloudWatchMetrics: [
        { Dimensions: [["Service"]] },
        {
          Dimensions: [["Service", "Client"]],
          Metrics: [{ Name: "Decrypts" }, { Name: "DecryptDenied" }],
        },
      ],
    });
  });
});

describe("a record belongs to the client that encrypted it", () => {
  const NAME = "Stephen";
  let bob: Record<string, string>;

  beforeAll(async () => {
    bob = await headersOf("bob");
  });

  async function encrypt(headers: Record<string, string>): Promise<string> {
    const body = { Name: NAME, Text: "I love Pizza" };
    const { status, json } = await fixture.service.post("/encrypt", body, headers);
    expect(status).toBe(200);
    return String(json.Key);
  }

  const contexts = () => fixture.service.kms.calls.map(({ context }) => context.client);

  test("who decrypts and forgets it, and whose id KMS gets", async () => {
    const before = contexts().length;
    const body = { Name: NAME, Key: await encrypt(alice) };
    const decrypted = await fixture.service.post("/decrypt", body, alice);
    expect(decrypted).toMatchObject({ status: 200, json: { Text: "I love Pizza" } });
    expect((await fixture.service.post("/forget", body, alice)).status).toBe(200);
    expect((await fixture.service.post("/forget", body, alice)).status).toBe(200);
    const id = clientIdOf(ISSUER, "alice");
    expect(contexts().slice(before)).toEqual([id, id, id, id]);
  });

  test.each(["/decrypt", "/forget"])(
    "so that another client's %s with the right Key is one failed KMS call, like a wrong Key",
    async (path) => {
      const Key = await encrypt(alice);
      const answers = [];
      for (const body of [
        { Name: NAME, Key },
        { Name: NAME, Key: "cwk_wrong" },
        { Name: "nobody", Key },
      ]) {
        const before = contexts().length;
        fixture.service.storeCalls.length = 0;
        const { status, text, headers } = await fixture.service.post(path, body, {
          ...bob,
          "X-Request-Id": "same",
        });
        expect(contexts().slice(before)).toEqual([clientIdOf(ISSUER, "bob")]);
        const { duration: _, ...line } = { ...fixture.service.lines.at(-1) };
        expect(line).toMatchObject({ client: clientIdOf(ISSUER, "bob"), DecryptDenied: 1 });
        answers.push([
          status,
          text,
          [...headers],
          [...fixture.service.storeCalls],
          Object.keys(line),
        ]);
      }
      expect(answers[0]?.[0]).toBe(403);
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      expect((await fixture.service.post("/decrypt", { Name: NAME, Key }, alice)).status).toBe(200);
    },
  );

  test("not even someone who writes to the database can give it to another client", async () => {
    const body = { Name: NAME, Key: await encrypt(alice) };
    for (const client of [clientIdOf(ISSUER, "bob"), null]) {
      await fixture.postgres.sql`UPDATE cipherwatch.records SET client = ${client}`;
      expect((await fixture.service.post("/decrypt", body, bob)).status).toBe(403);
    }
  });

  test("while a record from before identity was on belongs to anyone who has its Key", async () => {
    const { key, record } = await fixture.service.vault.seal(
      { name: NAME, text: "old" },
      AbortSignal.timeout(30_000),
    );
    await fixture.service.store.insert(record);
    const body = { Name: NAME, Key: formatKey(key) };
    expect((await fixture.service.post("/decrypt", body, bob)).json).toEqual({ Text: "old" });
  });
});

describe("a client that has used up a quota", () => {
  const limits = { requestsPerMinute: 100, decryptsPerMinute: 100, decryptsPerDay: 2 };
  let now = Date.now();

  const task = () =>
    createQuotas({ limits, store: createQuotaStore(fixture.service.database), now: () => now });

  test("gets 429 from every task until the next day, without a KMS call", async () => {
    const [first, second] = [task(), task()];
    const decrypt = (headers: Record<string, string>) =>
      fixture.service.post("/decrypt", { Name: "n", Key: "k" }, headers);
    quotas = first;
    expect((await decrypt(alice)).status).toBe(403);
    expect(fixture.service.lines.at(-1)).toMatchObject({
      dayQuotaUsed: 50,
      DecryptDenied: 1,
    });
    quotas = second;
    expect((await decrypt(alice)).status).toBe(403);
    expect(fixture.service.lines.at(-1)).toMatchObject({
      dayQuotaUsed: 100,
      HighVolumeDecrypts: 1,
    });

    const calls = fixture.service.kms.calls.length;
    for (quotas of [first, second]) {
      const { status, json, headers } = await decrypt(alice);
      expect({ status, Code: json.Code }).toEqual({ status: 429, Code: "QuotaExceeded" });
      expect(Number(headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(fixture.service.lines.at(-1)).toMatchObject({
        level: "info",
        code: "QuotaExceeded",
        client: clientIdOf(ISSUER, "alice"),
        QuotaExceeded: 1,
      });
    }
    expect(fixture.service.kms.calls).toHaveLength(calls);
    expect((await decrypt(await headersOf("bob"))).status).toBe(403);
    now += 86_400_000;
    expect((await decrypt(alice)).status).toBe(403);
  });

  test("is forgotten by the purge once its windows have ended", async () => {
    const store = createQuotaStore(fixture.service.database);
    const counters = () => fixture.postgres.sql`SELECT quota FROM cipherwatch.quota_usage`;
    now = 20_000 * 86_400_000;
    await task().take("alice", true);
    await store.purge(now + 59_000);
    expect(await counters()).toHaveLength(3);
    await store.purge(now + 120_000);
    expect(await counters()).toEqual([{ quota: "decrypts-day" }]);
    await store.purge(now + 86_400_000);
    expect(await counters()).toHaveLength(1);
    await store.purge(now + 86_460_000);
    expect(await counters()).toHaveLength(0);
  });
});
