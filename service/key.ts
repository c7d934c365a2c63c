import { randomBytes, randomFillSync } from "node:crypto";

/** The Key a caller holds: the id of one record and the secret that opens only that record. */
export interface Key {
  /** The record's id as a UUID. Visible in the database and in CloudTrail. */
  readonly id: string;
  /** 32 random bytes that exist only in the caller's Key. */
  readonly secret: Buffer;
}

const ID_BYTES = 16;
const SECRET_BYTES = 32;
const KEY_BYTES = ID_BYTES + SECRET_BYTES;

// 48 bytes are exactly 64 characters of base64url: without padding or spare bits, each Key has one encoding.
const KEY = /^cwk_([A-Za-z0-9_-]{64})$/;

/** Generates a random Key. */
export function newKey(): Key {
  return fromBytes(randomBytes(KEY_BYTES));
}

const substitutes = Buffer.alloc(64 * KEY_BYTES);
let nextSubstitute = substitutes.length;

/**
 * A random Key to try in place of a malformed one. It protects nothing, so 64 are generated at once: on average, it takes
 * no longer than `parseKey`, and a malformed Key no longer than a wrong one.
 */
export function substituteKey(): Key {
  if (nextSubstitute === substitutes.length) {
    randomFillSync(substitutes);
    nextSubstitute = 0;
  }
  const start = nextSubstitute;
  nextSubstitute += KEY_BYTES;
  return fromBytes(substitutes.subarray(start, nextSubstitute));
}

/** `cwk_` + base64url(id ‖ secret) */
export function formatKey({ id, secret }: Key): string {
  const bytes = Buffer.concat([Buffer.from(id.replaceAll("-", ""), "hex"), secret]);
  const text = `cwk_${bytes.toString("base64url")}`;
  bytes.fill(0);
  return text;
}

/** @returns undefined when the text is not a well-formed Key */
export function parseKey(text: string): Key | undefined {
  const encoded = KEY.exec(text)?.[1];
  return encoded === undefined ? undefined : fromBytes(Buffer.from(encoded, "base64url"));
}

function fromBytes(bytes: Buffer): Key {
  const hex = bytes.toString("hex", 0, ID_BYTES);
  const id = hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  return { id, secret: bytes.subarray(ID_BYTES) };
}
