import { z } from "zod";
import {
  DecryptRequest,
  DecryptResponse,
  EncryptRequest,
  EncryptResponse,
  ErrorResponse,
  ForgetRequest,
  ForgetResponse,
  HealthResponse,
  NotReadyResponse,
  ReadyResponse,
} from "./contract.ts";

const schemas = {
  EncryptRequest,
  EncryptResponse,
  DecryptRequest,
  DecryptResponse,
  ForgetRequest,
  ForgetResponse,
  HealthResponse,
  ReadyResponse,
  NotReadyResponse,
  ErrorResponse,
};

type SchemaName = keyof typeof schemas;

const retryAfter = {
  "Retry-After": {
    description: "Seconds after which to try again.",
    schema: { type: "integer" },
  },
};

/**
 * The contract as an OpenAPI 3.1 document, made from the schemas that requests are checked with.
 * @param textLimit bytes of UTF-8 that a Text may have
 */
export function openApiDocument(textLimit: number) {
  const problems = {
    400: answer("The body is not JSON (MalformedJson).", "ErrorResponse"),
    413: answer(
      `The body is too large, or Text has more than ${textLimit} bytes of UTF-8 (PayloadTooLarge).`,
      "ErrorResponse",
    ),
    415: answer(
      "The Content-Type is not application/json (UnsupportedMediaType).",
      "ErrorResponse",
    ),
    422: answer(
      "A member is missing, wrong or not known; Message names it (InvalidRequest).",
      "ErrorResponse",
    ),
    429: {
      ...answer("Too many requests are being worked on (TooManyRequests).", "ErrorResponse"),
      headers: retryAfter,
    },
    500: answer("A fault of the service (InternalError).", "ErrorResponse"),
    503: {
      ...answer(
        "KMS or the database cannot be used, or the deadline has passed (KmsUnavailable, " +
          "DatabaseUnavailable, DeadlineExceeded). An encrypt that ends so may have stored a record, " +
          "which nobody has a Key for.",
        "ErrorResponse",
      ),
      headers: retryAfter,
    },
  };
  const denied = answer(
    "The Key does not open a record of this Name: it is wrong, it is no Key, it is another record's, " +
      "there is no such Name, or the record was changed. Which of these is not told (DecryptionFailed).",
    "ErrorResponse",
  );
  const decrypt = {
    summary: "Give a text back to the holder of its Key",
    requestBody: body("DecryptRequest"),
    responses: { 200: answer("The text.", "DecryptResponse"), 403: denied, ...problems },
  };
  return {
    openapi: "3.1.0",
    info: {
      title: "Cipherwatch",
      version: "1",
      description:
        "Keeps texts encrypted under AWS KMS. Each text has a Key of its own, which the service does " +
        "not keep: a text whose Key is lost is lost. All answers carry X-Request-Id, which a request may " +
        "set: up to 128 letters, digits and ._:=@/+-",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths: {
      "/encrypt": {
        post: {
          operationId: "encrypt",
          summary: "Encrypt and store a text",
          requestBody: body("EncryptRequest"),
          responses: {
            200: answer("The text is stored for good; its Key.", "EncryptResponse"),
            ...problems,
          },
        },
      },
      "/decrypt": {
        post: { operationId: "decrypt", ...decrypt },
        get: {
          operationId: "decryptByGet",
          description: "As POST, for callers that send a body with GET. Prefer POST.",
          ...decrypt,
        },
      },
      "/forget": {
        post: {
          operationId: "forget",
          summary: "Delete the record that a Key opens",
          requestBody: body("ForgetRequest"),
          responses: {
            200: answer("The record is gone.", "ForgetResponse"),
            403: denied,
            ...problems,
          },
        },
      },
      "/": {
        get: {
          operationId: "alive",
          summary: "The load balancer's health check",
          responses: {
            200: { description: "OK", content: { "text/plain": { schema: { const: "OK" } } } },
          },
        },
      },
      "/healthz": {
        get: {
          operationId: "health",
          summary: "Whether the process lives",
          responses: { 200: answer("It does.", "HealthResponse") },
        },
      },
      "/readyz": {
        get: {
          operationId: "readiness",
          summary: "Whether database and KMS can be used",
          responses: {
            200: answer("Both can.", "ReadyResponse"),
            503: answer(
              "Message and Checks say which cannot, or the process is stopping (NotReady).",
              "NotReadyResponse",
            ),
          },
        },
      },
      "/openapi.json": {
        get: {
          operationId: "contract",
          summary: "This document",
          responses: {
            200: {
              description: "An OpenAPI 3.1 document",
              content: { "application/json": { schema: { type: "object" } } },
            },
          },
        },
      },
    },
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => {
          const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema);
          return [name, jsonSchema];
        }),
      ),
    },
  };
}

const json = (name: SchemaName) => ({
  "application/json": { schema: { $ref: `#/components/schemas/${name}` } },
});

const body = (name: SchemaName) => ({ required: true, content: json(name) });

const answer = (description: string, name: SchemaName) => ({ description, content: json(name) });
