import { createCipheriv, createDecipheriv, createHmac, randomBytes, randomUUID } from "node:crypto";
import {
  type EncryptionContext,
  type Kms,
  KmsRejected,
  KmsUnavailable,
  type ReEncrypt,
} from "../kms.ts";

export type KmsOperation = "generateDataKey" | "decrypt" | "reEncrypt" | "checkKey";

export interface MemoryKms extends Kms {
  /** Moves data keys to `keyArn`. */
  readonly reEncrypt: ReEncrypt;
  /** All calls, newest last. */
  readonly calls: {
    readonly operation: KmsOperation;
    readonly keyArn: string;
    readonly context: EncryptionContext;
  }[];
  /** Runs before each call and fails it by throwing. */
  interrupt: ((operation: KmsOperation, signal: AbortSignal) => void | Promise<void>) | undefined;
}

export const KEY_ARN =
  "arn:aws:kms:ap-southeast-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/** Another key of the same account. */
export const OTHER_KEY_ARN =
  "arn:aws:kms:ap-southeast-2:111122223333:key/9876fedc-98fe-76dc-54ba-0987654321fe";

/** A multi-Region key, and its replica in another Region. */
export const MULTI_REGION_KEY_ARN =
  "arn:aws:kms:ap-southeast-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
export const REPLICA_KEY_ARN =
  "arn:aws:kms:ap-southeast-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

/**
 * An in-memory KMS that wraps data keys with AES-256-GCM and the encryption context as additional data.
 * @param master the material of KEY_ARN, 32 bytes; that of other keys is derived from it
 * @param keyArn the key of new data keys
 */
export function createMemoryKms(
  master: Uint8Array = randomBytes(32),
  keyArn: string = KEY_ARN,
): MemoryKms {
  // Derived once, so that calls with other keys take no longer.
  const materials = new Map([[KEY_ARN, master]]);
  const materialOf = (arn: string) => {
    const material =
      materials.get(arn) ?? createHmac("sha256", master).update(relatedIn(arn)).digest();
    materials.set(arn, material);
    return material;
  };
  // Related multi-Region keys share their id and material.
  const relatedIn = (arn: string) =>
    arn.includes(":key/mrk-") ? arn.replace(/(:kms):[^:]+/, "$1") : arn;
  const [, , , region] = keyArn.split(":");
  const kms: MemoryKms = {
    keyArn,
    calls: [],
    interrupt: undefined,

    async generateDataKey(context, signal) {
      await begin("generateDataKey", keyArn, context, signal);
      const plaintext = randomBytes(32);
      return { plaintext, wrapped: wrap(plaintext, context), keyArn, requestId: randomUUID() };
    },

    async decrypt({ wrapped, keyArn: named, context }, signal) {
      await begin("decrypt", named, context, signal);
      return unwrap(wrapped, named, context);
    },

    async reEncrypt({ wrapped, keyArn: source, context }, signal) {
      await begin("reEncrypt", source, context, signal);
      return wrap(unwrap(wrapped, source, context).plaintext, context);
    },

    async checkKey(signal) {
      await begin("checkKey", keyArn, {}, signal);
    },
  };

  async function begin(
    operation: KmsOperation,
    named: string,
    context: EncryptionContext,
    signal: AbortSignal,
  ) {
    kms.calls.push({ operation, keyArn: named, context });
    await kms.interrupt?.(operation, signal);
  }

  function wrap(plaintext: Uint8Array, context: EncryptionContext): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", materialOf(keyArn), nonce);
    cipher.setAAD(canonical(context));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  function unwrap(wrapped: Uint8Array, named: string, context: EncryptionContext) {
    const requestId = randomUUID();
    // KMS reaches no key of another Region.
    if (named.split(":")[3] !== region) throw new KmsUnavailable("NotFoundException", requestId);
    try {
      const cipher = ["aes-256-gcm", materialOf(named), wrapped.subarray(0, 12)] as const;
      const decipher = createDecipheriv(...cipher, { authTagLength: 16 });
      decipher.setAAD(canonical(context));
      decipher.setAuthTag(wrapped.subarray(12, 28));
      const plaintext = Buffer.concat([decipher.update(wrapped.subarray(28)), decipher.final()]);
      return { plaintext, requestId };
    } catch {
      throw new KmsRejected("InvalidCiphertextException", requestId);
    }
  }

  return kms;
}

function canonical(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}
