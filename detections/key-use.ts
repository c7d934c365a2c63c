import { allOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";

/** Operations that use a symmetric KMS key, as values of a filter pattern. */
export const SYMMETRIC_USES: readonly string[] = [
  "Decrypt",
  "Encrypt",
  "ReEncrypt*",
  "GenerateDataKey*",
];

/**
 * Matches uses of a KMS key, successful or not. The record of a call that the key policy denied does not contain
 * the key's ARN, so it does not match; such a call decrypts nothing.
 * @param keyArn may begin with the wildcard `*`
 */
export function keyUsePattern(keyArn: string, operations: readonly string[]): string {
  return jsonPattern(keyUse(keyArn, operations));
}

/** The condition of `keyUsePattern`. */
export function keyUse(keyArn: string, operations: readonly string[]): string {
  return allOf(
    matchesAny("$.eventSource", "kms.amazonaws.com"),
    matchesAny("$.eventName", ...operations),
    matchesAny(RESOURCE_ARN, keyArn),
  );
}

/** Matches successful Decrypt calls with a KMS key, by any caller. */
export function decryptPattern(keyArn: string): string {
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", "kms.amazonaws.com"),
      matchesAny("$.eventName", "Decrypt"),
      "$.errorCode NOT EXISTS",
      matchesAny(RESOURCE_ARN, keyArn),
    ),
  );
}
