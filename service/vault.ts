import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { type Key, newKey } from "./key.ts";
import { type EncryptionContext, type Kms, KmsRefused } from "./kms.ts";

/** What is stored of a text. Neither the caller's secret nor a digest of it is in it. */
export interface SealedRecord {
  /** UUID */
  readonly id: string;
  readonly name: string;
  /** The data key under the KMS key, as KMS gave it. */
  readonly wrappedKey: Uint8Array;
  /** The KMS key that wraps it. For the operator: a decrypt names the configured key, whatever is here. */
  readonly kmsKeyArn: string;
  /** 12 bytes */
  readonly nonce: Uint8Array;
  /** AES-256-GCM: as long as the text's UTF-8, and the 16 bytes of the tag. */
  readonly ciphertext: Uint8Array;
  /** The format of all this; 1 is the one there is. */
  readonly formatVersion: number;
}

/** The record that a Key is tried on: the one with its id, or the newest of the name. */
export interface Candidate {
  readonly wrappedKey: Uint8Array;
  /** Absent unless the record has the Key's id: KMS refuses a Key for any other record. */
  readonly sealed?: Pick<SealedRecord, "nonce" | "ciphertext" | "formatVersion">;
}

export type Opened = { readonly kmsRequestId: string | undefined } & (
  | { readonly outcome: "opened"; readonly text: string }
  /** KMS says that it is not the right Key. */
  | { readonly outcome: "refused" }
  /** No Key could open it: what is stored is not what was sealed. */
  | { readonly outcome: "tampered"; readonly reason: string }
);

export interface Vault {
  /** Seals a text under a new Key. @throws KmsUnavailable */
  readonly seal: (
    name: string,
    text: string,
    signal: AbortSignal,
  ) => Promise<{ key: Key; record: SealedRecord; kmsRequestId: string | undefined }>;
  /**
   * Tries a Key on a record. Asks KMS exactly once, whatever the Key and whether or not there is a
   * record, so that every try shows in the trail.
   * @throws KmsUnavailable
   */
  readonly open: (
    key: Key,
    name: string,
    candidate: Candidate | undefined,
    signal: AbortSignal,
  ) => Promise<Opened>;
  /** Makes the decoy that stands in for records that are not there. @throws KmsUnavailable */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
}

const FORMAT_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

/** Envelope encryption: KMS holds the key of the data keys, callers hold the secrets. */
export function createVault(kms: Kms): Vault {
  let decoy: Uint8Array | undefined;

  async function wrappedDecoy(signal: AbortSignal): Promise<Uint8Array> {
    if (decoy === undefined) {
      const { plaintext, wrapped } = await kms.generateDataKey(contextOf(newKey()), signal);
      plaintext.fill(0);
      decoy = wrapped;
    }
    return decoy;
  }

  return {
    async seal(name, text, signal) {
      const key = newKey();
      const { plaintext, wrapped, keyArn, requestId } = await kms.generateDataKey(
        contextOf(key),
        signal,
      );
      const sealed = withContentKey(plaintext, key, (contentKey) =>
        encrypt(contentKey, additionalData(key.id, name), text),
      );
      const record = {
        id: key.id,
        name,
        wrappedKey: wrapped,
        kmsKeyArn: keyArn,
        ...sealed,
        formatVersion: FORMAT_VERSION,
      };
      return { key, record, kmsRequestId: requestId };
    },

    async open(key, name, candidate, signal) {
      const wrapped = candidate?.wrappedKey ?? (await wrappedDecoy(signal));
      try {
        const { plaintext, requestId } = await kms.decrypt(wrapped, contextOf(key), signal);
        const text = withContentKey(plaintext, key, (contentKey) =>
          decrypt(contentKey, additionalData(key.id, name), candidate?.sealed),
        );
        return text === undefined
          ? { outcome: "tampered", reason: "NotAuthentic", kmsRequestId: requestId }
          : { outcome: "opened", text, kmsRequestId: requestId };
      } catch (error) {
        if (!(error instanceof KmsRefused)) throw error;
        const { reason, requestId } = error;
        return reason === "InvalidCiphertextException"
          ? { outcome: "refused", kmsRequestId: requestId }
          : { outcome: "tampered", reason, kmsRequestId: requestId };
      }
    },

    async prepare(signal) {
      await wrappedDecoy(signal);
    },
  };
}

/**
 * What KMS binds the data key to, and thereby what KMS itself checks of a Key. CloudTrail shows it in
 * plain text: the secret is in it as a digest only, and a name is not in it at all.
 * https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
 */
function contextOf({ id, secret }: Key): EncryptionContext {
  const digest = createHash("sha256").update("cipherwatch/key/v1").update(secret);
  return { app: "cipherwatch", record: id, key: digest.digest("base64url") };
}

/** The id has a fixed length, so that no two pairs of id and name are the same bytes. */
function additionalData(id: string, name: string): Buffer {
  return Buffer.from(`cipherwatch/record/v1${id}${name}`, "utf8");
}

/**
 * Lends out the key that seals the text. It takes the data key and the caller's secret, so that
 * neither KMS with the database nor the caller's Key alone opens a record. Both are gone afterwards.
 */
function withContentKey<T>(
  dataKey: Uint8Array,
  { secret }: Key,
  use: (contentKey: Uint8Array) => T,
): T {
  const contentKey = new Uint8Array(
    hkdfSync("sha256", dataKey, secret, "cipherwatch/content/v1", 32),
  );
  try {
    return use(contentKey);
  } finally {
    contentKey.fill(0);
    dataKey.fill(0);
  }
}

function encrypt(contentKey: Uint8Array, associated: Buffer, text: string) {
  const nonce = randomBytes(NONCE_BYTES);
  const plaintext = Buffer.from(text, "utf8");
  const cipher = createCipheriv(CIPHER, contentKey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  plaintext.fill(0);
  return { nonce, ciphertext };
}

/** The text, or undefined when what is stored is not what was sealed. */
function decrypt(
  contentKey: Uint8Array,
  associated: Buffer,
  sealed: Candidate["sealed"],
): string | undefined {
  if (
    sealed?.formatVersion !== FORMAT_VERSION ||
    sealed.nonce.length !== NONCE_BYTES ||
    sealed.ciphertext.length < TAG_BYTES
  ) {
    return undefined;
  }
  const end = sealed.ciphertext.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, contentKey, sealed.nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.ciphertext.subarray(end));
  const plaintext = decipher.update(sealed.ciphertext.subarray(0, end));
  try {
    decipher.final();
    return plaintext.toString("utf8");
  } catch {
    return undefined;
  } finally {
    plaintext.fill(0);
  }
}
