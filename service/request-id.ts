import { randomUUID } from "node:crypto";

/**
 * Accepted request ids. Neither form can hold a Key or its secret (43 characters of base64url), since the id
 * is logged: a short id of any kind, or hexadecimal digits as in a UUID, a `traceparent` or the load
 * balancer's `Root=1-67891233-abcdef012345678912345678`.
 */
const REQUEST_ID = /^(?:[A-Za-z0-9._:=@/+-]{1,32}|(?:[A-Za-z]{1,8}=)?[0-9A-Fa-f-]{1,64})$/;

/** @returns the caller's id from the header X-Request-Id if it is accepted, else a new UUID */
export function requestIdOf(header: string | undefined): string {
  return header !== undefined && REQUEST_ID.test(header) ? header : randomUUID();
}
