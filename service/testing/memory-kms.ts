import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { type EncryptionContext, type Kms, KmsRejected } from "../kms.ts";

export type KmsOperation = "generateDataKey" | "decrypt" | "checkKey";

export interface MemoryKms extends Kms {
  readonly keyArn: string;
  /** All calls, newest last. */
  readonly calls: { readonly operation: KmsOperation; readonly context: EncryptionContext }[];
  /** Runs before each call and fails it by throwing. */
  interrupt: ((operation: KmsOperation, signal: AbortSignal) => void | Promise<void>) | undefined;
}

export const KEY_ARN =
  "arn:aws:kms:ap-southeast-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/**
 * An in-memory KMS that wraps data keys with AES-256-GCM and the encryption context as additional data.
 * @param master the key's material, 32 bytes
 */
export function createMemoryKms(master: Uint8Array = randomBytes(32)): MemoryKms {
  const kms: MemoryKms = {
    keyArn: KEY_ARN,
    calls: [],
    interrupt: undefined,

    async generateDataKey(context, signal) {
      await begin("generateDataKey", context, signal);
      const plaintext = randomBytes(32);
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", master, nonce);
      cipher.setAAD(canonical(context));
      const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      const wrapped = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
      return { plaintext, wrapped, keyArn: KEY_ARN, requestId: randomUUID() };
    },

    async decrypt(wrapped, context, signal) {
      await begin("decrypt", context, signal);
      const requestId = randomUUID();
      try {
        const decipher = createDecipheriv("aes-256-gcm", master, wrapped.subarray(0, 12), {
          authTagLength: 16,
        });
        decipher.setAAD(canonical(context));
        decipher.setAuthTag(wrapped.subarray(12, 28));
        const plaintext = Buffer.concat([decipher.update(wrapped.subarray(28)), decipher.final()]);
        return { plaintext, requestId };
      } catch {
        throw new KmsRejected("InvalidCiphertextException", requestId);
      }
    },

    async checkKey(signal) {
      await begin("checkKey", {}, signal);
    },
  };

  async function begin(operation: KmsOperation, context: EncryptionContext, signal: AbortSignal) {
    kms.calls.push({ operation, context });
    await kms.interrupt?.(operation, signal);
  }

  return kms;
}

function canonical(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}
