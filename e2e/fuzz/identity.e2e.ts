import { createHmac } from "node:crypto";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { clientIdOf } from "../../service/client-id.ts";
import { pinnedKeys } from "../../service/issuer-keys.ts";
import { openApiDocument } from "../../service/openapi.ts";
import { createQuotas } from "../../service/quotas.ts";
import { exchange, listenOn, portOf } from "../../service/testing/http.ts";
import { AUDIENCE, createTestIssuer, ISSUER } from "../../service/testing/issuer.ts";
import { createTokenVerifier } from "../../service/token.ts";
import { cases, mutated } from "./cases.ts";
import { createContractCheck } from "./contract.ts";
import { createFuzzedService, TEXT_LIMIT } from "./service.ts";

const [issuer, secondKey, stranger] = [
  await createTestIssuer("key-1"),
  await createTestIssuer("key-2"),
  await createTestIssuer("key-1"),
];
const unlimited = { requestsPerMinute: 1e9, decryptsPerMinute: 1e9, decryptsPerDay: 1e9 };
const jwks = { keys: [...issuer.jwks.keys, ...secondKey.jwks.keys] };
const identity = {
  verifyToken: createTokenVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    clientClaim: "sub",
    keys: pinnedKeys(jwks),
    now: Date.now,
  }),
  quotas: createQuotas({
    limits: unlimited,
    store: { take: async ({ count }) => count },
    now: Date.now,
  }),
  clientMetrics: 10,
};
const service = createFuzzedService({ identity });
const { app, lines, kms, keepRecord } = service;
const { expectDocumented, expectErrorForm } = createContractCheck(
  openApiDocument(TEXT_LIMIT, { identity: true }),
);

const ofAlice = await keepRecord("record of alice", { client: clientIdOf(ISSUER, "alice") });
const alice = await issuer.sign();
const bob = await issuer.sign({ sub: "bob" });

/** An Authorization header, and the client that it identifies; undefined if it must be rejected. */
interface Credentials {
  readonly header: string;
  readonly client: string | undefined;
}
const rejected = (header: string): Credentials => ({ header, client: undefined });
const bearer = (token: string) => `Bearer ${token}`;
const partsOf = (token: string) => token.split(".") as [string, string, string];
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1_000);

const accepted = fc.constantFrom<Credentials[]>(
  { header: bearer(alice), client: "alice" },
  { header: `bearer   ${alice}  `, client: "alice" },
  { header: bearer(bob), client: "bob" },
  { header: bearer(await issuer.sign({ aud: ["x", AUDIENCE] })), client: "alice" },
  { header: bearer(await secondKey.sign()), client: "alice" },
  { header: bearer(await issuer.sign({}, { typ: "at+jwt" })), client: "alice" },
  // Within the tolerance for clocks.
  { header: bearer(await issuer.sign({ nbf: now() + 5 })), client: "alice" },
);

/** Sets of claims. Each has one claim that makes the token invalid. */
const wrongClaims = fc.oneof(
  fc.record({ iss: fc.constantFrom(`${ISSUER}/`, ISSUER.toUpperCase(), "", null, 1, [ISSUER]) }),
  fc.record({ aud: fc.constantFrom(undefined, "", `${AUDIENCE}/`, [], ["x"], null, 7) }),
  fc.record({
    exp: fc.oneof(
      fc.integer({ min: -1_000, max: now() - 3_600 }),
      fc.constantFrom(undefined, null, String(now() + 3_600), [now() + 3_600]),
    ),
  }),
  fc.record({
    nbf: fc.oneof(fc.integer({ min: now() + 86_400 }), fc.constantFrom(null, "0", {})),
  }),
  fc.record({
    sub: fc.constantFrom(undefined, "", "x".repeat(256), null, 1, ["alice"], { sub: "alice" }),
  }),
);

/** A header with another key's id, or of a token for another purpose. */
const wrongHeader = fc.oneof(
  fc.record({ kid: fc.constantFrom("key-2", "", "key-3", "../key-1", "' OR 1=1") }),
  fc.record({ typ: fc.constantFrom("dpop+jwt", "logout+jwt", "secevent+jwt", "") }),
);

const publicKey = JSON.stringify(issuer.jwks.keys[0]);
const forged = fc
  .tuple(
    fc.constantFrom("none", "None", "HS256", "ES256", "ES384", "RS256", ""),
    fc.constantFrom("", publicKey, "secret"),
    fc.constantFrom(undefined, "key-1", "key-2"),
    fc.constantFrom("alice", "bob"),
  )
  .map(([alg, secret, kid, sub]) => {
    const header = encode({ alg, kid });
    const input = `${header}.${encode({ iss: ISSUER, aud: AUDIENCE, sub, exp: now() + 3_600 })}`;
    const signature =
      secret === "" ? "" : createHmac("sha256", secret).update(input).digest("base64url");
    return rejected(bearer(`${input}.${signature}`));
  });

const swapped = fc
  .tuple(fc.constantFrom(alice, bob), fc.constantFrom(alice, bob), fc.constantFrom(0, 1, 2))
  .filter(([first, second, part]) => partsOf(first)[part] !== partsOf(second)[part])
  .map(([first, second, part]) =>
    rejected(
      bearer(
        partsOf(first)
          .with(part, partsOf(second)[part] ?? "")
          .join("."),
      ),
    ),
  );

const malformed = fc.oneof(
  fc.constantFrom(
    ...["", "Bearer", "Bearer ", `Basic ${alice}`, alice, `Bearer${alice}`, `DPoP ${alice}`],
    `${bearer(alice)}, ${bearer(alice)}`,
    `${bearer(alice)} ${bob}`,
    bearer(`${alice}.${alice}`),
    bearer(alice.split(".", 2).join(".")),
    // An encrypted token has five parts.
    bearer(`${alice}..`),
  ),
  fc.integer({ min: 5_000, max: 100_000 }).map((size) => bearer("a".repeat(size))),
  fc.integer({ min: 5_000, max: 20_000 }).map((size) => bearer(`${alice}${"A".repeat(size)}`)),
  fc.string({ unit: "grapheme-ascii" }).map(bearer),
);

/** Base64url has unused bits in its last character, so that another signature may be the same. */
const isSameToken = (header: string) =>
  [alice, bob].some((token) => {
    const [first, second] = [partsOf(token), partsOf(header.trim().replace(/^bearer +/i, ""))];
    return first.every((part, index) =>
      Buffer.from(part, "base64url").equals(Buffer.from(second[index] ?? "", "base64url")),
    );
  });

const credentials: fc.Arbitrary<Credentials | Promise<Credentials>> = fc.oneof(
  { weight: 4, arbitrary: accepted },
  {
    weight: 3,
    arbitrary: wrongClaims.map(async (claims) => rejected(bearer(await issuer.sign(claims)))),
  },
  {
    weight: 2,
    arbitrary: wrongHeader.map(async (header) => rejected(bearer(await issuer.sign({}, header)))),
  },
  { weight: 1, arbitrary: fc.constant(stranger.sign().then((token) => rejected(bearer(token)))) },
  { weight: 2, arbitrary: forged },
  { weight: 1, arbitrary: swapped },
  { weight: 2, arbitrary: malformed.map(rejected) },
  {
    weight: 3,
    arbitrary: mutated(fc.constantFrom(bearer(alice), bearer(bob)))
      .filter((header) => /^[\t\x20-\x7e]*$/.test(header) && !isSameToken(header))
      .map(rejected),
  },
);

const body = fc.oneof(
  fc.constant({ path: "/encrypt", body: { Name: "n", Text: "t" } }),
  fc.constant({ path: "/decrypt", body: ofAlice }),
  fc.constant({ path: "/decrypt", body: { ...ofAlice, Name: "other" } }),
  fc.constant({ path: "/forget", body: { ...ofAlice, Key: "x" } }),
  fc.constant({ path: "/decrypt", body: {} }),
);

test("only tokens of the issuer for this service are accepted, and records open only for their client", async () => {
  const statuses: Record<number, number> = {};
  await fc.assert(
    fc.asyncProperty(credentials, body, async (pending, { path, body }) => {
      const { header, client } = await pending;
      lines.length = 0;
      kms.calls.length = 0;
      const response = await app.request(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: header },
        body: JSON.stringify(body),
      });
      const { status } = response;
      statuses[status] = (statuses[status] ?? 0) + 1;
      const text = await response.text();
      expectDocumented(path, "POST", status, text);
      if (client === undefined) {
        expect(status).toBe(401);
        expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="cipherwatch"/);
        expect(kms.calls).toEqual([]);
      } else {
        expect(status).not.toBe(401);
        if (body === ofAlice) expect(status).toBe(client === "alice" ? 200 : 403);
        const decrypts = kms.calls.filter(({ operation }) => operation === "decrypt");
        for (const { context } of decrypts) expect(context.client).toBe(clientIdOf(ISSUER, client));
      }
      const logged = lines.join("");
      expect(logged).toMatch(/"msg":"request"/);
      expect(logged).not.toMatch(/"level":"(error|fatal)"/);
      for (const part of header.split(/[ ,.]/)) {
        if (part.length > 20) expect(logged).not.toContain(part);
      }
    }),
    cases(8_000),
  );
  console.log(statuses);
  for (const status of [200, 401, 403, 422]) {
    expect(statuses[status], `requests answered with ${status}`).toBeGreaterThan(0);
  }
});

const server = await listenOn(service);
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  { title: "accepts one token", values: [alice], status: 200 },
  { title: "rejects two Authorization headers", values: [alice, bob], status: 401 },
  { title: "rejects the same token twice", values: [alice, alice], status: 401 },
  { title: "rejects a token that is too large", values: ["a".repeat(20_000)], status: 431 },
])("$title over HTTP", async ({ values, status }) => {
  const json = JSON.stringify(ofAlice);
  const headers = values.map((token) => `Authorization: ${bearer(token)}\r\n`).join("");
  const received = await exchange(portOf(server), (write, end) => {
    write(
      `POST /decrypt HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}` +
        `Content-Length: ${json.length}\r\nConnection: close\r\n\r\n${json}`,
    );
    end();
  });
  const [head = "", text = ""] = received.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  const operation = openApiDocument(TEXT_LIMIT, { identity: true }).paths["/decrypt"]?.post;
  expectErrorForm(operation?.responses[status], status, text);
});
