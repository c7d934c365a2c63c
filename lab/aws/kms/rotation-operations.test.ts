import { expect, it } from "vitest";
import { openJournal } from "../../state/journal.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { base64 } from "../testing/account.ts";
import { FIRST_KEY, START as RECORDED_AT, startTrail } from "../testing/cloudtrail.ts";
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
import { temporaryFile } from "../testing/temporary-folder.ts";
import type { KmsEntry } from "./keys.ts";

const ROTATING = { ...FIRST, rotationDays: 180 };

it("decrypts with older material and encrypts with the newest, even after a restart", async () => {
  const file = temporaryFile("kms.jsonl");
  const journal = openJournal<KmsEntry>(file);
  const kms = startKms({ journal });
  const older = await encrypt(kms, FIRST.keyId);
  expect(await kms("RotateKeyOnDemand", { KeyId: FIRST.arn })).toEqual({ KeyId: FIRST.keyId });
  const newer = await encrypt(kms, FIRST.keyId);
  journal.close();

  const reopened = openJournal<KmsEntry>(file);
  const restarted = startKms({ journal: reopened });
  for (const service of [kms, restarted]) {
    const opened = await service("Decrypt", { CiphertextBlob: older });
    const { KeyMaterialId, Plaintext } = await service("Decrypt", { CiphertextBlob: newer });
    expect([base64(opened.Plaintext), base64(Plaintext)]).toEqual([PLAINTEXT, PLAINTEXT]);
    expect(opened.KeyMaterialId).not.toBe(KeyMaterialId);
    const { KeyMetadata } = await service("DescribeKey", { KeyId: FIRST.keyId });
    expect(KeyMetadata).toMatchObject({ CurrentKeyMaterialId: KeyMaterialId });
  }
  reopened.close();
});

it("replicates rotated material to the other Region at its next start", async () => {
  const arnIn = (region: string) => FIRST.arn.replace("ap-southeast-2", region);
  const primary = { ...FIRST, primaryKeyArn: FIRST.arn };
  const replica = { ...primary, arn: arnIn("ap-southeast-1") };
  const journal = memoryJournal<KmsEntry>();
  const inOtherRegion = (replicaJournal = memoryJournal<KmsEntry>()) =>
    startKms({
      keys: [replica],
      region: "ap-southeast-1",
      journal: replicaJournal,
      primaryEntries: journal.appended,
    });
  const kms = startKms({ keys: [primary], journal });
  const before = await encrypt(kms, FIRST.keyId);
  const replicaJournal = memoryJournal<KmsEntry>();
  const other = inOtherRegion(replicaJournal);
  await kms("RotateKeyOnDemand", { KeyId: FIRST.keyId });
  const after = await encrypt(kms, FIRST.keyId);
  expect(await errorOf(other("RotateKeyOnDemand", { KeyId: FIRST.keyId }))).toMatch(
    /^UnsupportedOperationException/,
  );
  const restarted = inOtherRegion(memoryJournal(replicaJournal.appended));
  for (const CiphertextBlob of [before, after]) {
    expect(base64((await restarted("Decrypt", { CiphertextBlob })).Plaintext)).toBe(PLAINTEXT);
  }
});

it("lists the rotations, the newest first, with the material that is in use", async () => {
  const clock = manualClock(START);
  const kms = startKms({ clock });
  const list = (input = {}) => kms("ListKeyRotations", { KeyId: FIRST.keyId, ...input });
  expect(await list()).toEqual({ Rotations: [], Truncated: false, NextMarker: undefined });
  for (let day = 1; day <= 2; day++) {
    clock.advance(DAY);
    await kms("RotateKeyOnDemand", { KeyId: FIRST.keyId });
  }
  const { Rotations } = await list();
  expect(Rotations).toEqual([
    {
      KeyId: FIRST.keyId,
      KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
      KeyMaterialState: "CURRENT",
      RotationDate: new Date(START + 2 * DAY),
      RotationType: "ON_DEMAND",
    },
    expect.objectContaining({
      KeyMaterialState: "NON_CURRENT",
      RotationDate: new Date(START + DAY),
    }),
  ]);
  const first = await list({ Limit: 1 });
  expect(first).toMatchObject({ Truncated: true });
  expect((await list({ Marker: first.NextMarker })).Rotations).toEqual([
    expect.objectContaining({ KeyMaterialState: "NON_CURRENT" }),
  ]);
});

it("rotates a key 25 times at most, as AWS does", async () => {
  const kms = startKms();
  const rotate = () => kms("RotateKeyOnDemand", { KeyId: FIRST.keyId });
  for (let count = 1; count <= 25; count++) await rotate();
  expect(await errorOf(rotate())).toMatch(/^LimitExceededException: .*25/);
});

it("has the automatic rotation of the stacks, until a call changes it", async () => {
  const clock = manualClock(START);
  const journal = memoryJournal<KmsEntry>();
  const kms = startKms({ clock, keys: [ROTATING, SECOND], journal });
  const status = (service = kms, KeyId = FIRST.keyId) => service("GetKeyRotationStatus", { KeyId });
  const enabled = { KeyId: FIRST.keyId, KeyRotationEnabled: true };
  expect(await status()).toEqual({
    ...enabled,
    RotationPeriodInDays: 180,
    NextRotationDate: new Date(START + 180 * DAY),
  });
  expect(await status(kms, SECOND.keyId)).toEqual({
    KeyId: SECOND.keyId,
    KeyRotationEnabled: false,
  });

  await kms("DisableKeyRotation", { KeyId: FIRST.keyId });
  expect(await status()).toEqual({ KeyId: FIRST.keyId, KeyRotationEnabled: false });
  clock.advance(DAY);
  await kms("EnableKeyRotation", { KeyId: FIRST.keyId });
  const next = { RotationPeriodInDays: 365, NextRotationDate: new Date(START + 366 * DAY) };
  expect(await status()).toEqual({ ...enabled, ...next });
  const restarted = startKms({ clock, keys: [ROTATING], journal: memoryJournal(journal.appended) });
  expect(await status(restarted)).toEqual({ ...enabled, ...next });
  expect(
    await errorOf(kms("EnableKeyRotation", { KeyId: FIRST.keyId, RotationPeriodInDays: 89 })),
  ).toMatch(/^ValidationException: .*'89' at 'rotationPeriodInDays'.* greater than or equal to 90/);
});

it("rejects changes of rotation for a key that is disabled or pending deletion", async () => {
  const kms = startKms({ keys: [ROTATING] });
  const changes = ["RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation"];
  await kms("DisableKey", { KeyId: FIRST.keyId });
  for (const operation of changes) {
    expect(await errorOf(kms(operation, { KeyId: FIRST.keyId }))).toMatch(/^DisabledException/);
  }
  await kms("ScheduleKeyDeletion", { KeyId: FIRST.keyId });
  for (const operation of changes) {
    expect(await errorOf(kms(operation, { KeyId: FIRST.keyId }))).toMatch(
      /^KMSInvalidStateException/,
    );
  }
  expect(await kms("GetKeyRotationStatus", { KeyId: FIRST.keyId })).toMatchObject({
    KeyRotationEnabled: false,
  });
});

it("lists the key policy's only name, and the tags", async () => {
  const kms = startKms({ keys: [{ ...FIRST, tags: { Stack: "kms", Project: "cipherwatch" } }] });
  expect(await kms("ListKeyPolicies", { KeyId: FIRST.keyId })).toEqual({
    PolicyNames: ["default"],
    Truncated: false,
  });
  expect(await kms("ListResourceTags", { KeyId: FIRST.keyId })).toEqual({
    Tags: [
      { TagKey: "Project", TagValue: "cipherwatch" },
      { TagKey: "Stack", TagValue: "kms" },
    ],
    Truncated: false,
    NextMarker: undefined,
  });
});

it("records the call, and the rotation as a separate event of the service", async () => {
  const lab = startTrail();
  await lab.call("kms", "RotateKeyOnDemand", { KeyId: FIRST_KEY.keyId });
  const [rotation, call] = lab.trail.recent(2).map(({ event }) => event);
  const onKey = [{ accountId: "111122223333", type: "AWS::KMS::Key", ARN: FIRST_KEY.arn }];
  expect(call).toMatchObject({
    eventName: "RotateKeyOnDemand",
    eventType: "AwsApiCall",
    readOnly: false,
    requestParameters: { keyId: FIRST_KEY.keyId },
    responseElements: { keyId: FIRST_KEY.keyId },
    resources: onKey,
  });
  const materialId = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(rotation).toEqual({
    eventVersion: "1.11",
    userIdentity: { accountId: "111122223333", invokedBy: "AWS Internal" },
    eventTime: `${new Date(RECORDED_AT).toISOString().slice(0, 19)}Z`,
    eventSource: "kms.amazonaws.com",
    eventName: "RotateKey",
    awsRegion: "ap-southeast-2",
    sourceIPAddress: "AWS Internal",
    userAgent: "AWS Internal",
    requestParameters: null,
    responseElements: null,
    eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    readOnly: false,
    resources: onKey,
    eventType: "AwsServiceEvent",
    managementEvent: true,
    recipientAccountId: "111122223333",
    serviceEventDetails: {
      rotationType: "ON_DEMAND",
      keyOrigin: "AWS_KMS",
      previousKeyMaterialId: materialId,
      currentKeyMaterialId: materialId,
    },
    eventCategory: "Management",
  });
});
