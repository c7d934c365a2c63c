import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { DecryptCommand, KMSClient, type KMSClientConfig } from "@aws-sdk/client-kms";
import { HttpRequest } from "@smithy/core/transport";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createSend } from "./kms-client.ts";
import { createSigner } from "./request-signer.ts";
import { createCertificate } from "./testing/certificate.ts";
import { KEY_ARN } from "./testing/memory-kms.ts";
import { isSignedAt } from "./testing/signature-time.ts";

const never = new AbortController().signal;
const credentials = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "session" };
const input = {
  KeyId: KEY_ARN,
  CiphertextBlob: Buffer.from("wrapped"),
  EncryptionContext: { app: "cipherwatch", record: "r", key: "ü" },
};

interface ReceivedRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Respond = (response: ServerResponse, attempt: number) => void;

const servers: Server[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) server.close();
});

/** Starts a server that records requests, and returns the configuration of a client for it. */
async function startServer(respond: Respond, tls?: { cert: string; key: string }) {
  const requests: ReceivedRequest[] = [];
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("request", async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    response.setHeader("connection", "close");
    respond(response, requests.length);
  });
  server.listen(0, "localhost");
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const configuration = {
    region: "ap-southeast-2",
    endpoint: `${tls === undefined ? "http" : "https"}://localhost:${port}`,
    credentials,
    maxAttempts: 3,
  } satisfies KMSClientConfig;
  return { requests, configuration };
}

const succeed: Respond = (response) => {
  response.end(JSON.stringify({ Plaintext: "AQID", KeyId: KEY_ARN }));
};

/** Responds as AWS does to a signature whose time is not the server's. */
function requireTime(serverTime: () => number, received: readonly ReceivedRequest[]): Respond {
  return (response) => {
    const now = serverTime();
    response.setHeader("Date", new Date(now).toUTCString());
    if (isSignedAt(received.at(-1)?.headers ?? {}, now)) return succeed(response, 0);
    response.statusCode = 400;
    response.end(
      JSON.stringify({ __type: "InvalidSignatureException", message: "Signature not yet current" }),
    );
  };
}

const hmac = (key: string | Buffer, value: string) =>
  createHmac("sha256", key).update(value).digest();
const sha256 = (value: string) => createHash("sha256").update(value).digest("hex");

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureOf(
  { method, url, headers, body }: ReceivedRequest,
  signedHeaders: string,
): string {
  const names = signedHeaders.split(";");
  const lines = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join("");
  const canonical = [method, url, "", lines, signedHeaders, sha256(body)].join("\n");
  const time = String(headers["x-amz-date"]);
  const scope = [time.slice(0, 8), "ap-southeast-2", "kms", "aws4_request"];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const toSign = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  return hmac(key, toSign).toString("hex");
}

test("resolves the endpoint again after it failed, for example because a file could not be read", async () => {
  const { configuration } = await startServer(succeed);
  let failures = 1;
  const send = createSend({
    ...configuration,
    async endpoint() {
      if (failures-- > 0) throw new Error("EMFILE");
      const { protocol, hostname, port } = new URL(configuration.endpoint);
      return { protocol, hostname, port: Number(port), path: "/" };
    },
  });
  await expect(send(new DecryptCommand(input), never)).rejects.toThrow("EMFILE");
  expect((await send(new DecryptCommand(input), never)).KeyId).toBe(KEY_ARN);
});

describe("createSend", () => {
  test("sends the request that the SDK's client sends, except for details of the user agent", async () => {
    const { requests, configuration } = await startServer(succeed);
    const lean = await createSend(configuration)(new DecryptCommand(input), never);
    const full = await new KMSClient(configuration).send(new DecryptCommand(input));
    expect(lean).toEqual(full);
    const [ours, theirs] = requests.map(({ headers, ...request }) => {
      const { authorization: _, "x-amz-date": __, "x-amz-user-agent": ___, ...rest } = headers;
      const agent = String(rest["user-agent"]).replace(/ m\/[\w,]*/, "");
      const id = String(rest["amz-sdk-invocation-id"]).replace(/[0-9a-f]/g, "0");
      return { ...request, ...rest, "user-agent": agent, "amz-sdk-invocation-id": id };
    });
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({
      "x-amz-target": "TrentService.Decrypt",
      "amz-sdk-request": "attempt=1; max=3",
    });
  });

  test("signs the host, the target, the body and the session token", async () => {
    const { requests, configuration } = await startServer(succeed);
    await createSend(configuration)(new DecryptCommand(input), never);
    const [request] = requests;
    const { authorization = "" } = request?.headers ?? {};
    const [, signedHeaders = "", signature] =
      /SignedHeaders=([^,]+), Signature=(\w+)$/.exec(authorization) ?? [];
    expect(signedHeaders.split(";")).toEqual(
      expect.arrayContaining(["host", "x-amz-target", "x-amz-date", "x-amz-security-token"]),
    );
    expect(request?.headers["x-amz-content-sha256"]).toBe(sha256(request?.body ?? ""));
    expect(request && signatureOf(request, signedHeaders)).toBe(signature);
  });

  test.each([credentials, { accessKeyId: "AKID", secretAccessKey: "secret" }])(
    "signs exactly as the SDK's signer with %o",
    async (identity) => {
      const region = "ap-southeast-2";
      const { config } = new KMSClient({ region, credentials: identity });
      const request = new HttpRequest({
        method: "POST",
        path: "/",
        headers: { host: "kms", "user-agent": "a", "x-amz-target": " T ", "content-type": "c" },
        body: Buffer.from('{"KeyId":"ü"}'),
      });
      const ours = createSigner(config.credentials, region);
      const theirs = await config.signer({
        name: "sigv4",
        signingName: "kms",
        signingRegion: region,
        properties: {},
      });
      // The next day has another signing key.
      for (const day of [1, 1, 2]) {
        const signingDate = new Date(Date.UTC(2026, 0, day));
        const [signed, expected] = await Promise.all(
          [ours, theirs].map((signer) => signer.sign(HttpRequest.clone(request), { signingDate })),
        );
        expect(signed?.headers).toEqual(expected?.headers);
      }
    },
  );

  test("calls the https endpoint of the region when no endpoint is configured", async () => {
    const urls: string[] = [];
    const handle = async ({ protocol, hostname }: { protocol: string; hostname: string }) => {
      urls.push(`${protocol}//${hostname}`);
      throw Object.assign(new Error(), { name: "AbortError" });
    };
    const requestHandler = { handle, metadata: { handlerProtocol: "http/1.1" } };
    const send = createSend({
      region: "eu-west-1",
      credentials,
      requestHandler,
    } as KMSClientConfig);
    await expect(send(new DecryptCommand(input), never)).rejects.toThrow();
    expect(urls).toEqual(["https://kms.eu-west-1.amazonaws.com"]);
  });

  test("verifies the certificate of an https endpoint", async () => {
    const certificate = createCertificate();
    const { requests, configuration } = await startServer(succeed, certificate);
    const send = createSend({ ...configuration, maxAttempts: 1 });
    await expect(send(new DecryptCommand(input), never)).rejects.toMatchObject({
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
    expect(requests).toEqual([]);
    const requestHandler = { httpsAgent: { ca: certificate.cert } };
    const trusting = createSend({ ...configuration, requestHandler });
    await expect(trusting(new DecryptCommand(input), never)).resolves.toMatchObject({
      KeyId: KEY_ARN,
    });
  });

  test.each([3_600_000, -3_600_000])(
    "signs with the time of KMS once its clock turns out to be %d ms off",
    async (skew) => {
      const received: ReceivedRequest[] = [];
      const { requests, configuration } = await startServer((response, attempt) => {
        received.push(...requests.slice(received.length));
        requireTime(() => Date.now() + skew, received)(response, attempt);
      });
      const send = createSend(configuration);
      await send(new DecryptCommand(input), never);
      expect(requests).toHaveLength(2);
      await send(new DecryptCommand(input), never);
      expect(requests).toHaveLength(3);
    },
  );

  test("asks the provider for new credentials when the old ones expire", async () => {
    const { requests, configuration } = await startServer(succeed);
    let calls = 0;
    const provider = async () => {
      calls += 1;
      const expiration = new Date(Date.now() + 3_600_000);
      return { ...credentials, accessKeyId: `AKID${calls}`, expiration };
    };
    const send = createSend({ ...configuration, credentials: provider });
    const command = new DecryptCommand(input);
    await send(command, never);
    const later = Date.now() + 3_500_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    await send(command, never);
    await send(command, never);
    const used = requests.map(({ headers }) => /AKID\d/.exec(headers.authorization ?? "")?.[0]);
    expect(used).toEqual(["AKID1", "AKID2", "AKID2"]);
  });

  test("rejects without a request when there are no credentials, and works once there are", async () => {
    const { requests, configuration } = await startServer(succeed);
    let available = false;
    const provider = async () => {
      if (!available) throw new Error("no credentials");
      return credentials;
    };
    const send = createSend({ ...configuration, credentials: provider });
    await expect(send(new DecryptCommand(input), never)).rejects.toThrow("no credentials");
    expect(requests).toEqual([]);
    available = true;
    await expect(send(new DecryptCommand(input), never)).resolves.toBeDefined();
  });

  test("repeats a request whose response is not from KMS, such as a proxy's error page", async () => {
    const { requests, configuration } = await startServer((response, attempt) => {
      if (attempt === 3) return succeed(response, attempt);
      response.statusCode = 502;
      response.setHeader("x-amzn-requestid", "r");
      response.end("<html>Bad gateway</html>");
    });
    await createSend(configuration)(new DecryptCommand(input), never);
    expect(requests.map(({ headers }) => headers["amz-sdk-request"])).toEqual([
      "attempt=1; max=3",
      "attempt=2; max=3",
      "attempt=3; max=3",
    ]);
    expect(new Set(requests.map(({ headers }) => headers["amz-sdk-invocation-id"])).size).toBe(1);
  });

  test("repeats a request whose connection is lost", async () => {
    const { requests, configuration } = await startServer((response, attempt) => {
      if (attempt === 2) return succeed(response, attempt);
      response.socket?.resetAndDestroy();
    });
    await createSend(configuration)(new DecryptCommand(input), never);
    expect(requests).toHaveLength(2);
  });

  test.each([
    [200, "not JSON", "SyntaxError"],
    [400, '{"__type":"DisabledException"}', "DisabledException"],
    [400, '{"__type":"com.amazonaws.kms#NoSuchThing","message":"m"}', "NoSuchThing"],
    [400, "", "Unknown"],
  ])("rejects a response %d %s with the name and request id", async (status, body, name) => {
    const { configuration } = await startServer((response) => {
      response.writeHead(status, { "x-amzn-requestid": "r-1" }).end(body);
    });
    const outcomes = await Promise.allSettled([
      createSend({ ...configuration, maxAttempts: 1 })(new DecryptCommand(input), never),
      new KMSClient({ ...configuration, maxAttempts: 1 }).send(new DecryptCommand(input)),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { name, $metadata: { httpStatusCode: status, requestId: "r-1" } },
      });
    }
  });
});
