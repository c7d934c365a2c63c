import { createHash } from "node:crypto";
import type { EncryptionContext } from "./kms.ts";

/**
 * Version of a stored record's encryption. 2 adds the client and allows a record to move to another KMS key.
 * 3 is 2 with an expiry: its data key has the encryption context of 2, and its content authenticates the expiry.
 * Never change a version: stored records would no longer open (known-records.test.ts).
 */
export type FormatVersion = 1 | 2 | 3;

/** What KMS verifies before it decrypts the data key of a record. */
export interface DataKeyBinding {
  readonly version: FormatVersion;
  /** UUID of the record. */
  readonly id: string;
  /** Result of `digestOf` for the Key's secret. */
  readonly keyDigest: Uint8Array;
  /** Opaque id of the client that the record belongs to. Version 1 has no clients. */
  readonly client?: string | undefined;
}

export function isKnownFormat(version: number): version is FormatVersion {
  return version === 1 || version === 2 || version === 3;
}

/** Digest of a Key's secret: SHA-256, 32 bytes. The secret has 256 random bits, so it cannot be guessed. */
export function digestOf(secret: Uint8Array): Buffer {
  return createHash("sha256").update("cipherwatch/key/v1").update(secret).digest();
}

/**
 * The encryption context that binds a data key to a Key, so that KMS itself verifies the Key. CloudTrail
 * records it in plain text: it contains no Name and no secret.
 * https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
 */
export function encryptionContext(binding: DataKeyBinding): EncryptionContext {
  const { version, id, client } = binding;
  const key = Buffer.from(binding.keyDigest).toString("base64url");
  if (version === 1) return { app: "cipherwatch", record: id, key };
  return {
    app: "cipherwatch",
    format: "2",
    record: id,
    key,
    ...(client !== undefined && { client }),
  };
}

/** Domain of HKDF for the content key. */
export function contentKeyInfo(version: FormatVersion): string {
  return `cipherwatch/content/v${version}`;
}

/** What the ciphertext authenticates besides the text. */
export interface ContentBinding {
  readonly id: string;
  readonly name: string;
  readonly client?: string | undefined;
  /** Only in version 3. */
  readonly expires?: Date | undefined;
}

/** The additional authenticated data of the ciphertext. */
export function additionalData(
  version: FormatVersion,
  { id, name, client = "", expires }: ContentBinding,
): Buffer {
  // Unambiguous because the id has a fixed length.
  if (version === 1) return Buffer.from(`cipherwatch/record/v1${id}${name}`);
  if (version === 2) return lengthPrefixed("cipherwatch/record/v2", id, name, client);
  // Milliseconds since the epoch. A stored time that JavaScript cannot represent becomes NaN, which is not authentic.
  return lengthPrefixed("cipherwatch/record/v3", id, name, client, String(expires?.getTime()));
}

/** Each text as UTF-8, after its length in bytes (32 bits, big-endian). */
function lengthPrefixed(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
