import {
  createCipheriv,
  createDecipheriv,
  createHash,
  type DecipherGCM,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { type Key, newKey } from "./key.ts";
import { type EncryptionContext, type Kms, KmsRejected } from "./kms.ts";

/** A stored record. It contains neither the caller's secret nor a digest of it. */
export interface SealedRecord {
  /** UUID */
  readonly id: string;
  readonly name: string;
  /** The data key encrypted under the KMS key (CiphertextBlob). */
  readonly wrappedKey: Uint8Array;
  /** ARN of the KMS key. Informational: decrypt always names the configured key. */
  readonly kmsKeyArn: string;
  /** 12 bytes */
  readonly nonce: Uint8Array;
  /** AES-256-GCM ciphertext of the UTF-8 text, followed by the 16-byte tag. */
  readonly ciphertext: Uint8Array;
  /** Record format version (currently always 1). */
  readonly formatVersion: number;
}

export type SealedContent = Pick<SealedRecord, "nonce" | "ciphertext" | "formatVersion">;

/** The record to try a Key on: the one with the Key's id, or the newest one of the Name. */
export interface Candidate {
  readonly wrappedKey: Uint8Array;
  /**
   * Reads the content of the record with the Key's id; undefined when there is none. Called only after KMS
   * has accepted the Key: the time to read a large ciphertext would reveal that the record exists.
   */
  readonly readContent: () => Promise<SealedContent | undefined>;
}

export type Opened = { readonly kmsRequestId: string | undefined } & OpenStatus;

type OpenStatus =
  | { readonly status: "opened"; readonly text: string }
  /** KMS rejected the Key. */
  | { readonly status: "rejected" }
  /** KMS accepted the Key, but the record's content is deleted. */
  | { readonly status: "deleted" }
  /** The stored record is not what was sealed; no Key opens it. */
  | { readonly status: "tampered"; readonly reason: string };

export interface Vault {
  /** Encrypts a text under a new Key. @throws KmsUnavailable */
  readonly seal: (
    name: string,
    text: string,
    signal: AbortSignal,
  ) => Promise<{ key: Key; record: SealedRecord; kmsRequestId: string | undefined }>;
  /**
   * Tries a Key on a record. Calls KMS exactly once, whether or not the Key is well-formed and the record
   * exists, so that CloudTrail records every attempt.
   * @throws KmsUnavailable
   */
  readonly open: (
    key: Key,
    name: string,
    candidate: Candidate | undefined,
    signal: AbortSignal,
  ) => Promise<Opened>;
  /** Creates the decoy used in place of records that do not exist. @throws KmsUnavailable */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
}

const FORMAT_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

/** Envelope encryption: KMS holds the key that encrypts the data keys, callers hold the secrets. */
export function createVault(kms: Kms): Vault {
  let decoy: Promise<Uint8Array> | undefined;

  /** Creates the decoy once, for all concurrent callers. A failure is not kept: the next caller tries again. */
  async function wrappedDecoy(signal: AbortSignal): Promise<Uint8Array> {
    decoy ??= createDecoy(signal);
    const created = decoy;
    try {
      return await created;
    } catch (error) {
      if (decoy === created) decoy = undefined;
      throw error;
    }
  }

  async function createDecoy(signal: AbortSignal): Promise<Uint8Array> {
    const { plaintext, wrapped } = await kms.generateDataKey(contextOf(newKey()), signal);
    plaintext.fill(0);
    return wrapped;
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
        return {
          ...(await openContent(plaintext, key, name, candidate, signal)),
          kmsRequestId: requestId,
        };
      } catch (error) {
        if (!(error instanceof KmsRejected)) throw error;
        const { reason, requestId } = error;
        return reason === "InvalidCiphertextException"
          ? { status: "rejected", kmsRequestId: requestId }
          : { status: "tampered", reason, kmsRequestId: requestId };
      }
    },

    async prepare(signal) {
      await wrappedDecoy(signal);
    },
  };
}

/** Reads and decrypts the content once KMS has unwrapped the data key, which is overwritten afterwards. */
async function openContent(
  dataKey: Uint8Array,
  key: Key,
  name: string,
  candidate: Candidate | undefined,
  signal: AbortSignal,
): Promise<OpenStatus> {
  try {
    signal.throwIfAborted();
    if (candidate === undefined) return { status: "rejected" };
    const content = await candidate.readContent();
    if (content === undefined) return { status: "deleted" };
    const text = withContentKey(dataKey, key, (contentKey) =>
      decrypt(contentKey, additionalData(key.id, name), content),
    );
    if (text === undefined) return { status: "tampered", reason: "NotAuthentic" };
    return { status: "opened", text };
  } finally {
    dataKey.fill(0);
  }
}

/**
 * The encryption context that binds a data key to a Key, so that KMS itself verifies the Key. CloudTrail
 * records it in plain text: it contains only a digest of the secret, and no Name.
 * https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
 */
function contextOf({ id, secret }: Key): EncryptionContext {
  const digest = createHash("sha256").update("cipherwatch/key/v1").update(secret);
  return { app: "cipherwatch", record: id, key: digest.digest("base64url") };
}

/** Unambiguous because the id has a fixed length. */
function additionalData(id: string, name: string): Buffer {
  return Buffer.from(`cipherwatch/record/v1${id}${name}`);
}

/**
 * Derives the content key from the data key and the caller's secret, so that neither KMS access with the
 * database nor the caller's Key alone opens a record. Overwrites the data key and the content key after use.
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
  const plaintext = Buffer.from(text);
  const cipher = createCipheriv(CIPHER, contentKey, nonce);
  cipher.setAAD(associated);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  plaintext.fill(0);
  return { nonce, ciphertext };
}

/** @returns undefined when the stored record is not what was sealed */
function decrypt(
  contentKey: Uint8Array,
  associated: Buffer,
  sealed: SealedContent,
): string | undefined {
  if (
    sealed.formatVersion !== FORMAT_VERSION ||
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
  const text = isAuthentic(decipher) ? plaintext.toString("utf8") : undefined;
  plaintext.fill(0);
  return text;
}

function isAuthentic(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
