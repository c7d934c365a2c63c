import { REGIONS } from "../../../cloudwatch/alarm/regions.ts";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import {
  auditKeys,
  authorizeUse,
  type KeyStore,
  type KmsKey,
  rejectPendingDeletion,
  requireUsable,
} from "./keys.ts";
import {
  checkGrantTokens,
  membersOf,
  type RequestMembers,
  readInteger,
  readKey,
  readOptionalKey,
  readText,
  rejectViolations,
} from "./request-members.ts";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html */
export function describeKey(
  input: unknown,
  call: Call,
  keys: KeyStore,
  accountId: string,
): AwsStructure {
  const request = membersOf(input);
  const reference = readKey(request, "KeyId");
  checkGrantTokens(request);
  rejectViolations(request);
  const key = keys.resolve(reference, call);
  auditKeys(call, key);
  authorizeUse(call, key);
  return { KeyMetadata: keyMetadata(key, accountId) };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html */
export function listKeys(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  call.authorize({ action: "kms:ListKeys", resource: "*" });
  const { items, nextMarker } = markerPage(keys.all(), membersOf(input), {
    defaultLimit: 100,
    maxLimit: 1000,
    keyOf: ({ keyId }) => keyId,
  });
  return {
    Keys: items.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html */
export function listAliases(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  const reference = readOptionalKey(request, "KeyId");
  rejectViolations(request);
  call.authorize({ action: "kms:ListAliases", resource: "*" });
  const onlyKey = reference === undefined ? undefined : keys.resolve(reference, call);
  if (onlyKey !== undefined) auditKeys(call, onlyKey);
  const aliases = (onlyKey === undefined ? keys.all() : [onlyKey]).flatMap((key) =>
    key.aliases.map((alias) => ({
      AliasName: alias,
      AliasArn: keys.aliasArn(alias),
      TargetKeyId: key.keyId,
      CreationDate: new Date(key.createdAt),
      LastUpdatedDate: new Date(key.createdAt),
    })),
  );
  const { items, nextMarker } = markerPage(aliases, request, {
    defaultLimit: 50,
    maxLimit: 100,
    keyOf: ({ AliasName }) => AliasName,
  });
  return { Aliases: items, NextMarker: nextMarker, Truncated: nextMarker !== undefined };
}

/**
 * Implements EnableKey and DisableKey.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html
 */
export function setKeyEnabled(
  input: unknown,
  call: Call,
  keys: KeyStore,
  state: "Enabled" | "Disabled",
): AwsStructure {
  const key = readAuthorizedKey(membersOf(input), call, keys);
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
  const key = readAuthorizedKey(request, call, keys);
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
  const key = readAuthorizedKey(membersOf(input), call, keys);
  if (key.current.state !== "PendingDeletion") {
    throw new AwsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
  }
  keys.setState(key, { state: "Disabled" });
  return { KeyId: key.arn };
}

function keyMetadata(key: KmsKey, accountId: string): AwsStructure {
  const { current } = key;
  return {
    AWSAccountId: accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: current.state === "Enabled",
    Description: key.description,
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: current.state,
    DeletionDate: current.state === "PendingDeletion" ? new Date(current.deletionDate) : undefined,
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    ...multiRegionMetadata(key),
    CurrentKeyMaterialId: key.materialId,
  };
}

function multiRegionMetadata({ arn, primaryKeyArn, replicaRegions }: KmsKey): AwsStructure {
  if (primaryKeyArn === undefined) return { MultiRegion: false };
  const describe = (keyArn: string) => ({ Arn: keyArn, Region: regionOf(keyArn) });
  const isPrimary = primaryKeyArn === arn;
  const replicas = isPrimary ? replicaRegions.map((region) => inRegion(arn, region)) : [arn];
  return {
    MultiRegion: true,
    MultiRegionConfiguration: {
      MultiRegionKeyType: isPrimary ? "PRIMARY" : "REPLICA",
      PrimaryKey: describe(primaryKeyArn),
      ReplicaKeys: replicas.map(describe),
    },
  };
}

const regionOf = (keyArn: string) => keyArn.split(":")[3] ?? "";

const inRegion = (keyArn: string, region: string) => keyArn.split(":").with(3, region).join(":");

/**
 * Records the replica. The lab of the other Region has the key after a start with `--replica-of` and this lab's data
 * folder.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
 */
export function replicateKey(
  input: unknown,
  call: Call,
  keys: KeyStore,
  { accountId, now }: { readonly accountId: string; readonly now: number },
): AwsStructure {
  const request = membersOf(input);
  const region = readText(request, "ReplicaRegion", { max: 32 });
  const policy = readText(request, "Policy", { max: 131_072 });
  const description = readText(request, "Description", { max: 8192 }) ?? "";
  const key = readManagedKey(request, call, keys);
  if (region === undefined) {
    throw new AwsError(
      "ValidationException",
      "Value at 'replicaRegion' failed to satisfy constraint: Member must not be null",
    );
  }
  authorizeUse(call, key, { context: { "kms:ReplicaRegion": region } });
  requireUsable(key);
  const { arn, primaryKeyArn, replicaRegions } = key;
  if (primaryKeyArn !== arn) {
    throw new AwsError(
      "UnsupportedOperationException",
      `${arn} is not a multi-Region primary key.`,
    );
  }
  const replicaArn = inRegion(arn, region);
  if (region === call.region || replicaRegions.includes(region)) {
    throw new AwsError("AlreadyExistsException", `${replicaArn} already exists.`);
  }
  if (!REGIONS.includes(region)) {
    throw new AwsError(
      "UnsupportedOperationException",
      `${region} is not a Region of this partition.`,
    );
  }
  keys.addReplica(key, region);
  const replica = { ...key, arn: replicaArn, description, createdAt: now, aliases: [], grants: [] };
  return {
    ReplicaKeyMetadata: {
      ...keyMetadata(replica, accountId),
      KeyState: "Creating",
      Enabled: false,
    },
    ReplicaPolicy: policy ?? defaultPolicy(accountId),
    ReplicaTags: [],
  };
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
function defaultPolicy(accountId: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Sid: "Enable IAM User Permissions",
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: "kms:*",
      Resource: "*",
    },
  });
}

/** Reads the `KeyId` of an operation that accepts no alias. */
export function readManagedKey(request: RequestMembers, call: Call, keys: KeyStore): KmsKey {
  const reference = readKey(request, "KeyId");
  rejectViolations(request);
  if (reference.startsWith("alias/") || reference.includes(":alias/")) {
    throw new AwsError("InvalidArnException", "Key Aliases are not supported for this operation.");
  }
  const key = keys.resolve(reference, call);
  auditKeys(call, key);
  return key;
}

/** Reads the `KeyId` like `readManagedKey`, and checks that the caller may call the operation on the key. */
export function readAuthorizedKey(request: RequestMembers, call: Call, keys: KeyStore): KmsKey {
  const key = readManagedKey(request, call, keys);
  authorizeUse(call, key);
  return key;
}

/** Returns the page that the members `Limit` and `Marker` request. */
export function markerPage<Item>(
  allItems: readonly Item[],
  request: RequestMembers,
  options: {
    readonly defaultLimit: number;
    readonly maxLimit: number;
    readonly keyOf: (item: Item) => string;
  },
): { readonly items: readonly Item[]; readonly nextMarker: string | undefined } {
  const limit = readInteger(request, "Limit", { min: 1, max: options.maxLimit });
  const token = readText(request, "Marker", { max: 1024 });
  rejectViolations(request);
  const { items, nextToken } = page(allItems, {
    limit: limit ?? options.defaultLimit,
    token,
    keyOf: options.keyOf,
    invalidToken: new AwsError("InvalidMarkerException", "This list returned no such marker."),
  });
  return { items, nextMarker: nextToken };
}
