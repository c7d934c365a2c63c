import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { openApiDocument } from "../../service/openapi.ts";
import { exchange, listenOn, portOf } from "../../service/testing/http.ts";
import { cases, mutated, sometimesMutated } from "./cases.ts";
import { createContractCheck } from "./contract.ts";
import { createFuzzedService, TEXT_LIMIT } from "./service.ts";

const service = createFuzzedService();
const { app, lines, keepRecord } = service;
const document = openApiDocument(TEXT_LIMIT);
const { routes, expectDocumented, expectErrorForm } = createContractCheck(document);

/** Part of every generated Name and Text, which must never be logged. */
const MARK = "mark-of-a-caller";

/** Records that last, each with its Key. */
const KNOWN = await keepRecord(`Stephen ${MARK}`);
const PREVIOUS = await keepRecord(`previous ${MARK}`, { under: "previous key" });
const UNREADABLE = [
  await keepRecord(`unknown key ${MARK}`, { under: "unknown key" }),
  await keepRecord(`unknown format ${MARK}`, { formatVersion: 9 }),
];
const RECORDS = [KNOWN, PREVIOUS, ...UNREADABLE];

const name = fc.oneof(
  fc.constantFrom(...RECORDS.map(({ Name }) => Name)),
  fc.string({ maxLength: 20, unit: "grapheme" }).map((text) => MARK + text),
  fc.string({ maxLength: 20, unit: "binary" }).map((text) => MARK + text),
  fc.constantFrom("", "__proto__", `${MARK}${"x".repeat(300)}`, `${MARK}\0`, `${MARK}\ud83c`),
);
const text = fc.oneof(
  fc.string({ maxLength: 200, unit: "grapheme" }).map((more) => MARK + more),
  fc.constantFrom("", MARK + "x".repeat(TEXT_LIMIT), "é".repeat(TEXT_LIMIT / 2)),
);
const key = fc.oneof(
  fc.constantFrom(...RECORDS.map(({ Key }) => Key)),
  mutated(fc.constantFrom(...RECORDS.map(({ Key }) => Key))),
  fc.base64String({ minLength: 64, maxLength: 64 }).map((digits) => `cwk_${digits}`),
  fc.string(),
);
const expiresAt = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.string().map((more) => MARK + more),
  sometimesMutated(fc.constant("2999-12-31T23:59:59Z"), 3),
);
const wrongType = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()));
const member = (value: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: wrongType });

const object = (members: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.record(members).map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.record(members, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.record(members), fc.string(), fc.jsonValue())
        .map(([value, extra, other]) => JSON.stringify({ ...value, [extra]: other })),
    },
    {
      weight: 1,
      arbitrary: fc
        .record(members)
        .map((value) => `${JSON.stringify(value).slice(0, -1)},${JSON.stringify(value).slice(1)}`),
    },
  );

const route = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant("/encrypt"),
      fc.oneof(
        object({ Name: member(name), Text: member(text) }),
        object({ Name: member(name), Text: member(text), ExpiresAt: member(expiresAt) }),
      ),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant("/decrypt"),
      fc.oneof(
        { weight: 3, arbitrary: object({ Name: member(name), Key: member(key) }) },
        { weight: 1, arbitrary: fc.constantFrom(...RECORDS).map((body) => JSON.stringify(body)) },
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant("/forget"),
      object({
        Name: member(name),
        Key: member(mutated(fc.constantFrom(KNOWN.Key, PREVIOUS.Key))),
      }),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...routes.keys()), fc.json()) },
);

const header = fc.oneof(
  fc.tuple(fc.constant("X-Request-Id"), fc.oneof(fc.uuid(), key, fc.string())),
  fc.tuple(fc.constant("Content-Encoding"), fc.constantFrom("gzip", "identity", "")),
  fc.tuple(fc.constantFrom("Accept", "Cookie", "Origin", "X-Forwarded-For"), fc.string()),
);

const request = fc.record({
  method: fc.oneof(
    { weight: 15, arbitrary: fc.constant("POST") },
    { weight: 1, arbitrary: fc.constantFrom("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH") },
  ),
  route: fc
    .tuple(route, fc.boolean())
    .chain(([[path, body], isMutated]) =>
      fc.tuple(
        sometimesMutated(fc.constant(path), 30),
        isMutated ? sometimesMutated(fc.constant(body), 3) : fc.constant(body),
      ),
    ),
  type: sometimesMutated(
    fc.constantFrom("application/json", "application/json; charset=utf-8"),
    30,
  ),
  headers: fc.array(header, { maxLength: 2 }),
});

test("every request gets a response of the OpenAPI document, and leaves no caller input in the log", async () => {
  const statuses: Record<number, number> = {};
  const seen = { previousKey: 0, unreadable: 0 };
  await fc.assert(
    fc.asyncProperty(request, async ({ method, route: [path, body], type, headers }) => {
      const sent = new Headers();
      for (const [header, value] of [["Content-Type", type], ...headers] as [string, string][]) {
        if (/^[\t\x20-\x7e]*$/.test(value)) sent.set(header, value);
      }
      const url = `http://localhost/${encodeURI(path.toWellFormed()).replace(/^\//, "")}`;
      const hasBody = method !== "GET" && method !== "HEAD";
      lines.length = 0;
      const response = await app.request(url, {
        method,
        headers: sent,
        ...(hasBody && { body: Buffer.from(body) }),
      });
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      const text = await response.text();
      expectDocumented(new URL(url).pathname, method, response.status, text);
      expect(response.headers.get("X-Request-Id")).toMatch(/^[\w:.=@/+-]{1,72}$/);
      const logged = lines.join("");
      expect(logged).toMatch(/"msg":"request"/);
      expect(logged).not.toContain(MARK);
      for (const { Key } of RECORDS) expect(logged).not.toContain(Key.slice(4));
      if (path === "/decrypt" && response.status === 200 && body === JSON.stringify(PREVIOUS)) {
        expect(JSON.parse(text)).toEqual({ Text: PREVIOUS.Name });
        seen.previousKey += 1;
      }
      if (logged.includes('"unreadable":')) {
        expect(JSON.parse(text)).toMatchObject({ Code: "DecryptionFailed" });
        seen.unreadable += 1;
      } else expect(logged).not.toMatch(/"level":"(error|fatal)"/);
    }),
    cases(40_000),
  );
  console.log(statuses, seen);
  expect(seen.previousKey).toBeGreaterThan(0);
  expect(seen.unreadable).toBeGreaterThan(0);
  const total = Object.values(statuses).reduce((sum, count) => sum + count);
  const stopped = [404, 405, 415].reduce((sum, status) => sum + (statuses[status] ?? 0), 0);
  expect(stopped / total).toBeLessThan(0.4);
  for (const status of [200, 400, 403, 404, 405, 413, 415, 422]) {
    expect(statuses[status], `requests answered with ${status}`).toBeGreaterThan(0);
  }
});

const servers: { close: () => void; closeAllConnections: () => void }[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

test("mutated HTTP gets documented responses, and the service survives it", async () => {
  const server = await listenOn(service);
  servers.push(server);
  const body = JSON.stringify({ Name: MARK, Text: "t" });
  const valid =
    `POST /encrypt HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  const statuses: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(mutated(fc.constant(valid)), async (bytes) => {
      // The client half-closes, so that a request that never ends is not waited for.
      const received = await exchange(portOf(server), (write, end) => {
        write(bytes);
        end();
      });
      const [, status = "none"] = /^HTTP\/1\.1 (\d{3}) /.exec(received) ?? [];
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === "none") {
        expect(received).toBe("");
        return;
      }
      expect(Number(status)).toBeLessThan(500);
      const [head = "", ...rest] = received.split("\r\n\r\n");
      expect(head).toMatch(/^x-request-id: /im);
      const isHead = /^HEAD /.test(bytes);
      const operation = document.paths["/encrypt"]?.post;
      const documented = operation?.responses[Number(status)];
      expectErrorForm(documented, Number(status), isHead ? undefined : rest[0]);
    }),
    cases(2_000),
  );
  console.log(statuses);
  expect((await app.request("/healthz")).status).toBe(200);
});
