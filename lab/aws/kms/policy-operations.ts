import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { PolicyError, parsePolicy } from "../iam/policy.ts";
import { flag, inputReader, text } from "../shared/input.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { readAuthorizedKey } from "./key-operations.ts";
import { authorizeUse, type KeyStore, type KmsKey, rejectPendingDeletion } from "./keys.ts";
import { membersOf } from "./request-members.ts";

const readPolicyRequest = inputReader("ValidationException");

/** The only policy name that KMS supports. */
const POLICY_NAME = "default";

const MAX_POLICY_BYTES = 32_768;

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
export function getKeyPolicy(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const key = readAuthorizedKey(membersOf(input), call, keys);
  return { Policy: key.policy, PolicyName: POLICY_NAME };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html */
export function listKeyPolicies(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  readAuthorizedKey(membersOf(input), call, keys);
  return { PolicyNames: [POLICY_NAME], Truncated: false };
}

const PutKeyPolicy = z.object({
  Policy: text({ min: 1, max: MAX_POLICY_BYTES }),
  PolicyName: text({ min: 1, max: 128 }).default(POLICY_NAME),
  BypassPolicyLockoutSafetyCheck: flag().default(false),
});

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html */
export function putKeyPolicy(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = readPolicyRequest(PutKeyPolicy, input);
  if (request.PolicyName !== POLICY_NAME) {
    throw new AwsError("NotFoundException", `No such policy exists`);
  }
  const key = readAuthorizedKey(membersOf(input), call, keys);
  rejectPendingDeletion(key);
  validatePolicy(request.Policy);
  if (!request.BypassPolicyLockoutSafetyCheck) requireFutureUpdates(request.Policy, call, key);
  keys.setPolicy(key, request.Policy);
  return {};
}

function validatePolicy(document: string): void {
  try {
    parsePolicy(document);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new AwsError("MalformedPolicyDocumentException", error.message);
  }
}

/** Rejects a policy that would deny the caller further changes of it. */
function requireFutureUpdates(policy: string, call: Call, key: KmsKey): void {
  try {
    authorizeUse(call, { ...key, policy });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      "MalformedPolicyDocumentException",
      "The new key policy will not allow you to update the key policy in the future.",
    );
  }
}
