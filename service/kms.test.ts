import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createKms, createReEncrypt, type Kms, KmsRejected, KmsUnavailable } from "./kms.ts";
import { awsError, type KmsEndpoint, startKmsEndpoint } from "./testing/kms-endpoint.ts";
import { createMemoryKms, KEY_ARN, OTHER_KEY_ARN } from "./testing/memory-kms.ts";

const CONTEXT = { app: "cipherwatch", record: "r", key: "k" };
const never = new AbortController().signal;

let endpoint: KmsEndpoint;
let kms: Kms;

beforeAll(async () => {
  endpoint = await startKmsEndpoint();
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint.url);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  kms = createKms({ keyArn: KEY_ARN, attemptTimeout: 20_000 });
});

afterEach(() => {
  endpoint.override = undefined;
  endpoint.operations.length = 0;
  endpoint.requests.length = 0;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint.close();
});

const decrypt = (wrapped: Uint8Array, context = CONTEXT, signal = never) =>
  kms.decrypt({ wrapped, keyArn: KEY_ARN, context }, signal);

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => error,
  );
}

describe("the SDK's client", () => {
  test("wraps and unwraps a data key, always with the key ARN and the encryption context", async () => {
    const dataKey = await kms.generateDataKey(CONTEXT, never);
    const opened = await decrypt(dataKey.wrapped);
    expect(dataKey.plaintext).toHaveLength(32);
    expect(Buffer.compare(opened.plaintext, dataKey.plaintext)).toBe(0);
    expect(dataKey.keyArn).toBe(KEY_ARN);
    expect(opened.requestId).toBe("request-2");
    const named = { KeyId: KEY_ARN, EncryptionContext: CONTEXT };
    expect(endpoint.requests).toMatchObject([{ ...named, KeySpec: "AES_256" }, named]);
    await failureOf(
      kms.decrypt({ wrapped: dataKey.wrapped, keyArn: OTHER_KEY_ARN, context: CONTEXT }, never),
    );
    expect(endpoint.requests[2]).toMatchObject({ KeyId: OTHER_KEY_ARN });
  });

  test("re-encrypts a data key under its own key, with one encryption context and both keys named", async () => {
    const previous = createMemoryKms(endpoint.master, OTHER_KEY_ARN);
    const { plaintext, wrapped } = await previous.generateDataKey(CONTEXT, never);
    const reEncrypt = createReEncrypt({ keyArn: KEY_ARN, attemptTimeout: 20_000 });
    const moved = await reEncrypt({ wrapped, keyArn: OTHER_KEY_ARN, context: CONTEXT }, never);
    expect(endpoint.requests).toMatchObject([
      {
        SourceKeyId: OTHER_KEY_ARN,
        SourceEncryptionContext: CONTEXT,
        DestinationKeyId: KEY_ARN,
        DestinationEncryptionContext: CONTEXT,
      },
    ]);
    expect(Buffer.from((await decrypt(moved)).plaintext)).toEqual(plaintext);
    for (const context of [{ ...CONTEXT, key: "other" }, {}]) {
      const failed = reEncrypt({ wrapped, keyArn: OTHER_KEY_ARN, context }, never);
      await expect(failed).rejects.toMatchObject({ name: "KmsRejected" });
    }
    endpoint.override = async () => awsError("AccessDeniedException");
    const denied = reEncrypt({ wrapped, keyArn: OTHER_KEY_ARN, context: CONTEXT }, never);
    await expect(denied).rejects.toMatchObject({
      name: "KmsUnavailable",
      reason: "AccessDeniedException",
    });
  });

  test("reports a wrong encryption context as rejected after one call", async () => {
    const { wrapped } = await kms.generateDataKey(CONTEXT, never);
    const error = await failureOf(decrypt(wrapped, { ...CONTEXT, key: "other" }));
    expect(error).toBeInstanceOf(KmsRejected);
    expect(error).toMatchObject({ reason: "InvalidCiphertextException", requestId: "request-2" });
    expect(endpoint.operations).toEqual(["GenerateDataKey", "Decrypt"]);
  });

  test.each(["InvalidCiphertextException", "IncorrectKeyException", "ValidationException"])(
    "treats %s of Decrypt as a rejection",
    async (type) => {
      endpoint.override = () => awsError(type, "says something");
      const error = await failureOf(decrypt(Buffer.from("x")));
      expect(error).toBeInstanceOf(KmsRejected);
      expect(error).toMatchObject({ reason: type, requestId: "request-1" });
      expect(endpoint.operations).toEqual(["Decrypt"]);
    },
  );

  test.each([
    "DisabledException",
    "KMSInvalidStateException",
    "AccessDeniedException",
    "NotFoundException",
    "KeyUnavailableException",
    "UnrecognizedClientException",
  ])("treats %s as an unavailable KMS, and does not retry", async (type) => {
    endpoint.override = () => awsError(type, `${KEY_ARN} says something`);
    const calls = [
      () => decrypt(Buffer.from("x")),
      () => kms.generateDataKey(CONTEXT, never),
      () => kms.checkKey(never),
    ];
    for (const call of calls) {
      const error = await failureOf(call());
      expect(error).toBeInstanceOf(KmsUnavailable);
      expect(error).toMatchObject({ reason: type });
      expect(String(error)).not.toContain("says something");
    }
    expect(endpoint.operations).toEqual(["Decrypt", "GenerateDataKey", "DescribeKey"]);
  });

  test("makes three attempts when throttled", async () => {
    endpoint.override = () => awsError("ThrottlingException", "You have exceeded the rate");
    const error = await failureOf(decrypt(Buffer.from("x")));
    expect(error).toBeInstanceOf(KmsUnavailable);
    expect(error).toMatchObject({ reason: "ThrottlingException" });
    expect(endpoint.operations).toEqual(["Decrypt", "Decrypt", "Decrypt"]);
  });

  test("still makes three attempts after a brownout that failed many calls", async () => {
    const { wrapped } = await kms.generateDataKey(CONTEXT, never);
    endpoint.override = () => awsError("KMSInternalException", "", 500);
    await Promise.allSettled(Array.from({ length: 100 }, () => decrypt(wrapped)));
    endpoint.operations.length = 0;
    await failureOf(decrypt(wrapped));
    expect(endpoint.operations).toEqual(["Decrypt", "Decrypt", "Decrypt"]);
  });

  test("sends 128 concurrent calls at once, so that none waits for a connection", async () => {
    const { wrapped } = await kms.generateDataKey(CONTEXT, never);
    let release = () => {};
    const allReceived = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    let received = 0;
    endpoint.override = () => {
      received += 1;
      if (received === 128) release();
      return allReceived;
    };
    const calls = Array.from({ length: 128 }, () => decrypt(wrapped));
    expect(await Promise.all(calls)).toHaveLength(128);
  });

  test("succeeds when the second attempt does", async () => {
    let failures = 1;
    endpoint.override = () =>
      failures-- > 0 ? awsError("KMSInternalException", "", 500) : undefined;
    await expect(kms.generateDataKey(CONTEXT, never)).resolves.toMatchObject({ keyArn: KEY_ARN });
    expect(endpoint.operations).toHaveLength(2);
  });

  test("gives up when KMS does not respond", async () => {
    endpoint.override = () => new Promise(() => {});
    const impatient = createKms({ keyArn: KEY_ARN, attemptTimeout: 50 });
    const error = await failureOf(impatient.generateDataKey(CONTEXT, never));
    expect(error).toMatchObject({ name: "KmsUnavailable", reason: "TimeoutError" });
  });

  test("stops at the caller's deadline", async () => {
    const controller = new AbortController();
    endpoint.override = () => {
      controller.abort();
      return new Promise(() => {});
    };
    const error = await failureOf(decrypt(Buffer.from("x"), CONTEXT, controller.signal));
    expect(error).toMatchObject({ name: "KmsUnavailable", reason: "AbortError" });
    expect(endpoint.operations).toEqual(["Decrypt"]);
  });

  test("reports a refused connection", async () => {
    const gone = await startKmsEndpoint();
    await gone.close();
    vi.stubEnv("AWS_ENDPOINT_URL", gone.url);
    const away = createKms({ keyArn: KEY_ARN, attemptTimeout: 20_000 });
    const error = await failureOf(away.checkKey(never));
    vi.stubEnv("AWS_ENDPOINT_URL", endpoint.url);
    expect(error).toMatchObject({ name: "KmsUnavailable", reason: "ECONNREFUSED" });
  });

  test.each(["Disabled", "PendingDeletion", "PendingImport", "Unavailable"])(
    "reports a key that is %s as unavailable",
    async (KeyState) => {
      await expect(kms.checkKey(never)).resolves.toBeUndefined();
      endpoint.override = () => ({ status: 200, body: { KeyMetadata: { KeyId: "k", KeyState } } });
      expect(await failureOf(kms.checkKey(never))).toMatchObject({ reason: `KeyState${KeyState}` });
    },
  );
});
