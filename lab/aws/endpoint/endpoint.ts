import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Access } from "../iam/access.ts";
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
import { accessKeyOf, signingNameOf } from "./authorization.ts";
import { readBody } from "./request-body.ts";

export interface EndpointOptions {
  /** 0 picks a free port. */
  readonly port: number;
  readonly services: Readonly<Partial<Record<Service, Operations>>>;
  readonly identities: { readonly callerFor: (accessKeyId: string) => Caller };
  readonly access: Pick<Access, "authorize" | "endpointOf">;
  readonly region: string;
  /** Called with each completed call, before its response is sent. */
  readonly record: (call: AuditedCall) => void;
  /** Called with any error other than an {@link AwsError}, which is a defect of the lab. */
  readonly onError: (error: unknown) => void;
}

export interface Endpoint {
  readonly url: string;
  readonly port: number;
  /** Stops accepting connections, finishes in-flight requests, then frees the port. */
  readonly close: () => Promise<void>;
}

const HOST = "127.0.0.1";

const DRAIN_MILLISECONDS = 2_000;

/**
 * Milliseconds that an idle connection stays open. With Node's default of 5 seconds, the lab would close connections
 * that a client on a busy machine is about to reuse, and the client's call would fail with ECONNRESET.
 */
export const KEEP_ALIVE_TIMEOUT = 60_000;

/**
 * Starts an AWS endpoint on the loopback interface. It verifies no signature, so every process on this
 * machine can act as an administrator of the emulated account.
 * @throws Node's listen error, such as `EADDRINUSE`
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT }, (request, response) => {
    respondTo(request, options)
      .then(({ status, headers, body }) => {
        // Node closes idle connections when the server closes, but not those that become idle later.
        response.shouldKeepAlive &&= server.listening;
        response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
        response.end(body);
      })
      .catch((error: unknown) => {
        // An incomplete request means that the client disconnected, which is not an error of the lab.
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
        const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MILLISECONDS);
        server.close(() => {
          clearTimeout(deadline);
          resolve();
        });
      }),
  };
}

async function respondTo(request: IncomingMessage, options: EndpointOptions): Promise<AwsResponse> {
  const requestId = randomUUID();
  const { authorization, host } = request.headers;
  const { body, error: bodyError } = await readBody(request);
  const wire = readRequest({
    path: request.url ?? "/",
    headers: request.headers,
    body,
    signingName: signingNameOf(authorization),
  });
  let response: AwsResponse;
  try {
    if (bodyError !== undefined) throw bodyError;
    requireLocalHost(host);
    const caller = options.identities.callerFor(accessKeyOf(authorization));
    const connectedFrom = (request.socket.remoteAddress ?? HOST).replace(/^::ffff:/, "");
    const output = await runOperation(wire, options, {
      operation: wire.operation,
      requestId,
      caller,
      region: options.region,
      sourceIpAddress: caller.address ?? connectedFrom,
      userAgent: request.headers["user-agent"] ?? "",
    });
    response = wire.success(output, requestId);
  } catch (error) {
    response = wire.failure(toAwsError(error, options), requestId);
  }
  return { ...response, headers: { ...response.headers, "x-amzn-requestid": requestId } };
}

/** Runs the requested operation, and records the call whether it succeeds or fails. */
async function runOperation(
  wire: WireRequest,
  options: EndpointOptions,
  request: Omit<Call, "authorize">,
): Promise<AwsStructure> {
  const { service } = wire;
  const operation = service && ownProperty(options.services[service] ?? {}, wire.operation);
  if (service === undefined || operation === undefined) {
    throw unsupported(wire, options.services);
  }

  const input = wire.input();
  const { access } = options;
  const vpcEndpointId = access.endpointOf(request.caller, service)?.id;
  const call: Call = {
    ...request,
    ...(vpcEndpointId === undefined ? {} : { vpcEndpointId }),
    authorize: (check) => access.authorize(service, request, check),
  };
  let audit: Audit = {};
  const auditedCall: Call = {
    ...call,
    audit: (elements) => {
      audit = { ...audit, ...elements };
    },
  };
  const record = (result: AuditedCall["result"]) =>
    options.record({ service, call, input, result, audit });
  let output: AwsStructure;
  try {
    output = await operation(input, auditedCall);
  } catch (thrown) {
    const error = toAwsError(thrown, options);
    record({ error });
    throw error;
  }
  record({ output });
  return output;
}

function unsupported(wire: WireRequest, services: EndpointOptions["services"]): AwsError {
  const { service, operation, displayName } = wire;
  // The targets of JSON requests contain internal names that users do not know, such as TrentService for KMS.
  const name = service === undefined ? displayName : `${service} ${operation}`;
  const supported =
    service === undefined
      ? `Supported services: ${Object.keys(services).join(", ")}.`
      : `Supported operations of ${service}: ${Object.keys(services[service] ?? {}).join(", ")}.`;
  return new AwsError(
    "UnknownOperationException",
    `The lab does not support ${name.slice(0, 256)}. ${supported} To call AWS itself, unset AWS_ENDPOINT_URL.`,
  );
}

function toAwsError(error: unknown, { onError }: EndpointOptions): AwsError {
  if (error instanceof AwsError) return error;
  onError(error);
  return new AwsError(
    "InternalFailure",
    "The request processing has failed because of an unknown error, exception or failure.",
    500,
  );
}

/** Rejects other hosts: with DNS rebinding, a web page could otherwise send requests to the lab. */
function requireLocalHost(host = ""): void {
  const name = host.replace(/:\d+$/, "");
  if (name === HOST || name === "localhost" || name.endsWith(".localhost")) return;
  throw new AwsError(
    "AccessDeniedException",
    `The Host header must be ${HOST} or localhost, not ${name.slice(0, 256)}.`,
    403,
  );
}
