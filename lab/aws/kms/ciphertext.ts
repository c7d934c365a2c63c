import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { EncryptionContext } from "./request-members.ts";

/**
 * A ciphertext blob: version (1 byte), length of the key id (1), key id (ASCII), checksum of these (4),
 * nonce (12), tag (16), then the ciphertext of AES-256-GCM. Everything before the nonce and the
 * encryption context are authenticated. The checksum has no security purpose: it distinguishes a
 * damaged blob from one whose key does not exist, for which KMS returns different errors.
 */
export interface CiphertextBlob {
  readonly keyId: string;
  readonly header: Buffer;
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
}

const VERSION = 1;
const CHECKSUM_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

export function encryptBlob(
  key: { readonly keyId: string; readonly material: Buffer },
  plaintext: Buffer,
  context: EncryptionContext,
): Buffer {
  const prefix = Buffer.concat([
    Buffer.from([VERSION, key.keyId.length]),
    Buffer.from(key.keyId, "ascii"),
  ]);
  const header = Buffer.concat([prefix, checksum(prefix)]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.material, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, encodeContext(context)]));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/** Splits a blob into its parts, without authenticating them. Returns undefined if it is malformed. */
export function parseBlob(blob: Buffer): CiphertextBlob | undefined {
  if (blob[0] !== VERSION) return undefined;
  const keyEnd = 2 + (blob[1] ?? 0);
  const headerEnd = keyEnd + CHECKSUM_BYTES;
  const nonceEnd = headerEnd + NONCE_BYTES;
  const tagEnd = nonceEnd + TAG_BYTES;
  if (blob.length <= tagEnd) return undefined;
  const expectedChecksum = checksum(blob.subarray(0, keyEnd));
  if (!expectedChecksum.equals(blob.subarray(keyEnd, headerEnd))) return undefined;
  return {
    keyId: blob.toString("ascii", 2, keyEnd),
    header: blob.subarray(0, headerEnd),
    nonce: blob.subarray(headerEnd, nonceEnd),
    tag: blob.subarray(nonceEnd, tagEnd),
    ciphertext: blob.subarray(tagEnd),
  };
}

/** Returns the plaintext, or undefined if the blob, the encryption context or the key is wrong. */
export function decryptBlob(
  material: Buffer,
  blob: CiphertextBlob,
  context: EncryptionContext,
): Buffer | undefined {
  const decipher = createDecipheriv(ALGORITHM, material, blob.nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([blob.header, encodeContext(context)]));
  decipher.setAuthTag(blob.tag);
  try {
    return Buffer.concat([decipher.update(blob.ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

function checksum(prefix: Buffer): Buffer {
  return createHash("sha256").update(prefix).digest().subarray(0, CHECKSUM_BYTES);
}

/**
 * Encodes an encryption context unambiguously: pairs sorted by key, each string preceded by its length.
 * Uses UTF-16, because UTF-8 encodes all unpaired surrogates alike.
 */
function encodeContext(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    pairs.flat().flatMap((text) => {
      const bytes = Buffer.from(text, "utf16le");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
