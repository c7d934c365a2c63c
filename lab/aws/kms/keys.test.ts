import { describe, expect, it } from "vitest";
import { manualClock } from "../../testing/manual-clock.ts";
import { ACCOUNT, base64 } from "../testing/account.ts";
import {
  DAY,
  encrypt,
  errorOf,
  FIRST,
  PLAINTEXT,
  SECOND,
  START,
  startKms,
} from "../testing/kms.ts";

describe("keys", () => {
  it.each([
    ["key id", SECOND.keyId],
    ["key ARN", SECOND.arn],
    ["alias name", "alias/zweite"],
    ["alias ARN", `arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:alias/second`],
  ])("are found by %s", async (_, KeyId) => {
    const kms = startKms();
    const response = await kms("Encrypt", { KeyId, Plaintext: PLAINTEXT });
    expect(response).toMatchObject({ KeyId: SECOND.arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
    const CiphertextBlob = base64(response.CiphertextBlob);
    const decrypted = await kms("Decrypt", { CiphertextBlob, KeyId });
    expect(decrypted.KeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
    expect(decrypted).toMatchObject({
      KeyId: SECOND.arn,
      EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    });
  });

  it.each([
    ["nope", "Invalid keyId 'nope'"],
    ["1234abcd12ab34cd56ef000000000001", "Invalid keyId '1234abcd12ab34cd56ef000000000001'"],
    [`arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:key/nope`, "Invalid keyId nope"],
    [
      "1234abcd-12ab-34cd-56ef-000000000009",
      `Key 'arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:key/1234abcd-12ab-34cd-56ef-000000000009' does not exist`,
    ],
    [
      "alias/nope",
      `Alias arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:alias/nope is not found.`,
    ],
    [
      `arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:alias/nope`,
      `Alias arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:alias/nope is not found.`,
    ],
    [FIRST.arn.replace(ACCOUNT.region, "us-east-1"), "Invalid arn us-east-1"],
    ["constructor", "Invalid keyId 'constructor'"],
  ])("are not found by %s", async (KeyId, message) => {
    const kms = startKms();
    for (const response of [
      kms("DescribeKey", { KeyId }),
      kms("Encrypt", { KeyId, Plaintext: PLAINTEXT }),
      kms("GenerateDataKey", { KeyId, KeySpec: "AES_256" }),
    ]) {
      expect(await errorOf(response)).toBe(`NotFoundException: ${message}`);
    }
  });

  it("of another account are denied", async () => {
    const KeyId = FIRST.arn.replace(ACCOUNT.accountId, "999999999999");
    expect(await errorOf(startKms()("Encrypt", { KeyId, Plaintext: PLAINTEXT }))).toMatch(
      /^AccessDeniedException: User: arn:aws:iam::111122223333:user\/alice is not authorized to perform: kms:Encrypt on this resource/,
    );
  });

  it("are described, and listed in pages with their aliases", async () => {
    const kms = startKms();
    expect((await kms("DescribeKey", { KeyId: "alias/first" })).KeyMetadata).toMatchObject({
      AWSAccountId: ACCOUNT.accountId,
      Arn: FIRST.arn,
      CreationDate: new Date(START),
      Description: "key 1",
      Enabled: true,
      KeyState: "Enabled",
    });
    expect(await kms("ListKeys", {})).toMatchObject({
      Keys: [{ KeyArn: FIRST.arn }, { KeyArn: SECOND.arn }],
      Truncated: false,
    });
    const firstPage = await kms("ListAliases", { Limit: 2 });
    expect(firstPage).toMatchObject({
      Aliases: [{ AliasName: "alias/first" }, { AliasName: "alias/second" }],
      Truncated: true,
    });
    expect(await kms("ListAliases", { Limit: 2, Marker: firstPage.NextMarker })).toMatchObject({
      Aliases: [{ AliasName: "alias/zweite", TargetKeyId: SECOND.keyId }],
      Truncated: false,
    });
    expect((await kms("ListAliases", { KeyId: FIRST.arn })).Aliases).toHaveLength(1);
    expect(await errorOf(kms("ListAliases", { Marker: "mine" }))).toMatch(
      /^InvalidMarkerException/,
    );
  });
});

describe("key states", () => {
  it("rejects the use of a disabled key until it is enabled", async () => {
    const kms = startKms();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    await kms("DisableKey", { KeyId: FIRST.keyId });
    const uses = () => [
      kms("Encrypt", { KeyId: FIRST.keyId, Plaintext: PLAINTEXT }),
      kms("Decrypt", { CiphertextBlob }),
      kms("GenerateDataKey", { KeyId: FIRST.keyId, KeySpec: "AES_256" }),
      kms("GenerateDataKeyWithoutPlaintext", { KeyId: FIRST.keyId, KeySpec: "AES_256" }),
      kms("ReEncrypt", { CiphertextBlob, DestinationKeyId: SECOND.keyId }),
    ];
    for (const use of uses()) {
      expect(await errorOf(use)).toBe(`DisabledException: ${FIRST.arn} is disabled.`);
    }
    expect((await kms("DescribeKey", { KeyId: FIRST.keyId })).KeyMetadata).toMatchObject({
      Enabled: false,
      KeyState: "Disabled",
    });
    await kms("EnableKey", { KeyId: FIRST.keyId });
    for (const use of uses()) expect(await errorOf(use)).toBe("no error");
  });

  it("rejects the use and change of a key pending deletion until the deletion is cancelled", async () => {
    const kms = startKms();
    const KeyId = FIRST.arn;
    const CiphertextBlob = await encrypt(kms, KeyId);
    expect(await kms("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 })).toEqual({
      KeyId,
      DeletionDate: new Date(START + 7 * DAY),
      KeyState: "PendingDeletion",
      PendingWindowInDays: 7,
    });
    for (const response of [
      kms("Encrypt", { KeyId, Plaintext: PLAINTEXT }),
      kms("Decrypt", { CiphertextBlob }),
      kms("EnableKey", { KeyId }),
      kms("DisableKey", { KeyId }),
      kms("ScheduleKeyDeletion", { KeyId }),
    ]) {
      expect(await errorOf(response)).toBe(
        `KMSInvalidStateException: ${KeyId} is pending deletion.`,
      );
    }
    expect(await kms("CancelKeyDeletion", { KeyId })).toEqual({ KeyId });
    expect(await errorOf(kms("Decrypt", { CiphertextBlob }))).toMatch(/^DisabledException/);
    expect(await errorOf(kms("CancelKeyDeletion", { KeyId }))).toBe(
      `KMSInvalidStateException: ${KeyId} is not pending deletion.`,
    );
  });

  it("deletes a key with its aliases at its deletion date", async () => {
    const clock = manualClock(START);
    const kms = startKms({ clock });
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    await kms("ScheduleKeyDeletion", { KeyId: FIRST.keyId });
    clock.advance(30 * DAY - 1);
    expect(await errorOf(kms("Decrypt", { CiphertextBlob }))).toMatch(/is pending deletion\.$/);
    clock.advance(1);
    expect(await errorOf(kms("Decrypt", { CiphertextBlob }))).toMatch(/^AccessDeniedException/);
    expect(await errorOf(kms("DescribeKey", { KeyId: FIRST.keyId }))).toMatch(
      /^NotFoundException: Key .* does not exist$/,
    );
    expect(await errorOf(kms("DescribeKey", { KeyId: "alias/first" }))).toMatch(/is not found\.$/);
    expect((await kms("ListKeys", {})).Keys).toHaveLength(1);
    expect(await errorOf(kms("CancelKeyDeletion", { KeyId: FIRST.keyId }))).toMatch(
      /^NotFoundException/,
    );
  });

  it("rejects aliases in operations that change a key", async () => {
    const kms = startKms();
    for (const operation of [
      "EnableKey",
      "DisableKey",
      "ScheduleKeyDeletion",
      "CancelKeyDeletion",
    ]) {
      expect(await errorOf(kms(operation, { KeyId: "alias/first" }))).toBe(
        "InvalidArnException: Key Aliases are not supported for this operation.",
      );
    }
  });
});
