import { describe, expect, it } from "vitest";
import { base64 } from "../testing/account.ts";
import { encrypt, errorOf, FIRST, PLAINTEXT, SECOND, startKms } from "../testing/kms.ts";

describe("KMS request validation", () => {
  const tooShort = "Member must have length greater than or equal to 1";
  it.each<[string, string, Record<string, unknown>, ...string[]]>([
    ["no key", "Encrypt", { KeyId: null }, "Value null at 'keyId'", "Member must not be null"],
    ["no key", "DescribeKey", { KeyId: null }, "Value null at 'keyId'", "Member must not be null"],
    ["no plaintext", "Encrypt", {}, "Value at 'plaintext'", "Member must not be null"],
    ["0 bytes", "Encrypt", { Plaintext: "" }, "Value at 'plaintext'", tooShort],
    [
      "4097 bytes",
      "Encrypt",
      { Plaintext: base64(Buffer.alloc(4097)) },
      "Value at 'plaintext'",
      "Member must have length less than or equal to 4096",
    ],
    [
      "an unknown algorithm",
      "Encrypt",
      { Plaintext: "aGk=", EncryptionAlgorithm: "ROT13" },
      "Value 'ROT13' at 'encryptionAlgorithm'",
      "Member must satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]",
    ],
    ["no ciphertext", "Decrypt", {}, "Value null at 'ciphertextBlob'", "Member must not be null"],
    [
      "6145 bytes",
      "Decrypt",
      { CiphertextBlob: base64(Buffer.alloc(6145)) },
      "Value at 'ciphertextBlob'",
      "Member must have length less than or equal to 6144",
    ],
    [
      "no destination",
      "ReEncrypt",
      { CiphertextBlob: "AAAA" },
      "Value null at 'destinationKeyId'",
      "Member must not be null",
    ],
    [
      "0 bytes",
      "GenerateDataKey",
      { NumberOfBytes: 0 },
      "Value '0' at 'numberOfBytes'",
      "Member must have value greater than or equal to 1",
    ],
    [
      "1025 bytes",
      "GenerateDataKey",
      { NumberOfBytes: 1025 },
      "Value '1025' at 'numberOfBytes'",
      "Member must have value less than or equal to 1024",
    ],
    [
      "6 days",
      "ScheduleKeyDeletion",
      { PendingWindowInDays: 6 },
      "Value '6' at 'pendingWindowInDays'",
      "Member must have value greater than or equal to 7",
    ],
  ])("rejects %s for %s", async (_, operation, members, value, constraint) => {
    const input = { KeyId: FIRST.keyId, ...(members.KeyId === null ? { Plaintext: "aGk=" } : {}) };
    expect(await errorOf(startKms()(operation, { ...input, ...members }))).toBe(
      `ValidationException: 1 validation error detected: ${value} failed to satisfy constraint: ${constraint}`,
    );
  });

  it("reports every violation at once", async () => {
    expect(await errorOf(startKms()("Encrypt", { KeyId: "", Plaintext: "aGk=" }))).toBe(
      `ValidationException: 2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: ${tooShort}; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$`,
    );
  });

  it.each([
    { KeyId: 5, Plaintext: "aGk=" },
    { KeyId: FIRST.keyId, Plaintext: "not base64!" },
    { KeyId: FIRST.keyId, Plaintext: "aGk=", EncryptionContext: { a: 1 } },
    { KeyId: FIRST.keyId, Plaintext: "aGk=", EncryptionContext: { a: null } },
    { KeyId: FIRST.keyId, Plaintext: "aGk=", EncryptionContext: ["a"] },
    { KeyId: FIRST.keyId, Plaintext: "aGk=", DryRun: "yes" },
  ])("rejects members of the wrong type: %j", async (input) => {
    expect(await errorOf(startKms()("Encrypt", input))).toMatch(/^SerializationException: /);
  });

  it("rejects an algorithm that the key does not support", async () => {
    const input = {
      KeyId: FIRST.keyId,
      Plaintext: "aGk=",
      EncryptionAlgorithm: "RSAES_OAEP_SHA_256",
    };
    expect(await errorOf(startKms()("Encrypt", input))).toBe(
      "InvalidKeyUsageException: Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.",
    );
  });

  it("reports for a dry run only whether it would have succeeded", async () => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    const dryRunError =
      "DryRunOperationException: The request would have succeeded, but the DryRun option is set.";
    const dry = { DryRun: true, GrantTokens: ["token"] };
    for (const response of [
      kms("Encrypt", { KeyId: FIRST.keyId, Plaintext: PLAINTEXT, ...dry }),
      kms("Decrypt", { CiphertextBlob, ...dry }),
      kms("GenerateDataKey", { KeyId: FIRST.keyId, KeySpec: "AES_128", ...dry }),
      kms("ReEncrypt", { CiphertextBlob, DestinationKeyId: SECOND.keyId, ...dry }),
    ]) {
      expect(await errorOf(response)).toBe(dryRunError);
    }
    const EncryptionContext = { wrong: "one" };
    expect(await errorOf(kms("Decrypt", { CiphertextBlob, EncryptionContext, ...dry }))).toBe(
      "InvalidCiphertextException: ",
    );
  });
});
