import {
  DecryptCommand,
  DescribeKeyCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from "@aws-sdk/client-kms";

export type EncryptionContext = Readonly<Record<string, string>>;

export interface DataKey {
  /** 32 bytes. Whoever receives them overwrites them after use. */
  readonly plaintext: Uint8Array;
  readonly requestId: string | undefined;
}

/** The three things that the service asks of KMS, each of one KMS key. */
export interface Kms {
  /** @throws KmsUnavailable */
  readonly generateDataKey: (
    context: EncryptionContext,
    signal: AbortSignal,
  ) => Promise<DataKey & { readonly wrapped: Uint8Array; readonly keyArn: string }>;
  /**
   * @throws KmsRefused when KMS works and says no: what was wrapped, or its context, is not right
   * @throws KmsUnavailable when KMS gave no verdict
   */
  readonly decrypt: (
    wrapped: Uint8Array,
    context: EncryptionContext,
    signal: AbortSignal,
  ) => Promise<DataKey>;
  /** Resolves when the key can be used. @throws KmsUnavailable */
  readonly checkKey: (signal: AbortSignal) => Promise<void>;
}

/** KMS looked at the wrapped key and its context and refused. */
export class KmsRefused extends Error {
  /** The name of the AWS error. */
  readonly reason: string;
  readonly requestId: string | undefined;

  constructor(reason: string, requestId: string | undefined) {
    super(`KMS refused to decrypt: ${reason}`);
    this.name = "KmsRefused";
    this.reason = reason;
    this.requestId = requestId;
  }
}

/** KMS is away, throttled, or may not or cannot use the key: nothing that a caller's Key could mend. */
export class KmsUnavailable extends Error {
  /** The name of the AWS error, or the system's error code. */
  readonly reason: string;
  readonly requestId: string | undefined;

  constructor(reason: string, requestId: string | undefined) {
    super(`KMS is not available: ${reason}`);
    this.name = "KmsUnavailable";
    this.reason = reason;
    this.requestId = requestId;
  }
}

/**
 * The errors of Decrypt that are about the ciphertext or its context. A ciphertext that KMS cannot
 * even parse, or one of another key, can only come from a record that was changed.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
 */
const REFUSALS = new Set([
  "InvalidCiphertextException",
  "IncorrectKeyException",
  "ValidationException",
]);

export interface KmsSettings {
  readonly keyArn: string;
  /** For one attempt, connecting included; milliseconds. */
  readonly attemptTimeout: number;
}

/**
 * KMS over the AWS SDK. Endpoint and credentials come from the SDK's own variables and chain; the
 * region is the key's. Throttling, server faults and lost connections are tried three times in all.
 */
export function createKms({ keyArn, attemptTimeout }: KmsSettings): Kms {
  const client = new KMSClient({
    region: keyArn.split(":")[3] ?? "",
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: attemptTimeout,
      requestTimeout: attemptTimeout,
      throwOnRequestTimeout: true,
    },
  });
  return {
    async generateDataKey(context, abortSignal) {
      const command = new GenerateDataKeyCommand({
        KeyId: keyArn,
        KeySpec: "AES_256",
        EncryptionContext: context,
      });
      const answer = await client.send(command, { abortSignal }).catch(unavailable);
      const requestId = answer.$metadata.requestId;
      if (answer.Plaintext === undefined || answer.CiphertextBlob === undefined) {
        throw new KmsUnavailable("IncompleteAnswer", requestId);
      }
      return {
        plaintext: answer.Plaintext,
        wrapped: answer.CiphertextBlob,
        keyArn: answer.KeyId ?? keyArn,
        requestId,
      };
    },

    async decrypt(wrapped, context, abortSignal) {
      const command = new DecryptCommand({
        KeyId: keyArn,
        CiphertextBlob: wrapped,
        EncryptionContext: context,
      });
      const answer = await client.send(command, { abortSignal }).catch((error: unknown) => {
        const { reason, requestId } = describe(error);
        if (REFUSALS.has(reason)) throw new KmsRefused(reason, requestId);
        return unavailable(error);
      });
      const requestId = answer.$metadata.requestId;
      if (answer.Plaintext === undefined) throw new KmsUnavailable("IncompleteAnswer", requestId);
      return { plaintext: answer.Plaintext, requestId };
    },

    async checkKey(abortSignal) {
      const command = new DescribeKeyCommand({ KeyId: keyArn });
      const answer = await client.send(command, { abortSignal }).catch(unavailable);
      const state = answer.KeyMetadata?.KeyState;
      if (state !== "Enabled") {
        throw new KmsUnavailable(`KeyState${state ?? "Unknown"}`, answer.$metadata.requestId);
      }
    },
  };
}

function unavailable(error: unknown): never {
  const { reason, requestId } = describe(error);
  throw new KmsUnavailable(reason, requestId);
}

/** The message is left behind: AWS repeats values of the request in some. */
function describe(error: unknown): { reason: string; requestId: string | undefined } {
  if (!(error instanceof Error)) return { reason: "UnknownError", requestId: undefined };
  const { code, $metadata } = error as Error & {
    readonly code?: unknown;
    readonly $metadata?: { readonly requestId?: string };
  };
  const reason = error.name === "Error" && typeof code === "string" ? code : error.name;
  return { reason, requestId: $metadata?.requestId };
}
