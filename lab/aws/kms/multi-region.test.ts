import { describe, expect, it } from "vitest";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { ACCOUNT, base64, deployedKey } from "../testing/account.ts";
import { encrypt, errorOf, FIRST, PLAINTEXT, START, startKms } from "../testing/kms.ts";
import type { KmsEntry } from "./keys.ts";

const SECOND_REGION = "ap-southeast-1";
const keyId = "mrk-1234abcd12ab34cd56ef1234567890ab";
const arnIn = (region: string) => `arn:aws:kms:${region}:${ACCOUNT.accountId}:key/${keyId}`;
const arn = arnIn(ACCOUNT.region);
const replicaArn = arnIn(SECOND_REGION);
const PRIMARY = { ...deployedKey(1, "alias/records"), keyId, arn, primaryKeyArn: arn };
const REPLICA = { ...PRIMARY, arn: replicaArn };

/** Starts KMS in two Regions, with a multi-Region key and its replica. */
function startRegions() {
  const journal = memoryJournal<KmsEntry>();
  const primary = startKms({ keys: [PRIMARY, FIRST], journal });
  const replica = startKms({
    keys: [REPLICA],
    region: SECOND_REGION,
    primaryEntries: journal.appended,
  });
  return { primary, replica };
}

describe("a multi-Region key", () => {
  it.each(["primary", "replica"] as const)(
    "decrypts in both Regions what the %s key encrypted, with the same encryption context",
    async (writer) => {
      const regions = startRegions();
      const CiphertextBlob = await encrypt(regions[writer], keyId, { record: "1" });
      for (const [region, KeyId] of [
        ["primary", arn],
        ["replica", replicaArn],
      ] as const) {
        const EncryptionContext = { record: "1" };
        const request = { CiphertextBlob, EncryptionContext, KeyId };
        const { Plaintext, KeyId: used } = await regions[region]("Decrypt", request);
        expect([base64(Plaintext), used]).toEqual([PLAINTEXT, KeyId]);
        const other = { ...request, EncryptionContext: { record: "2" } };
        expect(await errorOf(regions[region]("Decrypt", other))).toBe(
          "InvalidCiphertextException: ",
        );
      }
    },
  );

  it("is not found by the ARN of another Region", async () => {
    const { primary, replica } = startRegions();
    const CiphertextBlob = await encrypt(primary, keyId);
    expect(await errorOf(replica("Decrypt", { CiphertextBlob, KeyId: arn }))).toBe(
      `NotFoundException: Invalid arn ${ACCOUNT.region}`,
    );
  });

  it("does not decrypt what a single-Region key encrypted in the other Region", async () => {
    const { primary, replica } = startRegions();
    const CiphertextBlob = await encrypt(primary, FIRST.keyId);
    expect(await errorOf(replica("Decrypt", { CiphertextBlob }))).toMatch(
      /^AccessDeniedException: /,
    );
  });

  it("is disabled in one Region only", async () => {
    const { primary, replica } = startRegions();
    const CiphertextBlob = await encrypt(primary, keyId);
    await primary("DisableKey", { KeyId: keyId });
    expect(await errorOf(primary("Decrypt", { CiphertextBlob }))).toMatch(/^DisabledException/);
    expect(base64((await replica("Decrypt", { CiphertextBlob })).Plaintext)).toBe(PLAINTEXT);
  });

  it("is described with its primary key and replicas", async () => {
    const { primary, replica } = startRegions();
    await primary("ReplicateKey", { KeyId: keyId, ReplicaRegion: SECOND_REGION });
    const describe = async (kms: typeof primary) =>
      (await kms("DescribeKey", { KeyId: keyId })).KeyMetadata as Record<string, unknown>;
    const configuration = {
      PrimaryKey: { Arn: arn, Region: ACCOUNT.region },
      ReplicaKeys: [{ Arn: replicaArn, Region: SECOND_REGION }],
    };
    const inPrimary = await describe(primary);
    expect(inPrimary).toMatchObject({
      MultiRegion: true,
      MultiRegionConfiguration: { MultiRegionKeyType: "PRIMARY", ...configuration },
    });
    expect(await describe(replica)).toMatchObject({
      Arn: replicaArn,
      CurrentKeyMaterialId: inPrimary.CurrentKeyMaterialId,
      MultiRegionConfiguration: { MultiRegionKeyType: "REPLICA", ...configuration },
    });
    const { KeyMetadata } = await primary("DescribeKey", { KeyId: FIRST.keyId });
    expect(KeyMetadata).toMatchObject({ MultiRegion: false });
  });

  it("requires the material of its primary key", () => {
    expect(() => startKms({ keys: [REPLICA], region: SECOND_REGION })).toThrow(
      `There is no primary key ${arn} to replicate. Start the lab of its Region first`,
    );
  });
});

describe("ReplicateKey", () => {
  it("returns the replica, which KMS is still creating", async () => {
    const clock = manualClock(START);
    const { ReplicaKeyMetadata, ReplicaPolicy } = await startKms({ keys: [PRIMARY], clock })(
      "ReplicateKey",
      { KeyId: arn, ReplicaRegion: SECOND_REGION, Description: "d" },
    );
    expect(ReplicaKeyMetadata).toMatchObject({
      Arn: replicaArn,
      KeyId: keyId,
      KeyState: "Creating",
      Enabled: false,
      Description: "d",
      MultiRegionConfiguration: { MultiRegionKeyType: "REPLICA", PrimaryKey: { Arn: arn } },
    });
    expect(JSON.parse(String(ReplicaPolicy)).Statement.Action).toBe("kms:*");
  });

  it.each([
    ["a single-Region key", { KeyId: FIRST.keyId }, "UnsupportedOperationException"],
    ["a Region that has a replica", {}, "AlreadyExistsException"],
    ["its own Region", { ReplicaRegion: ACCOUNT.region }, "AlreadyExistsException"],
    ["an unknown Region", { ReplicaRegion: "ap-nowhere-1" }, "UnsupportedOperationException"],
    ["no Region", { ReplicaRegion: undefined }, "ValidationException"],
    ["an unknown key", { KeyId: `mrk-${"0".repeat(32)}` }, "NotFoundException"],
  ])("rejects %s", async (_, change, code) => {
    const { primary } = startRegions();
    await primary("ReplicateKey", { KeyId: keyId, ReplicaRegion: SECOND_REGION });
    const request = { KeyId: keyId, ReplicaRegion: SECOND_REGION, ...change };
    expect(await errorOf(primary("ReplicateKey", request))).toMatch(new RegExp(`^${code}: `));
  });

  it("rejects the replica, and a disabled key", async () => {
    const { primary, replica } = startRegions();
    const request = { KeyId: keyId, ReplicaRegion: "eu-west-1" };
    expect(await errorOf(replica("ReplicateKey", request))).toMatch(
      /^UnsupportedOperationException/,
    );
    await primary("DisableKey", { KeyId: keyId });
    expect(await errorOf(primary("ReplicateKey", request))).toMatch(/^DisabledException/);
  });
});
