import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsResponse, WireRequest } from "../protocol/protocol.ts";
import { readRequest } from "../protocol/request.ts";
import type {
  Audit,
  AuditedCall,
  AwsStructure,
  Call,
  Caller,
  Operations,
  Service,
} from "../shared/operation.ts";
import { ownProperty } from "../shared/own-property.ts";

export interface EndpointOptions {
  /** 0 picks a free one. */
  readonly port: number;
  readonly services: Readonly<Record<Service, Operations>>;
  readonly identities: { readonly callerFor: (accessKeyId: string) => Caller };
  readonly region: string;
  /** Takes each call once it is carried out, before its answer leaves. */
  readonly record: (call: AuditedCall) => void;
  /** Takes what an operation threw that was no {@link AwsError}: a bug of the lab. */
  readonly onError: (error: unknown) => void;
}

export interface Endpoint {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets open requests finish, then frees the port. */
  readonly close: () => Promise<void>;
}

const HOST = "127.0.0.1";

/** PutLogEvents takes 1 MiB of messages, and JSON spells many of their characters with two. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const DRAIN_MILLISECONDS = 2_000;

/**
 * An AWS endpoint on loopback. It takes any credentials and checks no signature: whoever can reach
 * this port on this machine is the account.
 * @throws the listen error of Node, such as `EADDRINUSE`
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const server = createServer((request, response) => {
    answerTo(request, options)
      .then(({ status, headers, body }) => {
        // Node closes idle connections when it stops listening, but none that becomes idle later.
        response.shouldKeepAlive &&= server.listening;
        response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
        response.end(body);
      })
      .catch((error: unknown) => {
        // A client that went away halfway is no error of ours.
        if (request.complete) options.onError(error);
        response.destroy();
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, HOST, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${HOST}:${port}`,
    close: () =>
      new Promise((resolve) => {
        const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MILLISECONDS);
        server.close(() => {
          clearTimeout(impatience);
          resolve();
        });
      }),
  };
}

async function answerTo(request: IncomingMessage, options: EndpointOptions): Promise<AwsResponse> {
  const requestId = randomUUID();
  const { authorization, host } = request.headers;
  const { body, refusal } = await readBody(request);
  const wire = readRequest({
    path: request.url ?? "/",
    headers: request.headers,
    body,
    scope: credentialScope(authorization),
  });
  let answer: AwsResponse;
  try {
    if (refusal !== undefined) throw refusal;
    refuseForeignHost(host);
    const caller = options.identities.callerFor(accessKeyOf(authorization));
    const output = await runAttack(wire, options, {
      operation: wire.operation,
      requestId,
      caller,
      region: options.region,
      sourceIpAddress: (request.socket.remoteAddress ?? HOST).replace(/^::ffff:/, ""),
      userAgent: request.headers["user-agent"] ?? "",
    });
    answer = wire.success(output, requestId);
  } catch (error) {
    answer = wire.failure(asAwsError(error, options), requestId);
  }
  return { ...answer, headers: { ...answer.headers, "x-amzn-requestid": requestId } };
}

async function runAttack(
  wire: WireRequest,
  options: EndpointOptions,
  call: Call,
): Promise<AwsStructure> {
  const { service } = wire;
  const operation = service && ownProperty(options.services[service], wire.operation);
  if (service === undefined || operation === undefined) {
    throw unsupported(wire, options.services);
  }

  const input = wire.input();
  let audit: Audit = {};
  const audited: Call = {
    ...call,
    audit: (note) => {
      audit = { ...audit, ...note };
    },
  };
  const record = (outcome: AuditedCall["outcome"]) =>
    options.record({ service, call, input, outcome, audit });
  let output: AwsStructure;
  try {
    output = await operation(input, audited);
  } catch (thrown) {
    const error = asAwsError(thrown, options);
    record({ error });
    throw error;
  }
  record({ output });
  return output;
}

function unsupported(wire: WireRequest, services: EndpointOptions["services"]): AwsError {
  const known =
    wire.service === undefined
      ? `It has ${Object.keys(services).join(", ")}.`
      : `Of ${wire.service} it has ${Object.keys(services[wire.service]).join(", ")}.`;
  return new AwsError(
    "UnknownOperationException",
    `The lab does not support ${wire.named.slice(0, 256)}. ${known}`,
  );
}

function asAwsError(error: unknown, { onError }: EndpointOptions): AwsError {
  if (error instanceof AwsError) return error;
  onError(error);
  return new AwsError(
    "InternalFailure",
    "The request processing has failed because of an unknown error, exception or failure.",
    500,
  );
}

const CREDENTIAL = /\bCredential=([^,\s]+)/;

function accessKeyOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === "") {
    throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  const accessKeyId = CREDENTIAL.exec(authorization)?.[1]?.split("/")[0] ?? "";
  if (!authorization.startsWith("AWS4-") || accessKeyId === "") {
    throw new AwsError(
      "IncompleteSignatureException",
      "Authorization header requires 'Credential' parameter.",
    );
  }
  return accessKeyId;
}

/** `<access key>/<date>/<region>/<service>/aws4_request`, without the region in Signature Version 4A. */
function credentialScope(authorization: string | undefined): string | undefined {
  return CREDENTIAL.exec(authorization ?? "")?.[1]
    ?.split("/")
    .at(-2);
}

/** Keeps a web page that rebinds its own name to loopback from speaking to the lab. */
function refuseForeignHost(host = ""): void {
  const name = host.replace(/:\d+$/, "");
  if (name === HOST || name === "localhost" || name.endsWith(".localhost")) return;
  throw new AwsError(
    "AccessDeniedException",
    `The lab answers on ${HOST} and localhost only, not as ${name.slice(0, 256)}.`,
    403,
  );
}

interface Body {
  readonly body: Uint8Array;
  /** Why there is no body. It waits for its protocol to be known, in whose shape it is answered. */
  readonly refusal?: AwsError;
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read on past the limit: a client that is cut off while it sends never sees the answer.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) return { body: Buffer.alloc(0), refusal: tooLarge() };
  const body = Buffer.concat(chunks);
  // The SDKs compress large PutMetricData requests.
  return request.headers["content-encoding"] === "gzip" ? unzip(body) : { body };
}

async function unzip(body: Buffer): Promise<Body> {
  try {
    return { body: await promisify(gunzip)(body, { maxOutputLength: MAX_BODY_BYTES }) };
  } catch (error) {
    return {
      body: Buffer.alloc(0),
      refusal:
        (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
          ? tooLarge()
          : new AwsError("SerializationException", "The request body is not gzip."),
    };
  }
}

function tooLarge(): AwsError {
  return new AwsError(
    "RequestEntityTooLargeException",
    `The request is larger than ${MAX_BODY_BYTES} bytes.`,
    413,
  );
}
