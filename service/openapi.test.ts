import { describe, expect, test } from "vitest";
import { z } from "zod";
import { EncryptRequest, ErrorResponse } from "./contract.ts";
import { openApiDocument } from "./openapi.ts";
import { problemStatus } from "./problem.ts";
import { createHarness } from "./testing/harness.ts";

const document = JSON.parse(JSON.stringify(openApiDocument(1_000)));

/** Yields every object in the document, including the document itself. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objects(inner);
}

describe("the OpenAPI document", () => {
  test("is version 3.1 and lists exactly the paths and methods that the app registers", () => {
    expect(document.openapi).toBe("3.1.0");
    const { app, database } = createHarness({ databaseUrl: "postgres://unused" });
    const registered = app.routes.filter(({ method }) => method !== "ALL");
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(
      registered.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    return database.close(0);
  });

  test("has a schema for every reference and a unique id for every operation", () => {
    const references = [...objects(document)].flatMap(({ $ref }) => ($ref ? [String($ref)] : []));
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      const [, ...path] = reference.split("/");
      expect(
        path.reduce((value, name) => value?.[name], document),
        reference,
      ).toBeDefined();
    }
    const operations = Object.values<object>(document.paths).flatMap((item) => Object.values(item));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(operations.length);
  });

  test("limits the characters of a Name as the service does", () => {
    const { Name } = document.components.schemas.EncryptRequest.properties;
    expect(Name).toMatchObject({ type: "string", minLength: 1, maxLength: 256 });
    const pattern = new RegExp(Name.pattern, "u");
    expect(pattern.test("a\0b")).toBe(false);
    expect(pattern.test("O'Brien 🍕\n")).toBe(true);
  });

  test("describes what the schemas validate: closed objects, required members, a closed set of codes", () => {
    const { EncryptRequest: encrypt, ErrorResponse: error } = document.components.schemas;
    expect(encrypt).toMatchObject({ required: ["Name", "Text"], additionalProperties: false });
    expect(EncryptRequest.safeParse({ Name: "n", Text: "t", more: 1 }).success).toBe(false);
    expect(error.properties.Code.enum).toEqual(Object.keys(problemStatus));
    expect(
      z.fromJSONSchema(error).safeParse({ Message: "m", Code: "x", RequestId: "r" }).success,
    ).toBe(false);
    expect(
      ErrorResponse.safeParse({ Message: "m", Code: "NotFound", RequestId: "r" }).success,
    ).toBe(true);
  });

  test("states the configured limit", () => {
    expect(JSON.stringify(document.paths["/encrypt"])).toContain("exceeds 1000 bytes");
  });

  test("documents every status of every operation, with the form of errors", () => {
    const shared = [400, 404, 405, 408, 417, 429, 431];
    const statusesOf = (path: string, method: string) =>
      Object.keys(document.paths[path][method].responses).map(Number);
    expect(statusesOf("/healthz", "get")).toEqual([200, ...shared]);
    const statuses = [200, 400, 403, 404, 405, 408, 413, 415, 417, 422, 429, 431, 500, 503];
    expect(statusesOf("/decrypt", "post")).toEqual(statuses);
    const withIdentity = openApiDocument(1_000, { identity: true }).paths["/decrypt"]?.post;
    const all = Object.keys(withIdentity?.responses ?? {}).map(Number);
    expect(all).toEqual([...statuses, 401].sort((a, b) => a - b));
    for (const status of Object.values(problemStatus)) expect(all).toContain(status);
    for (const status of shared) {
      const { content } = document.components.responses[status];
      expect(content["application/json"].schema.$ref).toBe("#/components/schemas/ErrorResponse");
    }
  });
});
