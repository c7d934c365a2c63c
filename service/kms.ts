import {
  DecryptCommand,
  DescribeKeyCommand,
  GenerateDataKeyCommand,
  type KMSClientConfig,
  ReEncryptCommand,
} from "@aws-sdk/client-kms";
import { StandardRetryStrategy } from "@smithy/core/retry";
import type { Credentials } from "./credentials.ts";
import { createSend } from "./kms-client.ts";
import { createHttpHandler } from "./kms-http-handler.ts";

export type EncryptionContext = Readonly<Record<string, string>>;

export interface DataKey {
  /** 32 bytes. The caller overwrites them after use. */
  readonly plaintext: Uint8Array;
  readonly requestId: string | undefined;
}

/** The three KMS operations that the service uses. */
export interface Kms {
  /** ARN of the KMS key that encrypts new data keys. */
  readonly keyArn: string;
  /** @throws KmsUnavailable */
  readonly generateDataKey: (
    context: EncryptionContext,
    signal: AbortSignal,
  ) => Promise<DataKey & { readonly wrapped: Uint8Array; readonly keyArn: string }>;
  /**
   * @throws KmsRejected when KMS rejects the ciphertext or its encryption context
   * @throws KmsUnavailable when KMS did not decide
   */
  readonly decrypt: (request: WrappedDataKey, signal: AbortSignal) => Promise<DataKey>;
  /** Resolves when the key of new data keys is enabled. @throws KmsUnavailable */
  readonly checkKey: (signal: AbortSignal) => Promise<void>;
}

export interface WrappedDataKey {
  /** CiphertextBlob */
  readonly wrapped: Uint8Array;
  /** ARN of the KMS key that encrypted it. KMS rejects a ciphertext of another key. */
  readonly keyArn: string;
  readonly context: EncryptionContext;
}

/** KMS rejected a wrapped key or its encryption context. */
export class KmsRejected extends Error {
  /** The name of the AWS error. */
  readonly reason: string;
  readonly requestId: string | undefined;

  constructor(reason: string, requestId: string | undefined) {
    super(`KMS rejected the request to decrypt: ${reason}`);
    this.name = "KmsRejected";
    this.reason = reason;
    this.requestId = requestId;
  }
}

/** KMS is unreachable, throttled, denied or unable to use the key: unrelated to the caller's Key. */
export class KmsUnavailable extends Error {
  /** The name of the AWS error, or the system's error code. */
  readonly reason: string;
  readonly requestId: string | undefined;

  constructor(reason: string, requestId: string | undefined) {
    super(`KMS is unavailable: ${reason}`);
    this.name = "KmsUnavailable";
    this.reason = reason;
    this.requestId = requestId;
  }
}

/**
 * Errors of Decrypt that concern the ciphertext or its context. A ciphertext that KMS cannot parse, or one
 * of another KMS key, means that the record was tampered with.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
 */
const REJECTIONS = new Set([
  "InvalidCiphertextException",
  "IncorrectKeyException",
  "ValidationException",
]);

export interface KmsSettings {
  readonly keyArn: string;
  /** Timeout of one attempt, including connecting, in milliseconds. */
  readonly attemptTimeout: number;
  /** Default: the SDK's provider chain. */
  readonly credentials?: Credentials;
}

/**
 * Calls KMS with the AWS SDK. The SDK's environment variables set the endpoint; the region is the key's. Makes up to
 * three attempts on throttling, server errors and lost connections.
 */
export function createKms(settings: KmsSettings): Kms {
  const { keyArn } = settings;
  const send = createSend(clientSettings(settings));
  return {
    keyArn,

    async generateDataKey(context, abortSignal) {
      const command = new GenerateDataKeyCommand({
        KeyId: keyArn,
        KeySpec: "AES_256",
        EncryptionContext: context,
      });
      const response = await send(command, abortSignal).catch(unavailable);
      const requestId = response.$metadata.requestId;
      if (response.Plaintext === undefined || response.CiphertextBlob === undefined) {
        throw new KmsUnavailable("IncompleteResponse", requestId);
      }
      return {
        plaintext: response.Plaintext,
        wrapped: response.CiphertextBlob,
        keyArn: response.KeyId ?? keyArn,
        requestId,
      };
    },

    async decrypt({ wrapped, keyArn: keyOfRecord, context }, abortSignal) {
      const command = new DecryptCommand({
        KeyId: keyOfRecord,
        CiphertextBlob: wrapped,
        EncryptionContext: context,
      });
      const response = await send(command, abortSignal).catch(rejectedOrUnavailable);
      const requestId = response.$metadata.requestId;
      if (response.Plaintext === undefined)
        throw new KmsUnavailable("IncompleteResponse", requestId);
      return { plaintext: response.Plaintext, requestId };
    },

    async checkKey(abortSignal) {
      const command = new DescribeKeyCommand({ KeyId: keyArn });
      const response = await send(command, abortSignal).catch(unavailable);
      const state = response.KeyMetadata?.KeyState;
      if (state !== "Enabled") {
        throw new KmsUnavailable(`KeyState${state ?? "Unknown"}`, response.$metadata.requestId);
      }
    },
  };
}

/**
 * Encrypts a data key under another KMS key, within KMS: the caller never sees it. The encryption context stays
 * the same.
 * @returns the new CiphertextBlob
 * @throws KmsRejected when KMS rejects the ciphertext or its encryption context
 * @throws KmsUnavailable when KMS did not decide
 */
export type ReEncrypt = (dataKey: WrappedDataKey, signal: AbortSignal) => Promise<Uint8Array>;

/** Re-encrypts data keys under `keyArn`. */
export function createReEncrypt(settings: KmsSettings): ReEncrypt {
  const send = createSend(clientSettings(settings));
  return async ({ wrapped, keyArn, context }, signal) => {
    const command = new ReEncryptCommand({
      CiphertextBlob: wrapped,
      SourceKeyId: keyArn,
      SourceEncryptionContext: context,
      DestinationKeyId: settings.keyArn,
      DestinationEncryptionContext: context,
    });
    const { CiphertextBlob, $metadata } = await send(command, signal).catch(rejectedOrUnavailable);
    if (CiphertextBlob === undefined) {
      throw new KmsUnavailable("IncompleteResponse", $metadata.requestId);
    }
    return CiphertextBlob;
  };
}

/** Returns the Region of a KMS key. @param keyArn ARN of the key */
export function regionOf(keyArn: string): string {
  return keyArn.split(":")[3] ?? "";
}

function clientSettings({ keyArn, attemptTimeout, credentials }: KmsSettings): KMSClientConfig {
  return {
    ...(credentials !== undefined && { credentials }),
    region: regionOf(keyArn),
    retryStrategy,
    requestHandler: createHttpHandler(attemptTimeout),
  };
}

const retries = () => new StandardRetryStrategy(3);
const first = retries();

/**
 * Three attempts per call. The SDK shares one retry budget among all calls of a client, which a brownout of
 * KMS exhausts; the deadline and the limit on requests in progress bound the retries here.
 */
const retryStrategy = {
  acquireInitialRetryToken: (scope: string) => first.acquireInitialRetryToken(scope),
  refreshRetryTokenForRetry: (
    ...args: Parameters<StandardRetryStrategy["refreshRetryTokenForRetry"]>
  ) => retries().refreshRetryTokenForRetry(...args),
  recordSuccess: () => {},
};

function rejectedOrUnavailable(error: unknown): never {
  const { reason, requestId } = describe(error);
  if (REJECTIONS.has(reason)) throw new KmsRejected(reason, requestId);
  throw new KmsUnavailable(reason, requestId);
}

function unavailable(error: unknown): never {
  const { reason, requestId } = describe(error);
  throw new KmsUnavailable(reason, requestId);
}

/** Drops the message: some AWS errors repeat values of the request. */
function describe(error: unknown): { reason: string; requestId: string | undefined } {
  if (!(error instanceof Error)) return { reason: "UnknownError", requestId: undefined };
  const { code, $metadata } = error as Error & {
    readonly code?: unknown;
    readonly $metadata?: { readonly requestId?: string };
  };
  const reason = error.name === "Error" && typeof code === "string" ? code : error.name;
  return { reason, requestId: $metadata?.requestId };
}
