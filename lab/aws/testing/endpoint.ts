import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { cbor } from "@smithy/core/cbor";
import { onTestFinished } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { startEndpoint } from "../endpoint/endpoint.ts";
import { createKms } from "../kms/kms.ts";
import type { AuditedCall, Operation, Operations } from "../shared/operation.ts";
import { createIdentities } from "../sts/identities.ts";
import { createSts } from "../sts/sts.ts";
import { ACCOUNT, deployedKey, UNRESTRICTED } from "./account.ts";

export const TIME = new Date("2026-11-20T01:02:03.500Z");
export const KEY = deployedKey(1, "alias/key1");

/** An output with every type that the protocols encode differently. */
export const OUTPUT = {
  Time: TIME,
  Blob: Buffer.from("hi"),
  No: undefined,
  List: [{ A: 1 }],
  Flag: false,
};

interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** Starts an endpoint with KMS, STS and these operations, which is closed after the test. */
export async function startTestEndpoint(
  operations: Partial<Record<"logs" | "cloudwatch" | "sns", Operations>> = {},
) {
  const clock = manualClock(TIME.getTime());
  const recorded: AuditedCall[] = [];
  const errors: unknown[] = [];
  const identities = createIdentities({ ...ACCOUNT, clock });
  const keys = [KEY, deployedKey(2, "alias/key2")];
  const endpoint = await startEndpoint({
    port: 0,
    region: ACCOUNT.region,
    identities,
    access: UNRESTRICTED,
    services: {
      kms: createKms({ ...ACCOUNT, clock, keys, journal: memoryJournal() }).operations,
      sts: createSts({ clock, identities, roles: { role: () => undefined } }).operations,
      ...operations,
    },
    record: (call) => recorded.push(call),
    onError: (error) => errors.push(error),
  });
  onTestFinished(endpoint.close);
  return { endpoint, recorded, errors, ...clientOf(endpoint.url) };
}

/** Returns functions that send a request in each of the protocols. */
function clientOf(url: string) {
  const send = (headers: Record<string, string>, body: string | Uint8Array, path = "/") =>
    post(url + path, headers, body);
  const json = (target: string, input: unknown, headers: Record<string, string> = {}) =>
    send(
      {
        authorization: signed("kms"),
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": target,
        ...headers,
      },
      typeof input === "string" ? input : JSON.stringify(input),
    );
  const query = (signingName: string, form: string, headers: Record<string, string> = {}) =>
    send(
      {
        authorization: signed(signingName),
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        ...headers,
      },
      form,
    );
  const rpc = (path: string, input: unknown) =>
    send(
      {
        authorization: signed("monitoring"),
        "content-type": "application/cbor",
        "smithy-protocol": "rpc-v2-cbor",
      },
      input instanceof Uint8Array ? input : cbor.serialize(input),
      path,
    );
  return { send, json, query, rpc };
}

function post(url: string, headers: Record<string, string>, body: string | Uint8Array) {
  return new Promise<Response>((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: bytes,
          text: bytes.toString(),
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Returns an Authorization header of the user alice. */
export const signed = (signingName: string) =>
  `AWS4-HMAC-SHA256 Credential=alice/20261120/${ACCOUNT.region}/${signingName}/aws4_request, SignedHeaders=host, Signature=0`;

/** Returns an operation that collects its inputs. */
export function spy(output: Awaited<ReturnType<Operation>> = {}) {
  const inputs: unknown[] = [];
  const operation: Operation = (input) => {
    inputs.push(input);
    return output;
  };
  return { operation, inputs };
}

/** Returns an operation that throws an AwsError. */
export const failWith =
  (...error: ConstructorParameters<typeof AwsError>): Operation =>
  () => {
    throw new AwsError(...error);
  };
