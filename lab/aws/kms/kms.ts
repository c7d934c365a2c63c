import { randomBytes } from "node:crypto";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedKey } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import type { AwsStructure, Call, Operations } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import { open, parseBlob, seal } from "./ciphertext.ts";
import { createKeys, type KmsEntry, type KmsKey } from "./keys.ts";
import { type EncryptionContext, type Members, membersOf } from "./request-members.ts";

export type { KmsEntry } from "./keys.ts";

const MAX_PLAINTEXT_BYTES = 4096;
const MAX_CIPHERTEXT_BYTES = 6144;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

// In the order in which KMS lists them in its refusals.
const ENCRYPTION_ALGORITHMS = [
  "RSAES_OAEP_SHA_1",
  "RSAES_OAEP_SHA_256",
  "SM2PKE",
  "SYMMETRIC_DEFAULT",
];
const DATA_KEY_BYTES: Readonly<Record<string, number>> = { AES_256: 32, AES_128: 16 };

/**
 * KMS with the symmetric keys of a deployment: AES-256-GCM with the encryption context as additional
 * data, key states that last, and the refusals of the real service in its own words. It has no
 * policies, grants, rotation or quotas.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
 */
export function createKms(options: {
  readonly clock: Clock;
  readonly keys: readonly DeployedKey[];
  readonly journal: Journal<KmsEntry>;
  readonly accountId: string;
  readonly region: string;
}): { readonly operations: Operations } {
  const { clock, accountId } = options;
  const keys = createKeys(options);

  const find = (reference: string, call: Call): KmsKey =>
    keys.named(reference, { arn: call.caller.arn, operation: call.operation });

  /** Finds the key of an operation that takes no alias, and notes it for the record. */
  const keyToManage = (members: Members, call: Call): KmsKey => {
    const reference = members.key("KeyId");
    members.check();
    if (reference.startsWith("alias/") || reference.includes(":alias/")) {
      throw new AwsError(
        "InvalidArnException",
        "Key Aliases are not supported for this operation.",
      );
    }
    const key = find(reference, call);
    touch(call, key);
    return key;
  };

  /** Opens a ciphertext with the key that it names, which `reference`, if given, must name too. */
  const decrypt = (
    call: Call,
    request: {
      readonly blob: Buffer;
      readonly context: EncryptionContext;
      readonly reference: string | undefined;
      readonly algorithm: string | undefined;
    },
  ): { readonly key: KmsKey; readonly plaintext: Buffer } => {
    const named = request.reference === undefined ? undefined : find(request.reference, call);
    if (named !== undefined) touch(call, named);
    const blob = parseBlob(request.blob);
    if (blob === undefined) throw new AwsError("InvalidCiphertextException", "");
    if (named !== undefined && named.keyId !== blob.keyId) {
      throw new AwsError(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
      );
    }
    const key = keys.withId(blob.keyId);
    if (key === undefined) {
      throw new AwsError(
        "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
      );
    }
    touch(call, key);
    requireUsable(key, request.algorithm);
    const plaintext = open(key.material, blob, request.context);
    if (plaintext === undefined) throw new AwsError("InvalidCiphertextException", "");
    return { key, plaintext };
  };

  const generateDataKey = (input: unknown, call: Call) => {
    const members = membersOf(input);
    refuseUnmodelled(input, call, "Recipient");
    const reference = members.key("KeyId");
    const context = members.context("EncryptionContext");
    const count = members.integer("NumberOfBytes", { min: 1, max: 1024 });
    const spec = members.choice("KeySpec", Object.keys(DATA_KEY_BYTES));
    const dryRun = members.flag("DryRun");
    members.grantTokens();
    members.check();
    const key = find(reference, call);
    const length = count ?? DATA_KEY_BYTES[spec ?? ""];
    if (length === undefined || (count !== undefined && spec !== undefined)) {
      throw new AwsError(
        "ValidationException",
        "Please specify either number of bytes or key spec.",
      );
    }
    touch(call, key);
    requireUsable(key);
    noteMaterial(call, key);
    refuseDryRun(dryRun);
    const plaintext = randomBytes(length);
    return {
      CiphertextBlob: seal(key, plaintext, context),
      Plaintext: plaintext,
      KeyId: key.arn,
      KeyMaterialId: key.materialId,
    };
  };

  const operations: Operations = {
    Encrypt: (input, call) => {
      const members = membersOf(input);
      const reference = members.key("KeyId");
      const plaintext = members.blob("Plaintext", { max: MAX_PLAINTEXT_BYTES, secret: true });
      const context = members.context("EncryptionContext");
      const algorithm = members.choice("EncryptionAlgorithm", ENCRYPTION_ALGORITHMS);
      const dryRun = members.flag("DryRun");
      members.grantTokens();
      members.check();
      const key = find(reference, call);
      touch(call, key);
      requireUsable(key, algorithm);
      noteMaterial(call, key);
      refuseDryRun(dryRun);
      return {
        CiphertextBlob: seal(key, plaintext, context),
        KeyId: key.arn,
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      };
    },

    Decrypt: (input, call) => {
      const members = membersOf(input);
      refuseUnmodelled(input, call, "Recipient", "DryRunModifiers");
      const request = {
        blob: members.blob("CiphertextBlob", { max: MAX_CIPHERTEXT_BYTES, secret: false }),
        context: members.context("EncryptionContext"),
        reference: members.optionalKey("KeyId"),
        algorithm: members.choice("EncryptionAlgorithm", ENCRYPTION_ALGORITHMS),
      };
      const dryRun = members.flag("DryRun");
      members.grantTokens();
      members.check();
      const { key, plaintext } = decrypt(call, request);
      noteMaterial(call, key);
      refuseDryRun(dryRun);
      return {
        KeyId: key.arn,
        Plaintext: plaintext,
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        KeyMaterialId: key.materialId,
      };
    },

    GenerateDataKey: generateDataKey,

    GenerateDataKeyWithoutPlaintext: (input, call) => {
      const { Plaintext: _, ...rest } = generateDataKey(input, call);
      return rest;
    },

    ReEncrypt: (input, call) => {
      const members = membersOf(input);
      refuseUnmodelled(input, call, "DryRunModifiers");
      const request = {
        blob: members.blob("CiphertextBlob", { max: MAX_CIPHERTEXT_BYTES, secret: false }),
        context: members.context("SourceEncryptionContext"),
        reference: members.optionalKey("SourceKeyId"),
        algorithm: members.choice("SourceEncryptionAlgorithm", ENCRYPTION_ALGORITHMS),
      };
      const reference = members.key("DestinationKeyId");
      const context = members.context("DestinationEncryptionContext");
      const algorithm = members.choice("DestinationEncryptionAlgorithm", ENCRYPTION_ALGORITHMS);
      const dryRun = members.flag("DryRun");
      members.grantTokens();
      members.check();
      const destination = find(reference, call);
      const { key: source, plaintext } = decrypt(call, request);
      touch(call, source, destination);
      requireUsable(destination, algorithm);
      call.audit?.({
        additionalEventData: {
          sourceKeyMaterialId: source.materialId,
          destinationKeyMaterialId: destination.materialId,
        },
      });
      refuseDryRun(dryRun);
      return {
        CiphertextBlob: seal(destination, plaintext, context),
        SourceKeyId: source.arn,
        KeyId: destination.arn,
        SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        SourceKeyMaterialId: source.materialId,
        DestinationKeyMaterialId: destination.materialId,
      };
    },

    DescribeKey: (input, call) => {
      const members = membersOf(input);
      const reference = members.key("KeyId");
      members.grantTokens();
      members.check();
      const key = find(reference, call);
      touch(call, key);
      return { KeyMetadata: metadata(key, accountId) };
    },

    ListKeys: (input) => {
      const { items, next } = pageOf(keys.all(), membersOf(input), {
        standard: 100,
        max: 1000,
        keyOf: ({ keyId }) => keyId,
      });
      return {
        Keys: items.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })),
        NextMarker: next,
        Truncated: next !== undefined,
      };
    },

    ListAliases: (input, call) => {
      const members = membersOf(input);
      const reference = members.optionalKey("KeyId");
      members.check();
      const only = reference === undefined ? undefined : find(reference, call);
      if (only !== undefined) touch(call, only);
      const entries = (only === undefined ? keys.all() : [only]).flatMap((key) =>
        key.aliases.map((alias) => ({
          AliasName: alias,
          AliasArn: keys.aliasArn(alias),
          TargetKeyId: key.keyId,
          CreationDate: new Date(key.createdAt),
          LastUpdatedDate: new Date(key.createdAt),
        })),
      );
      const { items, next } = pageOf(entries, members, {
        standard: 50,
        max: 100,
        keyOf: ({ AliasName }) => AliasName,
      });
      return { Aliases: items, NextMarker: next, Truncated: next !== undefined };
    },

    EnableKey: (input, call) => {
      const key = keyToManage(membersOf(input), call);
      refusePendingDeletion(key);
      keys.change(key, { state: "Enabled" });
      return {};
    },

    DisableKey: (input, call) => {
      const key = keyToManage(membersOf(input), call);
      refusePendingDeletion(key);
      keys.change(key, { state: "Disabled" });
      return {};
    },

    ScheduleKeyDeletion: (input, call) => {
      const members = membersOf(input);
      const days = members.integer("PendingWindowInDays", { min: 7, max: 30 }) ?? 30;
      const key = keyToManage(members, call);
      refusePendingDeletion(key);
      const deletionDate = clock.now() + days * DAY_MILLISECONDS;
      keys.change(key, { state: "PendingDeletion", deletionDate });
      return {
        KeyId: key.arn,
        DeletionDate: new Date(deletionDate),
        KeyState: "PendingDeletion",
        PendingWindowInDays: days,
      };
    },

    CancelKeyDeletion: (input, call) => {
      const key = keyToManage(membersOf(input), call);
      if (key.current.state !== "PendingDeletion") {
        throw new AwsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
      }
      keys.change(key, { state: "Disabled" });
      return { KeyId: key.arn };
    },
  };
  return { operations };
}

function touch(call: Call, ...keys: readonly KmsKey[]): void {
  call.audit?.({ resources: keys.map(({ arn }) => ({ arn, type: "AWS::KMS::Key" })) });
}

function noteMaterial(call: Call, { materialId }: KmsKey): void {
  call.audit?.({ additionalEventData: { keyMaterialId: materialId } });
}

function refusePendingDeletion({ arn, current }: KmsKey): void {
  if (current.state === "PendingDeletion") {
    throw new AwsError("KMSInvalidStateException", `${arn} is pending deletion.`);
  }
}

function requireUsable(key: KmsKey, algorithm = "SYMMETRIC_DEFAULT"): void {
  refusePendingDeletion(key);
  if (key.current.state === "Disabled") {
    throw new AwsError("DisabledException", `${key.arn} is disabled.`);
  }
  if (algorithm !== "SYMMETRIC_DEFAULT") {
    throw new AwsError(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    );
  }
}

function refuseDryRun(dryRun: boolean): void {
  if (!dryRun) return;
  throw new AwsError(
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  );
}

/** Refuses members whose absence would change what the answer means. */
function refuseUnmodelled(input: unknown, call: Call, ...names: readonly string[]): void {
  const given = names.find(
    (name) => ((input as Record<string, unknown>)[name] ?? undefined) !== undefined,
  );
  if (given === undefined) return;
  throw new AwsError(
    "UnsupportedOperationException",
    `The lab does not support ${given} in ${call.operation}.`,
  );
}

function metadata(key: KmsKey, accountId: string): AwsStructure {
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

/** The page that `Limit` and `Marker` ask for. */
function pageOf<Item>(
  items: readonly Item[],
  members: Members,
  { standard, max, keyOf }: { standard: number; max: number; keyOf: (item: Item) => string },
): { readonly items: readonly Item[]; readonly next: string | undefined } {
  const limit = members.integer("Limit", { min: 1, max }) ?? standard;
  const token = members.text("Marker", { max: 1024 });
  members.check();
  const invalidToken = new AwsError("InvalidMarkerException", "This list returned no such marker.");
  const { items: given, nextToken } = page(items, { limit, token, keyOf, invalidToken });
  return { items: given, next: nextToken };
}
