import { CANARY_RECORD } from "../common/canary.ts";
import { allOf, anyOf, matchesAny } from "./pattern.ts";

const RECORD = "$.requestParameters.encryptionContext.record";
const REJECTED = "InvalidCiphertextException";

/**
 * Condition of a filter pattern: KMS rejected the canary's wrong Key. Other failures of the canary, such as
 * denied access, are not of this kind.
 */
export const CANARY_CALL = allOf(
  matchesAny("$.errorCode", REJECTED),
  matchesAny(RECORD, CANARY_RECORD),
);

/**
 * The opposite, for failed calls. Hides nothing from kms-errors: KMS decrypts no record with this context,
 * because the contexts of records contain their UUIDs.
 */
export const NO_CANARY_CALL = anyOf(
  `$.errorCode != "${REJECTED}"`,
  `${RECORD} NOT EXISTS`,
  `${RECORD} != "${CANARY_RECORD}"`,
);
