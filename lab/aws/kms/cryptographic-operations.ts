import { randomBytes } from "node:crypto";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Call } from "../shared/operation.ts";
import { decryptBlob, encryptBlob, parseBlob } from "./ciphertext.ts";
import { auditKeys, authorizeUse, type KeyStore, type KmsKey, requireUsable } from "./keys.ts";
import {
  checkGrantTokens,
  type EncryptionContext,
  membersOf,
  type RequestMembers,
  readBlob,
  readBoolean,
  readContext,
  readEnum,
  readInteger,
  readKey,
  readOptionalKey,
  rejectUnsupported,
  rejectViolations,
} from "./request-members.ts";

const MAX_PLAINTEXT_BYTES = 4096;
const MAX_CIPHERTEXT_BYTES = 6144;

/** The values of EncryptionAlgorithm, in the order of KMS's validation errors. */
const ENCRYPTION_ALGORITHMS = [
  "RSAES_OAEP_SHA_1",
  "RSAES_OAEP_SHA_256",
  "SM2PKE",
  "SYMMETRIC_DEFAULT",
];

const DATA_KEY_BYTES: Readonly<Record<string, number>> = { AES_256: 32, AES_128: 16 };

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html */
export function encrypt(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  const reference = readKey(request, "KeyId");
  const plaintext = readBlob(request, "Plaintext", { max: MAX_PLAINTEXT_BYTES, secret: true });
  const context = readContext(request, "EncryptionContext");
  const algorithm = readEnum(request, "EncryptionAlgorithm", ENCRYPTION_ALGORITHMS);
  const dryRun = finishReading(request);
  const key = keys.resolve(reference, call);
  auditKeys(call, key);
  authorizeUse(call, key, { encryptionContext: context });
  requireUsable(key, algorithm);
  auditMaterial(call, key);
  endDryRun(dryRun);
  return {
    CiphertextBlob: encryptBlob(key, plaintext, context),
    KeyId: key.arn,
    EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html */
export function decrypt(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  rejectUnsupported(request, call.operation, ["Recipient", "DryRunModifiers"]);
  const source = {
    blob: readBlob(request, "CiphertextBlob", { max: MAX_CIPHERTEXT_BYTES }),
    context: readContext(request, "EncryptionContext"),
    reference: readOptionalKey(request, "KeyId"),
    algorithm: readEnum(request, "EncryptionAlgorithm", ENCRYPTION_ALGORITHMS),
  };
  const dryRun = finishReading(request);
  const { key, materialId, plaintext } = decryptSource(source, call, keys, "kms:Decrypt");
  auditMaterial(call, { materialId });
  endDryRun(dryRun);
  return {
    KeyId: key.arn,
    Plaintext: plaintext,
    EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    KeyMaterialId: materialId,
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html */
export function generateDataKey(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  rejectUnsupported(request, call.operation, ["Recipient"]);
  const reference = readKey(request, "KeyId");
  const context = readContext(request, "EncryptionContext");
  const byteCount = readInteger(request, "NumberOfBytes", { min: 1, max: 1024 });
  const keySpec = readEnum(request, "KeySpec", Object.keys(DATA_KEY_BYTES));
  const dryRun = finishReading(request);
  const key = keys.resolve(reference, call);
  const length = byteCount ?? DATA_KEY_BYTES[keySpec ?? ""];
  if (length === undefined || (byteCount !== undefined && keySpec !== undefined)) {
    throw new AwsError("ValidationException", "Please specify either number of bytes or key spec.");
  }
  auditKeys(call, key);
  authorizeUse(call, key, { encryptionContext: context });
  requireUsable(key);
  auditMaterial(call, key);
  endDryRun(dryRun);
  const plaintext = randomBytes(length);
  return {
    CiphertextBlob: encryptBlob(key, plaintext, context),
    Plaintext: plaintext,
    KeyId: key.arn,
    KeyMaterialId: key.materialId,
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html */
export function generateDataKeyWithoutPlaintext(
  input: unknown,
  call: Call,
  keys: KeyStore,
): AwsStructure {
  const { Plaintext: _, ...rest } = generateDataKey(input, call, keys);
  return rest;
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html */
export function reEncrypt(input: unknown, call: Call, keys: KeyStore): AwsStructure {
  const request = membersOf(input);
  rejectUnsupported(request, call.operation, ["DryRunModifiers"]);
  const sourceRequest = {
    blob: readBlob(request, "CiphertextBlob", { max: MAX_CIPHERTEXT_BYTES }),
    context: readContext(request, "SourceEncryptionContext"),
    reference: readOptionalKey(request, "SourceKeyId"),
    algorithm: readEnum(request, "SourceEncryptionAlgorithm", ENCRYPTION_ALGORITHMS),
  };
  const reference = readKey(request, "DestinationKeyId");
  const context = readContext(request, "DestinationEncryptionContext");
  const algorithm = readEnum(request, "DestinationEncryptionAlgorithm", ENCRYPTION_ALGORITHMS);
  const dryRun = finishReading(request);
  const destination = keys.resolve(reference, call);
  const decrypted = decryptSource(sourceRequest, call, keys, "kms:ReEncryptFrom");
  const { key: source, materialId: sourceMaterialId, plaintext } = decrypted;
  auditKeys(call, source, destination);
  authorizeUse(call, destination, { action: "kms:ReEncryptTo", encryptionContext: context });
  requireUsable(destination, algorithm);
  call.audit?.({
    additionalEventData: {
      sourceKeyMaterialId: sourceMaterialId,
      destinationKeyMaterialId: destination.materialId,
    },
  });
  endDryRun(dryRun);
  return {
    CiphertextBlob: encryptBlob(destination, plaintext, context),
    SourceKeyId: source.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    SourceKeyMaterialId: sourceMaterialId,
    DestinationKeyMaterialId: destination.materialId,
  };
}

interface Source {
  readonly blob: Buffer;
  readonly context: EncryptionContext;
  /** The key that must have encrypted the blob. If undefined, any key may have. */
  readonly reference: string | undefined;
  readonly algorithm: string | undefined;
}

/** Decrypts a ciphertext with the key that its header names. */
function decryptSource(
  { blob, context, reference, algorithm }: Source,
  call: Call,
  keys: KeyStore,
  action: string,
): { readonly key: KmsKey; readonly materialId: string; readonly plaintext: Buffer } {
  const expectedKey = reference === undefined ? undefined : keys.resolve(reference, call);
  if (expectedKey !== undefined) auditKeys(call, expectedKey);
  const parsed = parseBlob(blob);
  if (parsed === undefined) throw new AwsError("InvalidCiphertextException", "");
  if (expectedKey !== undefined && expectedKey.keyId !== parsed.keyId) {
    throw new AwsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  const key = keys.withId(parsed.keyId);
  if (key === undefined) {
    throw new AwsError(
      "AccessDeniedException",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  }
  auditKeys(call, key);
  authorizeUse(call, key, {
    action,
    encryptionContext: context,
    // KMS does not reveal the key of a ciphertext whose key the request does not name.
    ...(expectedKey === undefined
      ? { target: "on the resource associated with this ciphertext" }
      : {}),
  });
  requireUsable(key, algorithm);
  for (const { bytes, id: materialId } of key.materials.toReversed()) {
    const plaintext = decryptBlob(bytes, parsed, context);
    if (plaintext !== undefined) return { key, materialId, plaintext };
  }
  throw new AwsError("InvalidCiphertextException", "");
}

/** Reads the members that every operation has, and rejects the request if it is invalid. */
function finishReading(request: RequestMembers): boolean {
  const dryRun = readBoolean(request, "DryRun");
  checkGrantTokens(request);
  rejectViolations(request);
  return dryRun;
}

function auditMaterial(call: Call, { materialId }: Pick<KmsKey, "materialId">): void {
  call.audit?.({ additionalEventData: { keyMaterialId: materialId } });
}

function endDryRun(dryRun: boolean): void {
  if (!dryRun) return;
  throw new AwsError(
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  );
}
