import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { KmsRejected } from "../kms.ts";
import type { Certificate } from "./certificate.ts";
import { createMemoryKms, KEY_ARN, type MemoryKms } from "./memory-kms.ts";

export interface KmsResponse {
  readonly status: number;
  readonly body: unknown;
}

export interface KmsEndpoint {
  /** For `AWS_ENDPOINT_URL`. */
  readonly url: string;
  readonly kms: MemoryKms;
  /** Material of the account's keys, for another KMS in memory. */
  readonly master: Uint8Array;
  /** Requested operations, newest last. */
  readonly operations: string[];
  /** Received request bodies, newest last. */
  readonly requests: Record<string, unknown>[];
  /** Overrides the response of KMS unless it returns undefined; a pending promise delays the caller. */
  override:
    | ((operation: string) => KmsResponse | undefined | Promise<KmsResponse | undefined>)
    | undefined;
  readonly close: () => Promise<void>;
}

/** An error response in AWS JSON 1.1. */
export function awsError(type: string, message = "", status = 400): KmsResponse {
  return { status, body: { __type: type, message } };
}

/**
 * Serves an in-memory KMS over AWS JSON 1.1 on a free loopback port.
 * @param certificate for TLS, of `localhost`; plain HTTP by default
 */
export async function startKmsEndpoint(certificate?: Certificate): Promise<KmsEndpoint> {
  const master = randomBytes(32);
  const kms = createMemoryKms(master);
  const listener: RequestListener = async (request, response) => {
    const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const input = JSON.parse(await read(request));
    endpoint.operations.push(operation);
    endpoint.requests.push(input);
    const { status, body } =
      (await endpoint.override?.(operation)) ?? (await run(operation, input));
    response.writeHead(status, {
      "content-type": "application/x-amz-json-1.1",
      "x-amzn-requestid": `request-${endpoint.operations.length}`,
    });
    response.end(JSON.stringify(body));
  };
  const server =
    certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);

  async function run(operation: string, input: Input): Promise<KmsResponse> {
    const signal = new AbortController().signal;
    if (operation === "DescribeKey") {
      return { status: 200, body: { KeyMetadata: { KeyId: KEY_ARN, KeyState: "Enabled" } } };
    }
    if (operation === "GenerateDataKey") {
      const { plaintext, wrapped } = await kms.generateDataKey(input.EncryptionContext, signal);
      const body = {
        Plaintext: base64(plaintext),
        CiphertextBlob: base64(wrapped),
        KeyId: KEY_ARN,
      };
      return { status: 200, body };
    }
    try {
      const wrapped = Buffer.from(input.CiphertextBlob, "base64");
      if (operation === "ReEncrypt") {
        const { SourceKeyId: keyArn, SourceEncryptionContext: context } = input;
        const moved = await kms.reEncrypt({ wrapped, keyArn, context }, signal);
        return { status: 200, body: { CiphertextBlob: base64(moved), KeyId: KEY_ARN } };
      }
      const { plaintext } = await kms.decrypt(
        { wrapped, keyArn: input.KeyId, context: input.EncryptionContext },
        signal,
      );
      return { status: 200, body: { Plaintext: base64(plaintext), KeyId: input.KeyId } };
    } catch (error) {
      if (error instanceof KmsRejected) return awsError(error.reason);
      throw error;
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint: KmsEndpoint = {
    url: `${certificate === undefined ? "http://127.0.0.1" : "https://localhost"}:${(server.address() as AddressInfo).port}`,
    kms,
    master,
    operations: [],
    requests: [],
    override: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}

interface Input {
  readonly KeyId: string;
  readonly SourceKeyId: string;
  readonly SourceEncryptionContext: Record<string, string>;
  readonly EncryptionContext: Record<string, string>;
  readonly CiphertextBlob: string;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
