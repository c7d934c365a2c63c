import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { EncryptionContext } from "./request-members.ts";

/**
 * A ciphertext blob: version (1 byte), length of the key id (1), key id (ASCII), check of these (4),
 * nonce (12), tag (16), then the ciphertext of AES-256-GCM. Everything before the nonce is
 * authenticated, and so is the encryption context. The check tells a damaged blob from one of a key
 * that is not there, as KMS does; it guards nothing.
 */
export interface CiphertextBlob {
  readonly keyId: string;
  readonly header: Buffer;
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
}

const VERSION = 1;
const CHECK_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

export function seal(
  key: { readonly keyId: string; readonly material: Buffer },
  plaintext: Buffer,
  context: EncryptionContext,
): Buffer {
  const about = Buffer.concat([
    Buffer.from([VERSION, key.keyId.length]),
    Buffer.from(key.keyId, "ascii"),
  ]);
  const header = Buffer.concat([about, check(about)]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.material, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, canonical(context)]));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/** The parts of a blob, or undefined: it is not one of ours. Its content is not verified yet. */
export function parseBlob(blob: Buffer): CiphertextBlob | undefined {
  if (blob[0] !== VERSION) return undefined;
  const keyEnd = 2 + (blob[1] ?? 0);
  const headerEnd = keyEnd + CHECK_BYTES;
  const nonceEnd = headerEnd + NONCE_BYTES;
  const tagEnd = nonceEnd + TAG_BYTES;
  if (blob.length <= tagEnd) return undefined;
  if (!check(blob.subarray(0, keyEnd)).equals(blob.subarray(keyEnd, headerEnd))) return undefined;
  return {
    keyId: blob.toString("ascii", 2, keyEnd),
    header: blob.subarray(0, headerEnd),
    nonce: blob.subarray(headerEnd, nonceEnd),
    tag: blob.subarray(nonceEnd, tagEnd),
    ciphertext: blob.subarray(tagEnd),
  };
}

/** The plaintext, or undefined: the blob was altered or sealed with another context or key. */
export function open(
  material: Buffer,
  blob: CiphertextBlob,
  context: EncryptionContext,
): Buffer | undefined {
  const decipher = createDecipheriv(ALGORITHM, material, blob.nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([blob.header, canonical(context)]));
  decipher.setAuthTag(blob.tag);
  try {
    return Buffer.concat([decipher.update(blob.ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

function check(about: Buffer): Buffer {
  return createHash("sha256").update(about).digest().subarray(0, CHECK_BYTES);
}

/**
 * The one spelling of an encryption context: its pairs in order of their keys, each string after its
 * length, so that no two contexts share a spelling. UTF-16, because UTF-8 has but one spelling for
 * all unpaired surrogates.
 */
function canonical(context: EncryptionContext): Buffer {
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
