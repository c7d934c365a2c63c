import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import { auditKeys } from "./key-usage.ts";
import type { KeyStore, KmsKey } from "./keys.ts";
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
  return { KeyMetadata: keyMetadata(key, accountId) };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html */
export function listKeys(input: unknown, keys: KeyStore): AwsStructure {
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
    MultiRegion: false,
    CurrentKeyMaterialId: key.materialId,
  };
}

/** Returns the page that the members `Limit` and `Marker` request. */
function markerPage<Item>(
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
