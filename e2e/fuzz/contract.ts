import { expect } from "vitest";
import { z } from "zod";
import { methodsByPath, type openApiDocument } from "../../service/openapi.ts";
import { type ProblemCode, problemStatus } from "../../service/problem.ts";

/** Compares responses with an OpenAPI document of the service. */
export function createContractCheck(document: ReturnType<typeof openApiDocument>) {
  const routes = methodsByPath(document);
  const validators = new Map<unknown, z.ZodType>();

  /** Asserts that the operation has the status, and that an error has its documented form. */
  function expectDocumented(path: string, method: string, status: number, body: string): void {
    const known = routes.get(path);
    if (known === undefined) expect(status).toBe(404);
    else if (!known.includes(method)) expect(status).toBe(405);
    const operations = document.paths[path] ?? document.paths["/encrypt"] ?? {};
    const operation = operations[method.toLowerCase()] ?? Object.values(operations)[0];
    expectErrorForm(operation?.responses[status], status, method === "HEAD" ? undefined : body);
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

  function validatorOf(schema: object | undefined): z.ZodType {
    const known =
      validators.get(schema) ?? z.fromJSONSchema(schema as z.core.JSONSchema.BaseSchema);
    validators.set(schema, known);
    return known;
  }

  return { routes, expectDocumented, expectErrorForm };
}

interface DocumentedResponse {
  readonly $ref?: string;
  readonly content?: { readonly "application/json"?: { readonly schema: { $ref?: string } } };
}
