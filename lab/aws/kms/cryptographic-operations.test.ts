import { describe, expect, it } from "vitest";
import { base64 } from "../testing/account.ts";
import { encrypt, errorOf, FIRST, PLAINTEXT, SECOND, startKms } from "../testing/kms.ts";

describe("Decrypt", () => {
  it("rejects a ciphertext of another key than KeyId", async () => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    expect(await errorOf(kms("Decrypt", { CiphertextBlob, KeyId: SECOND.arn }))).toBe(
      "IncorrectKeyException: The key ID in the request does not identify a CMK that can perform this operation.",
    );
  });

  it("rejects a ciphertext whose key does not exist", async () => {
    const CiphertextBlob = await encrypt(startKms(), SECOND.keyId);
    expect(await errorOf(startKms({ keys: [FIRST] })("Decrypt", { CiphertextBlob }))).toBe(
      "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  });

  it.each(["AAAA", "AQ==", "AQEB".repeat(2048)])(
    "rejects a malformed ciphertext (%#)",
    async (CiphertextBlob) => {
      expect(await errorOf(startKms()("Decrypt", { CiphertextBlob }))).toBe(
        "InvalidCiphertextException: ",
      );
    },
  );

  it("rejects members that the lab does not support", async () => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    const Recipient = { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256" };
    expect(await errorOf(kms("Decrypt", { CiphertextBlob, Recipient }))).toBe(
      "UnsupportedOperationException: The lab does not support Recipient in Decrypt.",
    );
  });
});

describe("GenerateDataKey", () => {
  it.each([
    [{ KeySpec: "AES_256" }, 32],
    [{ KeySpec: "AES_128" }, 16],
    [{ NumberOfBytes: 1024 }, 1024],
  ])("returns for %j a data key of %i bytes that Decrypt returns as well", async (size, bytes) => {
    const kms = startKms();
    const EncryptionContext = { record: "1" };
    const response = await kms("GenerateDataKey", {
      KeyId: FIRST.keyId,
      EncryptionContext,
      ...size,
    });
    expect(response).toMatchObject({ KeyId: FIRST.arn });
    expect(response.Plaintext).toHaveLength(bytes);
    const CiphertextBlob = base64(response.CiphertextBlob);
    const { Plaintext } = await kms("Decrypt", { CiphertextBlob, EncryptionContext });
    expect(base64(Plaintext)).toBe(base64(response.Plaintext));
  });

  it("omits the plaintext in GenerateDataKeyWithoutPlaintext", async () => {
    const kms = startKms();
    const response = await kms("GenerateDataKeyWithoutPlaintext", {
      KeyId: FIRST.keyId,
      NumberOfBytes: 5,
    });
    expect(Object.keys(response).sort()).toEqual(["CiphertextBlob", "KeyId", "KeyMaterialId"]);
    const decrypted = await kms("Decrypt", { CiphertextBlob: base64(response.CiphertextBlob) });
    expect(decrypted.Plaintext).toHaveLength(5);
  });

  it.each([{}, { KeySpec: "AES_256", NumberOfBytes: 32 }])("rejects the size %j", async (size) => {
    expect(await errorOf(startKms()("GenerateDataKey", { KeyId: FIRST.keyId, ...size }))).toBe(
      "ValidationException: Please specify either number of bytes or key spec.",
    );
  });
});

describe("ReEncrypt", () => {
  it("encrypts with the destination key and context", async () => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId, { a: "1" });
    const response = await kms("ReEncrypt", {
      CiphertextBlob,
      SourceEncryptionContext: { a: "1" },
      SourceKeyId: FIRST.keyId,
      DestinationKeyId: "alias/second",
      DestinationEncryptionContext: { b: "2" },
    });
    expect(response).toMatchObject({ SourceKeyId: FIRST.arn, KeyId: SECOND.arn });
    expect(response.SourceKeyMaterialId).not.toBe(response.DestinationKeyMaterialId);
    const decrypted = await kms("Decrypt", {
      CiphertextBlob: base64(response.CiphertextBlob),
      KeyId: SECOND.keyId,
      EncryptionContext: { b: "2" },
    });
    expect(base64(decrypted.Plaintext)).toBe(PLAINTEXT);
  });

  it("requires the source context and an enabled destination key", async () => {
    const kms = startKms();
    const request = {
      CiphertextBlob: await encrypt(kms, FIRST.keyId, { a: "1" }),
      DestinationKeyId: SECOND.keyId,
    };
    expect(await errorOf(kms("ReEncrypt", request))).toBe("InvalidCiphertextException: ");
    await kms("DisableKey", { KeyId: SECOND.keyId });
    expect(
      await errorOf(kms("ReEncrypt", { ...request, SourceEncryptionContext: { a: "1" } })),
    ).toBe(`DisabledException: ${SECOND.arn} is disabled.`);
  });
});
