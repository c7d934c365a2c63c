import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type DecipherGCM,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { type Key, newKey } from "./key.ts";
import { type Kms, KmsRejected } from "./kms.ts";
import { keyMatcher } from "./multi-region-key.ts";
import {
  additionalData,
  contentKeyInfo,
  digestOf,
  encryptionContext,
  type FormatVersion,
  isKnownFormat,
} from "./record-format.ts";

/** A stored record. It never contains the caller's secret. */
export interface SealedRecord {
  /** UUID */
  readonly id: string;
  readonly name: string;
  /** The data key encrypted under the KMS key (CiphertextBlob). */
  readonly wrappedKey: Uint8Array;
  /** ARN of the KMS key that encrypted the data key. */
  readonly kmsKeyArn: string;
  /** 12 bytes */
  readonly nonce: Uint8Array;
  /** AES-256-GCM ciphertext of the UTF-8 text, followed by the 16-byte tag. */
  readonly ciphertext: Uint8Array;
  readonly formatVersion: number;
  /** Digest of the Key's secret, as in the encryption context. Undefined in format version 1. */
  readonly keyDigest: Uint8Array | undefined;
  /** Opaque id of the client that the record belongs to; undefined for a record of no client. */
  readonly client: string | undefined;
  /** From when on no Key opens the record; undefined if it does not expire. Only in format version 3. */
  readonly expires: Date | undefined;
}

export type SealedContent = Pick<SealedRecord, "nonce" | "ciphertext">;

/** The record to try a Key on, as the store finds it. */
export interface StoredCandidate {
  readonly wrappedKey: Uint8Array;
  /** Undefined for a record that an older version of the service forgot: it had one KMS key. */
  readonly kmsKeyArn: string | undefined;
  /** How the record was encrypted. Undefined if it is not the Key's record, but the newest of the Name. */
  readonly format: Pick<SealedRecord, "formatVersion" | "client" | "expires"> | undefined;
}

export interface Candidate extends StoredCandidate {
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
  | { readonly status: "tampered"; readonly reason: string }
  /** This configuration cannot decrypt the record, whether or not the Key is right. */
  | { readonly status: "unreadable"; readonly reason: UnreadableReason };

/** The record's KMS key is not one of the configured keys, or a newer version of the service wrote it. */
export type UnreadableReason = "UnknownKey" | "UnknownFormat";

export interface VaultSettings {
  /** Format version of new records that do not expire. 2 by default. */
  readonly formatVersion?: Exclude<FormatVersion, 3>;
  /** ARNs of KMS keys that encrypted older records, in the Region of the configured key. None by default. */
  readonly previousKeyArns?: readonly string[];
}

export interface Vault {
  /**
   * Encrypts a text under a new Key. A record with a client opens only for that client. The expiry is
   * authenticated, but the store compares it with the time.
   * @throws KmsUnavailable
   */
  readonly seal: (
    options: SealOptions,
    signal: AbortSignal,
  ) => Promise<{ key: Key; record: SealedRecord; kmsRequestId: string | undefined }>;
  /**
   * Tries a Key on a record. Calls KMS exactly once, whether or not the Key is well-formed and the record
   * exists, so that CloudTrail records every attempt. The call names the client that asks, unless the record
   * with the Key's id belongs to no client.
   * @throws KmsUnavailable
   */
  readonly open: (options: OpenOptions, signal: AbortSignal) => Promise<Opened>;
  /** Creates the decoy used in place of records that do not exist. @throws KmsUnavailable */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
}

export interface SealOptions {
  readonly name: string;
  readonly text: string;
  /** Opaque id of the client. */
  readonly client?: string | undefined;
  /** The record does not expire by default. */
  readonly expires?: Date | undefined;
}

export interface OpenOptions {
  readonly key: Key;
  readonly name: string;
  readonly candidate?: Candidate | undefined;
  /** Opaque id of the client that asks. */
  readonly client?: string | undefined;
}

const DEFAULT_FORMAT = 2;
const EXPIRING_FORMAT = 3;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Keys are passed as KeyObjects: Node 24 throws and catches two errors for each key that is passed as bytes. */
const CIPHER = "aes-256-gcm";

/** Envelope encryption: KMS holds the key that encrypts the data keys, callers hold the secrets. */
export function createVault(kms: Kms, settings: VaultSettings = {}): Vault {
  const { formatVersion: formatWithoutExpiry = DEFAULT_FORMAT, previousKeyArns = [] } = settings;
  const keyArns: KeyArns = {
    current: kms.keyArn,
    configuredFor: keyMatcher([kms.keyArn, ...previousKeyArns]),
  };
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
    const { id, secret } = newKey();
    const context = encryptionContext({ version: DEFAULT_FORMAT, id, keyDigest: digestOf(secret) });
    const { plaintext, wrapped } = await kms.generateDataKey(context, signal);
    plaintext.fill(0);
    return wrapped;
  }

  return {
    async seal({ name, text, client, expires }, signal) {
      const formatVersion = expires === undefined ? formatWithoutExpiry : EXPIRING_FORMAT;
      if (client !== undefined && formatVersion === 1) {
        throw new Error("Format version 1 cannot bind a record to a client; use version 2.");
      }
      const key = newKey();
      const keyDigest = digestOf(key.secret);
      const context = encryptionContext({ version: formatVersion, id: key.id, keyDigest, client });
      const { plaintext, wrapped, keyArn, requestId } = await kms.generateDataKey(context, signal);
      const associated = additionalData(formatVersion, { id: key.id, name, client, expires });
      const sealed = withContentKey(plaintext, key, formatVersion, (contentKey) =>
        encrypt(contentKey, associated, text),
      );
      const record = {
        id: key.id,
        name,
        wrappedKey: wrapped,
        kmsKeyArn: keyArn,
        ...sealed,
        formatVersion,
        keyDigest: formatVersion === 1 ? undefined : keyDigest,
        client,
        expires,
      };
      return { key, record, kmsRequestId: requestId };
    },

    async open({ key, name, candidate, client }, signal) {
      const attempt = attemptOf(candidate, client, keyArns);
      const { version, keyArn, unreadable, client: boundClient, expires } = attempt;
      const wrapped = attempt.wrapped ?? (await wrappedDecoy(signal));
      const keyDigest = digestOf(key.secret);
      const context = encryptionContext({ version, id: key.id, keyDigest, client: boundClient });
      try {
        const { plaintext, requestId } = await kms.decrypt({ wrapped, keyArn, context }, signal);
        const readContent = attempt.wrapped && candidate?.readContent;
        const sealed = { key, name, version, client: boundClient, expires, readContent };
        const opened = await openContent(plaintext, sealed, signal);
        return { ...opened, kmsRequestId: requestId };
      } catch (error) {
        if (!(error instanceof KmsRejected)) throw error;
        return { ...statusOf(error, unreadable), kmsRequestId: error.requestId };
      }
    },

    async prepare(signal) {
      await wrappedDecoy(signal);
    },
  };
}

function statusOf({ reason }: KmsRejected, unreadable: UnreadableReason | undefined): OpenStatus {
  if (unreadable !== undefined) return { status: "unreadable", reason: unreadable };
  return reason === "InvalidCiphertextException"
    ? { status: "rejected" }
    : { status: "tampered", reason };
}

/** One call of KMS to decrypt a data key. */
interface Attempt {
  /** The data key; undefined for the decoy. */
  readonly wrapped?: Uint8Array;
  readonly keyArn: string;
  readonly version: FormatVersion;
  readonly client: string | undefined;
  readonly expires?: Date | undefined;
  /** Why the record cannot be decrypted even with the right Key. */
  readonly unreadable?: UnreadableReason;
}

interface KeyArns {
  /** The key of new records. */
  readonly current: string;
  /** Returns the configured key that decrypts the data keys of another one, or of itself. */
  readonly configuredFor: (keyArn: string) => string | undefined;
}

/**
 * Chooses the data key that KMS is asked to decrypt, and how. Uses the decoy for a record that cannot be read,
 * and for another record of the Name under a previous KMS key: if that key is disabled, the error would reveal
 * that the Name exists.
 */
function attemptOf(
  candidate: Candidate | undefined,
  client: string | undefined,
  keyArns: KeyArns,
): Attempt {
  const guess = { version: DEFAULT_FORMAT, client, keyArn: keyArns.current } as const;
  if (candidate === undefined) return guess;
  const { wrappedKey: wrapped, format, kmsKeyArn = keyArns.current } = candidate;
  const keyArn = keyArns.configuredFor(kmsKeyArn);
  if (format === undefined) return keyArn === keyArns.current ? { ...guess, wrapped } : guess;
  const { formatVersion: version, client: owner, expires } = format;
  if (!isKnownFormat(version)) return { ...guess, unreadable: "UnknownFormat" };
  if (keyArn === undefined) return { ...guess, unreadable: "UnknownKey" };
  // KMS compares the client that asks with the one of the record.
  return { version, keyArn, wrapped, client: owner === undefined ? undefined : client, expires };
}

/** A record whose data key KMS has decrypted. */
interface Unwrapped {
  readonly key: Key;
  readonly name: string;
  readonly version: FormatVersion;
  readonly client: string | undefined;
  readonly expires: Date | undefined;
  readonly readContent: Candidate["readContent"] | undefined;
}

/** Reads and decrypts the content once KMS has unwrapped the data key, which is overwritten afterwards. */
async function openContent(
  dataKey: Uint8Array,
  { key, name, version, client, expires, readContent }: Unwrapped,
  signal: AbortSignal,
): Promise<OpenStatus> {
  try {
    signal.throwIfAborted();
    if (readContent === undefined) return { status: "rejected" };
    const content = await readContent();
    if (content === undefined) return { status: "deleted" };
    const text = withContentKey(dataKey, key, version, (contentKey) =>
      decrypt(contentKey, additionalData(version, { id: key.id, name, client, expires }), content),
    );
    if (text === undefined) return { status: "tampered", reason: "NotAuthentic" };
    return { status: "opened", text };
  } finally {
    dataKey.fill(0);
  }
}

/**
 * Derives the content key from the data key and the caller's secret, so that neither KMS access with the
 * database nor the caller's Key alone opens a record. Overwrites the data key and the content key after use.
 */
function withContentKey<T>(
  dataKey: Uint8Array,
  { secret }: Key,
  version: FormatVersion,
  use: (contentKey: Uint8Array) => T,
): T {
  const contentKey = new Uint8Array(
    hkdfSync("sha256", createSecretKey(dataKey), secret, contentKeyInfo(version), 32),
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
  const cipher = createCipheriv(CIPHER, createSecretKey(contentKey), nonce);
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
  if (sealed.nonce.length !== NONCE_BYTES || sealed.ciphertext.length < TAG_BYTES) return undefined;
  const end = sealed.ciphertext.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, createSecretKey(contentKey), sealed.nonce, {
    authTagLength: TAG_BYTES,
  });
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
