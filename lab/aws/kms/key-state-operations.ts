import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { auditKeys, rejectPendingDeletion } from "./key-usage.ts";
import type { KeyStore, KmsKey } from "./keys.ts";
import {
  membersOf,
  type RequestMembers,
  readInteger,
  readKey,
  rejectViolations,
} from "./request-members.ts";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * Carries out EnableKey or DisableKey.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html
 */
export function setKeyEnabled(
  input: unknown,
  call: Call,
  keys: KeyStore,
  state: "Enabled" | "Disabled",
): AwsStructure {
  const key = readManagedKey(membersOf(input), call, keys);
  rejectPendingDeletion(key);
  keys.setState(key, { state });
  return {};
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html */
export function scheduleKeyDeletion(
  input: unknown,
  call: Call,
  keys: KeyStore,
  now: number,
): AwsStructure {
  const request = membersOf(input);
  const days = readInteger(request, "PendingWindowInDays", { min: 7, max: 30 }) ?? 30;
  const key = readManagedKey(request, call, keys);
  rejectPendingDeletion(key);
  const deletionDate = now + days * DAY_MILLISECONDS;
  keys.setState(key, { state: "PendingDeletion", deletionDate });
  return {
    KeyId: key.arn,
    DeletionDate: new Date(deletionDate),
    KeyState: "PendingDeletion",
    PendingWindowInDays: days,
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html */
export function cancelKeyDeletion(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const key = readManagedKey(membersOf(input), call, keys);
  if (key.current.state !== "PendingDeletion") {
    throw new AwsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
  }
  keys.setState(key, { state: "Disabled" });
  return { KeyId: key.arn };
}

/** Reads the `KeyId` of an operation that accepts no alias. */
function readManagedKey(request: RequestMembers, call: Call, keys: KeyStore): KmsKey {
  const reference = readKey(request, "KeyId");
  rejectViolations(request);
  if (reference.startsWith("alias/") || reference.includes(":alias/")) {
    throw new AwsError("InvalidArnException", "Key Aliases are not supported for this operation.");
  }
  const key = keys.resolve(reference, call);
  auditKeys(call, key);
  return key;
}
