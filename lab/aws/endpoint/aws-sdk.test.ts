import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  IncorrectKeyException,
  InvalidCiphertextException,
  KMSClient,
} from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { ACCOUNT } from "../testing/account.ts";
import { KEY, startTestEndpoint } from "../testing/endpoint.ts";

describe("AWS SDK", () => {
  async function client() {
    const lab = await startTestEndpoint();
    const kms = new KMSClient({
      endpoint: lab.endpoint.url,
      region: ACCOUNT.region,
      credentials: { accessKeyId: "alice", secretAccessKey: "any" },
      maxAttempts: 1,
    });
    return { ...lab, kms };
  }
  const Plaintext = new TextEncoder().encode("I love Pizza");

  it("encrypts, decrypts and recognizes the errors", async () => {
    const { kms } = await client();
    const EncryptionContext = { record: "1" };
    const { CiphertextBlob, KeyId } = await kms.send(
      new EncryptCommand({ KeyId: "alias/key1", Plaintext, EncryptionContext }),
    );
    expect(KeyId).toBe(KEY.arn);
    const decrypted = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(new TextDecoder().decode(decrypted.Plaintext)).toBe("I love Pizza");
    const decrypt = (input: object) =>
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, ...input }));
    await expect(decrypt({ EncryptionContext: {} })).rejects.toBeInstanceOf(
      InvalidCiphertextException,
    );
    await expect(decrypt({ KeyId: "alias/key2" })).rejects.toBeInstanceOf(IncorrectKeyException);
    await expect(kms.send(new CreateKeyCommand({}))).rejects.toMatchObject({
      name: "UnknownOperationException",
    });
    kms.destroy();
  });

  it("makes concurrent calls, each with its own response and record", async () => {
    const { kms, recorded } = await client();
    const decrypted = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const EncryptionContext = { index: String(index) };
        const { CiphertextBlob } = await kms.send(
          new EncryptCommand({
            KeyId: "alias/key1",
            Plaintext: Buffer.from(`text ${index}`),
            EncryptionContext,
          }),
        );
        const { Plaintext: text } = await kms.send(
          new DecryptCommand({ CiphertextBlob, EncryptionContext }),
        );
        return Buffer.from(text ?? []).toString();
      }),
    );
    expect(decrypted).toEqual(Array.from({ length: 50 }, (_, index) => `text ${index}`));
    expect(recorded).toHaveLength(100);
    expect(new Set(recorded.map(({ call }) => call.requestId)).size).toBe(100);
    kms.destroy();
  });
});
