import { randomBytes } from "node:crypto";
import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { inputReader, list, text } from "../shared/input.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { GRANT_OPERATIONS, type Grant, isPrincipal } from "./grants.ts";
import { markerPage, readAuthorizedKey, readManagedKey } from "./key-operations.ts";
import {
  auditKeys,
  authorizeUse,
  type KeyStore,
  type KmsKey,
  rejectPendingDeletion,
} from "./keys.ts";
import { membersOf } from "./request-members.ts";

const readGrantRequest = inputReader("ValidationException");

const PrincipalId = text({ min: 1, max: 256, pattern: /^[\w+=,.@:/-]+$/ });
const EncryptionContext = z.record(z.string(), z.string()).optional();

const CreateGrant = z.object({
  GranteePrincipal: PrincipalId,
  RetiringPrincipal: PrincipalId.optional(),
  Operations: list(z.enum(GRANT_OPERATIONS), { min: 1 }),
  Name: text({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ }).optional(),
  Constraints: z
    .object({
      EncryptionContextSubset: EncryptionContext,
      EncryptionContextEquals: EncryptionContext,
    })
    .optional(),
});

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html */
export function createGrant(input: unknown, call: Call, keys: KeyStore, now: number): AwsStructure {
  const request = readGrantRequest(CreateGrant, input);
  const { GranteePrincipal, RetiringPrincipal, Operations, Name, Constraints } = request;
  const key = readManagedKey(membersOf(input), call, keys);
  authorizeUse(call, key, {
    context: {
      "kms:GrantOperations": Operations,
      "kms:GranteePrincipal": GranteePrincipal,
      "kms:GrantIsForAWSResource": "false",
      ...(RetiringPrincipal === undefined ? {} : { "kms:RetiringPrincipal": RetiringPrincipal }),
    },
  });
  rejectPendingDeletion(key);
  for (const principal of [GranteePrincipal, RetiringPrincipal]) {
    if (principal !== undefined && !principal.startsWith("arn:")) {
      throw new AwsError(
        "InvalidArnException",
        `ARN does not refer to a valid principal: ${principal}`,
      );
    }
  }
  const grant: Grant = {
    id: randomBytes(32).toString("hex"),
    token: randomBytes(96).toString("base64"),
    createdAt: now,
    granteePrincipal: GranteePrincipal,
    operations: Operations,
    ...(Name === undefined ? {} : { name: Name }),
    ...(RetiringPrincipal === undefined ? {} : { retiringPrincipal: RetiringPrincipal }),
    ...(Constraints === undefined ? {} : { constraints: withoutAbsent(Constraints) }),
  };
  keys.addGrant(key, grant);
  return { GrantId: grant.id, GrantToken: grant.token };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html */
export function listGrants(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  const key = readAuthorizedKey(request, call, keys);
  const { items, nextMarker } = markerPage(key.grants, request, {
    defaultLimit: 50,
    maxLimit: 100,
    keyOf: ({ id }) => id,
  });
  return {
    Grants: items.map((grant) => ({
      KeyId: key.arn,
      GrantId: grant.id,
      Name: grant.name,
      CreationDate: new Date(grant.createdAt),
      GranteePrincipal: grant.granteePrincipal,
      RetiringPrincipal: grant.retiringPrincipal,
      IssuingAccount: `arn:aws:iam::${call.caller.accountId}:root`,
      Operations: grant.operations,
      Constraints: grant.constraints,
    })),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

const RevokeGrant = z.object({ GrantId: text({ min: 1, max: 128 }) });

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html */
export function revokeGrant(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const { GrantId } = readGrantRequest(RevokeGrant, input);
  const key = readAuthorizedKey(membersOf(input), call, keys);
  keys.endGrant(key, requireGrant(key, ({ id }) => id === GrantId).id);
  return {};
}

const RetireGrant = z.object({
  GrantToken: text({ min: 1, max: 8192 }).optional(),
  KeyId: text({ min: 1, max: 2048 }).optional(),
  GrantId: text({ min: 1, max: 128 }).optional(),
});

/**
 * Retires a grant for its retiring principal, or for its grantee if it allows RetireGrant.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
 */
export function retireGrant(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const { GrantToken, KeyId, GrantId } = readGrantRequest(RetireGrant, input);
  const key =
    KeyId === undefined
      ? keys.all().find(({ grants }) => grants.some(({ token }) => token === GrantToken))
      : keys.resolve(KeyId, call);
  if (key === undefined)
    throw new AwsError("InvalidGrantTokenException", "The grant token is invalid.");
  const grant = requireGrant(key, ({ id, token }) => id === GrantId || token === GrantToken);
  auditKeys(call, key);
  const { caller } = call;
  const isGrantee =
    isPrincipal(grant.granteePrincipal, caller) && grant.operations.includes("RetireGrant");
  authorizeUse(call, key, {
    grantee: isPrincipal(grant.retiringPrincipal, caller) || isGrantee,
  });
  keys.endGrant(key, grant.id);
  return {};
}

function requireGrant(key: KmsKey, matches: (grant: Grant) => boolean): Grant {
  const grant = key.grants.find(matches);
  if (grant !== undefined) return grant;
  throw new AwsError("NotFoundException", `Grant does not exist for key ${key.arn}`);
}

function withoutAbsent<T extends object>(value: T) {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}
