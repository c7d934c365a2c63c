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
    description: "Seconds to wait before trying again.",
    schema: { type: "integer" },
  },
};

/**
 * Responses to requests that reach no operation, or are rejected before one runs. Every operation refers to
 * them, except where it has its own response with the same status.
 */
const sharedResponses = {
  400: response("The request is not valid HTTP (BadRequest).", "ErrorResponse"),
  404: response("There is no such path (NotFound).", "ErrorResponse"),
  405: {
    ...response("The path has no such method (MethodNotAllowed).", "ErrorResponse"),
    headers: { Allow: { description: "The methods of the path.", schema: { type: "string" } } },
  },
  408: response("The request did not arrive in time (RequestTimeout).", "ErrorResponse"),
  417: response(
    "The request has an Expect header other than 100-continue (ExpectationFailed).",
    "ErrorResponse",
  ),
  429: {
    ...response("Too many connections are open (TooManyRequests).", "ErrorResponse"),
    headers: retryAfter,
  },
  431: response("The request headers are too large (HeadersTooLarge).", "ErrorResponse"),
};

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly requestBody?: object;
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<number, object>>;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

function withSharedResponses(paths: Paths): Paths {
  const references = Object.fromEntries(
    Object.keys(sharedResponses).map((status) => [
      status,
      { $ref: `#/components/responses/${status}` },
    ]),
  );
  const mapValues = <In, Out>(object: Readonly<Record<string, In>>, map: (value: In) => Out) =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
  return mapValues(paths, (operations) =>
    mapValues(operations, (operation) => ({
      ...operation,
      responses: { ...references, ...operation.responses },
    })),
  );
}

const apiPaths = (textLimit: number, { identity }: ContractOptions) => {
  const problems = commonProblems(textLimit, identity);
  const denied = response(
    "The Key does not open a record with this Name: the Key is wrong, malformed or for another record, " +
      "the Name is unknown, or the record was tampered with. The response does not say which " +
      "(DecryptionFailed).",
    "ErrorResponse",
  );
  const decrypt = {
    summary: "Return a Text to the holder of its Key",
    ...secured(identity),
    requestBody: body("DecryptRequest"),
    responses: { 200: response("The Text.", "DecryptResponse"), 403: denied, ...problems },
  };
  return {
    "/encrypt": {
      post: {
        operationId: "encrypt",
        summary: "Encrypt and store a Text",
        ...secured(identity),
        requestBody: body("EncryptRequest"),
        responses: {
          200: response("The Text is durably stored; the response has its Key.", "EncryptResponse"),
          ...problems,
        },
      },
    },
    "/decrypt": {
      post: { operationId: "decrypt", ...decrypt },
      get: {
        operationId: "decryptByGet",
        description: "Same as POST, for callers that send a body with GET. Prefer POST.",
        ...decrypt,
      },
    },
    "/forget": {
      post: {
        operationId: "forget",
        summary: "Delete the record that a Key opens",
        ...secured(identity),
        description:
          "Deletes the Text at once. May be repeated for 24 hours with the same Name and Key, for example " +
          "after a lost response.",
        requestBody: body("ForgetRequest"),
        responses: {
          200: response("The record is deleted.", "ForgetResponse"),
          403: denied,
          ...problems,
        },
      },
    },
  };
};

/** Requires an access token where identity is on. */
const secured = (identity: boolean) => (identity ? { security: [{ accessToken: [] }] } : {});

const unauthorized = {
  ...response("The access token is missing or not accepted (Unauthorized).", "ErrorResponse"),
  headers: {
    "WWW-Authenticate": {
      description: "The Bearer scheme, and why the token is not accepted.",
      schema: { type: "string" },
    },
  },
};

function commonProblems(textLimit: number, identity: boolean) {
  return {
    400: response(
      "The request is not valid HTTP (BadRequest), or its body is not valid JSON (MalformedJson).",
      "ErrorResponse",
    ),
    ...(identity && { 401: unauthorized }),
    413: response(
      `The body is too large, or Text exceeds ${textLimit} bytes of UTF-8 (PayloadTooLarge).`,
      "ErrorResponse",
    ),
    415: response(
      "The Content-Type is not application/json (UnsupportedMediaType).",
      "ErrorResponse",
    ),
    422: response(
      "A member is missing, invalid or unknown; Message names it (InvalidRequest).",
      "ErrorResponse",
    ),
    429: {
      ...response(
        "Too many requests are in progress, or too many connections are open (TooManyRequests)" +
          (identity ? ", or the client's quota is used up (QuotaExceeded)." : "."),
        "ErrorResponse",
      ),
      headers: retryAfter,
    },
    500: response("Internal error (InternalError).", "ErrorResponse"),
    503: {
      ...response(
        "KMS or the database is unavailable, CloudTrail does not record decrypts, the erasure ledger is " +
          "unavailable or not applied yet to a restored database, or the deadline has passed " +
          "(KmsUnavailable, DatabaseUnavailable, TrailUnavailable, LedgerUnavailable, ErasuresPending, " +
          "DeadlineExceeded)" +
          (identity ? ", or the keys that verify access tokens are (IssuerUnavailable)" : "") +
          ". An encrypt request that fails this way may have " +
          "stored a record that no one has a Key for.",
        "ErrorResponse",
      ),
      headers: retryAfter,
    },
  };
}

const healthPaths = {
  "/": {
    get: {
      operationId: "alive",
      summary: "Health check of the load balancer",
      responses: {
        200: { description: "OK", content: { "text/plain": { schema: { const: "OK" } } } },
      },
    },
  },
  "/healthz": {
    get: {
      operationId: "health",
      summary: "Whether the process is alive",
      responses: { 200: response("The process is alive.", "HealthResponse") },
    },
  },
  "/readyz": {
    get: {
      operationId: "readiness",
      summary: "Whether the database and KMS are available",
      responses: {
        200: response("Both are available.", "ReadyResponse"),
        503: response(
          "Message and Checks name what is unavailable, or the process is stopping (NotReady).",
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
};

export interface ContractOptions {
  /** Whether requests need an access token. */
  readonly identity: boolean;
}

const securitySchemes = {
  accessToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token of the issuer that the service is configured with.",
  },
};

/**
 * The contract as an OpenAPI 3.1 document, generated from the schemas that validate requests.
 * @param textLimit maximum size of a Text in bytes of UTF-8
 */
export function openApiDocument(textLimit: number, options: ContractOptions = { identity: false }) {
  return {
    openapi: "3.1.0",
    info: {
      title: "Cipherwatch",
      version: "1",
      description:
        "Stores texts encrypted under AWS KMS. Each Text has its own Key, which the service does not " +
        "keep: without its Key a Text cannot be recovered. Every response has an X-Request-Id header, " +
        "which a request may set: up to 32 letters, digits and ._:=@/+-, or up to 64 hexadecimal " +
        "digits and hyphens such as a UUID",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths: withSharedResponses({ ...apiPaths(textLimit, options), ...healthPaths }),
    components: {
      ...(options.identity && { securitySchemes }),
      responses: sharedResponses,
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => {
          const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema);
          return [name, jsonSchema];
        }),
      ),
    },
  };
}

/** The methods that each path allows. A path whose only operation is GET also answers HEAD. */
export function methodsByPath({
  paths,
}: Pick<ReturnType<typeof openApiDocument>, "paths">): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(paths).map(([path, operations]) => {
      const methods = Object.keys(operations).map((method) => method.toUpperCase());
      return [path, methods.join() === "GET" ? ["GET", "HEAD"] : methods.sort()];
    }),
  );
}

function json(name: SchemaName) {
  return { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
}

function body(name: SchemaName) {
  return { required: true, content: json(name) };
}

function response(description: string, name: SchemaName) {
  return { description, content: json(name) };
}
