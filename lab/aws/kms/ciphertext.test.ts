import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64 } from "../testing/account.ts";
import { encrypt, errorOf, FIRST, PLAINTEXT, startKms } from "../testing/kms.ts";

describe("ciphertext", () => {
  const contexts = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), {
    maxKeys: 5,
    noNullPrototype: true,
  });

  it("decrypts only with the same encryption context, whose pairs may be in any order", async () => {
    const kms = startKms();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 4096 }),
        contexts,
        contexts,
        async (plaintext, context, other) => {
          const { CiphertextBlob } = await kms("Encrypt", {
            KeyId: FIRST.keyId,
            Plaintext: base64(plaintext),
            EncryptionContext: context,
          });
          const decrypt = (EncryptionContext: Record<string, string>) =>
            kms("Decrypt", { CiphertextBlob: base64(CiphertextBlob), EncryptionContext });
          const reversed = Object.fromEntries(Object.entries(context).reverse());
          const { Plaintext } = await decrypt(reversed);
          expect(base64(Plaintext)).toBe(base64(plaintext));
          const same = (a: object, b: object) =>
            JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
          if (same(context, other)) return;
          expect(await errorOf(decrypt(other))).toBe("InvalidCiphertextException: ");
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [{ a: "bc" }, { ab: "c" }],
    [{ a: "b", c: "d" }, { a: "bcd" }],
    [{ a: "" }, {}],
    [{ A: "b" }, { a: "b" }],
    [{ a: "\ud800" }, { a: "\ud801" }],
  ])("encrypted with the context %j does not decrypt with %j", async (context, other) => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId, context);
    expect(await errorOf(kms("Decrypt", { CiphertextBlob, EncryptionContext: other }))).toBe(
      "InvalidCiphertextException: ",
    );
  });

  it("treats an empty context like a missing one", async () => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId, {});
    expect(base64((await kms("Decrypt", { CiphertextBlob })).Plaintext)).toBe(PLAINTEXT);
  });

  it("does not decrypt after a byte is changed, removed or added", async () => {
    const kms = startKms();
    const blob = Buffer.from(await encrypt(kms, FIRST.keyId), "base64");
    const altered = [...blob.keys()].flatMap((index) => {
      const flipped = Buffer.from(blob);
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      return index === 0 ? [flipped] : [flipped, blob.subarray(0, index)];
    });
    for (const bytes of [...altered, Buffer.concat([blob, Buffer.alloc(1)])]) {
      expect(await errorOf(kms("Decrypt", { CiphertextBlob: base64(bytes) }))).toBe(
        "InvalidCiphertextException: ",
      );
    }
  });

  it("differs each time", async () => {
    const kms = startKms();
    expect(await encrypt(kms, FIRST.keyId)).not.toBe(await encrypt(kms, FIRST.keyId));
  });
});
