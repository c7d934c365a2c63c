import { allOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";

/** Operations that use a symmetric KMS key, as values of a filter pattern. */
export const SYMMETRIC_USES: readonly string[] = [
  "Decrypt",
  "Encrypt",
  "ReEncrypt*",
  "GenerateDataKey*",
];

/**
 * The condition that matches uses of KMS keys, successful or not. The record of a call that the key policy denied
 * does not contain the key's ARN, so it does not match; that call decrypts nothing.
 * @param keyArns at most three; may begin with the wildcard `*`
 */
export function keyUse(keyArns: readonly string[], operations: readonly string[]): string {
  return allOf(
    matchesAny("$.eventSource", "kms.amazonaws.com"),
    matchesAny("$.eventName", ...operations),
    matchesAny(RESOURCE_ARN, ...keyArns),
  );
}

/** Matches successful Decrypt calls with one of the KMS keys, by any caller. */
export function decryptPattern(...keyArns: readonly string[]): string {
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", "kms.amazonaws.com"),
      matchesAny("$.eventName", "Decrypt"),
      "$.errorCode NOT EXISTS",
      matchesAny(RESOURCE_ARN, ...keyArns),
    ),
  );
}
