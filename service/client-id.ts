import { createHash } from "node:crypto";

/** 22 characters of base64url: 132 bits. */
const LENGTH = 22;

export const CLIENT_ID = /^[A-Za-z0-9_-]{22}$/;

/**
 * Derives the opaque id of a client, which appears in the log, in metrics, in the encryption context and thereby
 * in CloudTrail. Contains no name, but is not a secret: anyone who can guess an issuer and a subject can compute it.
 * `npm run client-id` prints it for an issuer and a subject.
 * @param subject value of the token's claim that identifies the client, `sub` by default
 */
export function clientIdOf(issuer: string, subject: string): string {
  return createHash("sha256")
    .update("cipherwatch/client/v1")
    .update(issuer)
    .update("\0")
    .update(subject)
    .digest("base64url")
    .slice(0, LENGTH);
}
