import {
  DecryptCommand,
  KMSClient,
  type KMSClientConfig,
  type KMSClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from "@aws-sdk/client-kms";
import type { CommandImpl } from "@smithy/core/client";
import { getEndpointFromInstructions, toEndpointV1 } from "@smithy/core/endpoints";
import type { RpcProtocol } from "@smithy/core/protocols";
import { retryMiddleware } from "@smithy/core/retry";
import { operation } from "@smithy/core/schema";
import type { HttpRequest, HttpResponse } from "@smithy/core/transport";
import { createSigner } from "./request-signer.ts";

type Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = CommandImpl<
  Input,
  Output,
  KMSClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** Sends a command. Rejects with the SDK's errors. */
export type Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: Command<Input, Output>,
  signal: AbortSignal,
) => Promise<Output>;

/**
 * Calls KMS with the parts of the AWS SDK that matter here, in the SDK's order: serializer, retries, signer
 * with its correction of clock skew, HTTP handler, deserializer. `KMSClient.send` builds a stack of about 15
 * middlewares for every call, which costs more CPU than the call itself
 * (docs/decisions/0008-a-lean-path-to-kms.md).
 *
 * Endpoint, signer and user agent do not change while the process runs, so they are resolved once. The SDK's
 * signer corrects the skew of the clock and calls ours (request-signer.ts), which asks for credentials at every attempt.
 */
export function createSend(configuration: KMSClientConfig): Send {
  const { config } = new KMSClient(configuration);
  const protocol = config.protocol as RpcProtocol;
  const withRetries = retryMiddleware(config);
  let connection: Promise<Connection> | undefined;

  return async <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    { schema, input }: Command<Input, Output>,
    abortSignal: AbortSignal,
  ): Promise<Output> => {
    connection ??= connect(config).catch((error: unknown) => {
      connection = undefined;
      throw error;
    });
    const { serde, headers, signer, signing } = await connection;
    const [, ...parts] = schema as [number, ...Parameters<typeof operation>];
    const operationSchema = operation(...parts);
    const request = await protocol.serializeRequest(operationSchema, input, serde);
    const length = String(Buffer.byteLength(request.body));
    Object.assign(request.headers, headers, { "content-length": length });

    const attempt = async ({ request }: { readonly request: unknown }) => {
      // The signer keeps the time of this attempt here.
      const properties = { config: signing, context: {} };
      const signed = await signer.sign(request as HttpRequest, {}, properties);
      try {
        const { response } = await config.requestHandler.handle(signed as HttpRequest, {
          abortSignal,
        });
        const output = await explained(response, () =>
          protocol.deserializeResponse<Output>(operationSchema, serde, response),
        );
        signer.successHandler?.(response, properties);
        return { response, output };
      } catch (error) {
        signer.errorHandler?.(properties)(error as Error);
        throw error;
      }
    };
    const context = { __smithy_context: { abortSignal } };
    return (await withRetries<Output>(attempt, context)({ request, input })).output;
  };
}

/** What every call shares. */
interface Connection {
  /** The configuration with the resolved endpoint. */
  readonly serde: Parameters<RpcProtocol["serializeRequest"]>[2];
  readonly headers: Readonly<Record<string, string>>;
  readonly signer: KMSClientResolvedConfig["httpAuthSchemes"][number]["signer"];
  /** What the SDK's signer reads: our signer. It keeps the offset of the clock here. */
  readonly signing: object;
}

async function connect(config: KMSClientResolvedConfig): Promise<Connection> {
  const resolved = await getEndpointFromInstructions({}, DecryptCommand, { ...config });
  const endpoint = toEndpointV1(resolved);
  const [scheme] = config.httpAuthSchemes;
  if (scheme === undefined) throw new Error("The SDK has no signer for KMS.");
  const [{ signingRegion = await config.region() } = {}] = resolved.properties?.authSchemes ?? [];
  const signer = createSigner(config.credentials, signingRegion);
  const { hostname, port } = endpoint;
  return {
    serde: { ...config, endpoint: async () => endpoint },
    headers: {
      host: port === undefined ? hostname : `${hostname}:${port}`,
      "user-agent": userAgent(await config.defaultUserAgentProvider()),
    },
    signer: scheme.signer,
    signing: { ...config, signer: async () => signer },
  };
}

/** `name/version`, or `group/name#version`, as the SDK's own middleware formats it. */
function userAgent(
  pairs: Awaited<ReturnType<KMSClientResolvedConfig["defaultUserAgentProvider"]>>,
) {
  return pairs
    .map(([name, version]) => {
      if (version === undefined) return name;
      return name.includes("/") ? `${name.toLowerCase()}#${version}` : `${name}/${version}`;
    })
    .join(" ");
}

/** Adds the response to an error, as the retries and the correction of clock skew expect. */
async function explained<T>(response: HttpResponse, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    Object.defineProperty(error, "$response", { value: response, enumerable: false });
    // KMS sets it on its errors. A body that is not JSON, for example of a proxy, leads to another error.
    (error as { $metadata?: object }).$metadata ??= {
      httpStatusCode: response.statusCode,
      requestId: response.headers["x-amzn-requestid"],
    };
    throw error;
  }
}
