import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { markerPage, readAuthorizedKey } from "./key-operations.ts";
import { type KeyStore, type KmsKey, requireUsable } from "./keys.ts";
import {
  membersOf,
  type RequestMembers,
  readInteger,
  rejectUnsupported,
} from "./request-members.ts";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 365;

/** https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html */
const MAX_ON_DEMAND_ROTATIONS = 25;

const PAGES = { defaultLimit: 100, maxLimit: 1000 };

/**
 * Rotates the key at once. AWS rotates it some time after the response.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html
 */
export function rotateKeyOnDemand(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const key = readRotatingKey(membersOf(input), call, keys);
  if (key.materials.length > MAX_ON_DEMAND_ROTATIONS) {
    throw new AwsError(
      "LimitExceededException",
      `${key.arn} was rotated on demand ${MAX_ON_DEMAND_ROTATIONS} times, which is the maximum.`,
    );
  }
  const { id } = keys.rotate(key);
  call.audit?.({
    serviceEvent: {
      name: "RotateKey",
      details: {
        rotationType: "ON_DEMAND",
        keyOrigin: "AWS_KMS",
        previousKeyMaterialId: key.materialId,
        currentKeyMaterialId: id,
      },
    },
  });
  return { KeyId: key.keyId };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html */
export function enableKeyRotation(
  input: unknown,
  call: Call,
  keys: KeyStore,
  now: number,
): AwsStructure {
  const request = membersOf(input);
  const days = readInteger(request, "RotationPeriodInDays", { min: 90, max: 2560 });
  keys.setRotation(readRotatingKey(request, call, keys), {
    days: days ?? DEFAULT_DAYS,
    since: now,
  });
  return {};
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html */
export function disableKeyRotation(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  keys.setRotation(readRotatingKey(membersOf(input), call, keys), null);
  return {};
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html */
export function getKeyRotationStatus(
  input: unknown,
  call: Call,
  keys: KeyStore,
  now: number,
): AwsStructure {
  const key = readAuthorizedKey(membersOf(input), call, keys);
  const { keyId: KeyId, rotation, current } = key;
  if (rotation === null || current.state === "PendingDeletion") {
    return { KeyId, KeyRotationEnabled: false };
  }
  const period = rotation.days * DAY_MILLISECONDS;
  const periods = Math.floor((now - rotation.since) / period) + 1;
  return {
    KeyId,
    KeyRotationEnabled: true,
    RotationPeriodInDays: rotation.days,
    NextRotationDate: new Date(rotation.since + periods * period),
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html */
export function listKeyRotations(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  rejectUnsupported(request, call.operation, ["IncludeKeyMaterial"]);
  const { materials, keyId, materialId } = readAuthorizedKey(request, call, keys);
  // Skip the first material, which comes from the creation of the key and not from a rotation.
  const rotations = materials.slice(1).reverse();
  const { items, nextMarker } = markerPage(rotations, request, { ...PAGES, keyOf: ({ id }) => id });
  return {
    Rotations: items.map(({ id, createdAt }) => ({
      KeyId: keyId,
      KeyMaterialId: id,
      KeyMaterialState: id === materialId ? "CURRENT" : "NON_CURRENT",
      RotationDate: new Date(createdAt),
      RotationType: "ON_DEMAND",
    })),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html */
export function listResourceTags(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  const { tags } = readAuthorizedKey(request, call, keys);
  const { items, nextMarker } = markerPage(Object.entries(tags).sort(), request, {
    ...PAGES,
    keyOf: ([name]) => name,
  });
  return {
    Tags: items.map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

/**
 * Reads the key of an operation that changes its rotation, and checks that the caller may call it.
 * @throws AwsError if the key is disabled, pending deletion or a replica
 */
function readRotatingKey(request: RequestMembers, call: Call, keys: KeyStore): KmsKey {
  const key = readAuthorizedKey(request, call, keys);
  requireUsable(key);
  const { arn, primaryKeyArn = arn } = key;
  if (primaryKeyArn === arn) return key;
  throw new AwsError(
    "UnsupportedOperationException",
    `${arn} is a replica key. Change the rotation of its primary key, ${primaryKeyArn}.`,
  );
}
