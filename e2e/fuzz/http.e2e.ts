import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { methodsByPath, openApiDocument } from "../../service/openapi.ts";
import { type ProblemCode, problemStatus } from "../../service/problem.ts";
import { exchange, listenOn, portOf } from "../../service/testing/http.ts";
import { cases, mutated, sometimesMutated } from "./cases.ts";
import { createFuzzedService, TEXT_LIMIT } from "./service.ts";

const { app, logger, lines } = createFuzzedService();
const document = openApiDocument(TEXT_LIMIT);
const routes = methodsByPath(document);

/** Part of every generated Name and Text, which must never be logged. */
const MARK = "mark-of-a-caller";

const encrypt = async (Name: string) => {
  const response = await app.request("/encrypt", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ Name, Text: MARK }),
  });
  return String(((await response.json()) as { Key: string }).Key);
};
const KNOWN = { Name: `Stephen ${MARK}`, Key: await encrypt(`Stephen ${MARK}`) };

const name = fc.oneof(
  fc.constant(KNOWN.Name),
  fc.string({ maxLength: 20, unit: "grapheme" }).map((text) => MARK + text),
  fc.string({ maxLength: 20, unit: "binary" }).map((text) => MARK + text),
  fc.constantFrom("", "__proto__", `${MARK}${"x".repeat(300)}`, `${MARK}\0`, `${MARK}\ud83c`),
);
const text = fc.oneof(
  fc.string({ maxLength: 200, unit: "grapheme" }).map((more) => MARK + more),
  fc.constantFrom("", MARK + "x".repeat(TEXT_LIMIT), "é".repeat(TEXT_LIMIT / 2)),
);
const key = fc.oneof(
  fc.constant(KNOWN.Key),
  mutated(fc.constant(KNOWN.Key)),
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
    arbitrary: fc.tuple(fc.constant("/decrypt"), object({ Name: member(name), Key: member(key) })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant("/forget"),
      object({ Name: member(name), Key: member(mutated(fc.constant(KNOWN.Key))) }),
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
      expect(logged).not.toContain(KNOWN.Key.slice(4));
      expect(logged).not.toMatch(/"level":"(error|fatal)"/);
    }),
    cases(40_000),
  );
  console.log(statuses);
  const total = Object.values(statuses).reduce((sum, count) => sum + count);
  const stopped = [404, 405, 415].reduce((sum, status) => sum + (statuses[status] ?? 0), 0);
  expect(stopped / total).toBeLessThan(0.4);
  for (const status of [200, 400, 403, 404, 405, 413, 415, 422]) {
    expect(statuses[status], `requests answered with ${status}`).toBeGreaterThan(0);
  }
});

/** Compares a response with the document: the operation has its status, and errors have the form there. */
function expectDocumented(path: string, method: string, status: number, body: string): void {
  const known = routes.get(path);
  if (known === undefined) expect(status).toBe(404);
  else if (!known.includes(method)) expect(status).toBe(405);
  const operations = document.paths[path] ?? document.paths["/encrypt"] ?? {};
  const operation = operations[method.toLowerCase()] ?? Object.values(operations)[0];
  expectErrorForm(operation?.responses[status], status, method === "HEAD" ? undefined : body);
}

interface DocumentedResponse {
  readonly $ref?: string;
  readonly content?: { readonly "application/json"?: { readonly schema: { $ref?: string } } };
}

/** Follows the references of a documented response, and validates the body of an error with its schema. */
function expectErrorForm(documented: object | undefined, status: number, body?: string): void {
  expect(documented, `a documented response with ${status}`).toBeDefined();
  if (status < 400 || body === undefined) return;
  const { $ref } = documented as DocumentedResponse;
  const { responses, schemas } = document.components;
  const response = $ref === undefined ? documented : responses[status as keyof typeof responses];
  const reference = (response as DocumentedResponse).content?.["application/json"]?.schema.$ref;
  const schema = schemas[reference?.split("/").at(-1) ?? ""];
  const json = JSON.parse(body) as { readonly Code: ProblemCode };
  expect(validatorOf(schema).parse(json)).toEqual(json);
  expect(problemStatus[json.Code]).toBe(status);
}

const validators = new Map<unknown, z.ZodType>();

function validatorOf(schema: object | undefined): z.ZodType {
  const known = validators.get(schema) ?? z.fromJSONSchema(schema as z.core.JSONSchema.BaseSchema);
  validators.set(schema, known);
  return known;
}

const servers: { close: () => void; closeAllConnections: () => void }[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

test("mutated HTTP gets documented responses, and the service survives it", async () => {
  const server = await listenOn({ app, logger });
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
