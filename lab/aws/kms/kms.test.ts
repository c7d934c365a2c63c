import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedKey } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import { type Journal, openJournal } from "../../state/journal.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import type { Call } from "../shared/operation.ts";
import type { KmsEntry } from "./keys.ts";
import { createKms } from "./kms.ts";

const REGION = "ap-southeast-2";
const ACCOUNT = "111122223333";
const START = Date.parse("2026-11-20T00:00:00Z");
const DAY = 24 * 60 * 60 * 1000;

function deployedKey(digit: number, ...aliases: string[]): DeployedKey {
  const keyId = `1234abcd-12ab-34cd-56ef-00000000000${digit}`;
  const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`;
  return { address: `kms/key${digit}`, keyId, arn, description: `key ${digit}`, aliases };
}

const FIRST = deployedKey(1, "alias/first");
const SECOND = deployedKey(2, "alias/second", "alias/zweite");

const CALLER = {
  arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
  userId: "AIDAEXAMPLE",
  accountId: ACCOUNT,
  accessKeyId: "alice",
  userIdentity: { type: "IAMUser" },
};

/** Calls operations as the endpoint does, with the values as JSON carries them. */
function start({
  clock = manualClock(START) as Clock,
  keys = [FIRST, SECOND],
  journal = memoryJournal<KmsEntry>() as Journal<KmsEntry>,
} = {}) {
  const { operations } = createKms({ clock, keys, journal, accountId: ACCOUNT, region: REGION });
  return async (operation: string, input: unknown): Promise<Record<string, unknown>> => {
    const call: Call = {
      operation,
      requestId: "",
      caller: CALLER,
      region: REGION,
      sourceIpAddress: "",
      userAgent: "",
    };
    return (await operations[operation]?.(input, call)) ?? {};
  };
}

type Kms = ReturnType<typeof start>;

/** What the promise is refused with: `Code: message`. */
async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "not refused";
}

const base64 = (value: unknown) => Buffer.from(value as Uint8Array).toString("base64");
const PLAINTEXT = Buffer.from("I love Pizza").toString("base64");

async function encrypt(kms: Kms, keyId: string, context?: Record<string, string>) {
  const { CiphertextBlob } = await kms("Encrypt", {
    KeyId: keyId,
    Plaintext: PLAINTEXT,
    EncryptionContext: context,
  });
  return base64(CiphertextBlob);
}

describe("a ciphertext", () => {
  const contexts = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), {
    maxKeys: 5,
    noNullPrototype: true,
  });

  it("opens with the same context in any order, and with no other", async () => {
    const kms = start();
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
          expect(await refusal(decrypt(other))).toBe("InvalidCiphertextException: ");
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
  ])("sealed with %j does not open with %j", async (context, other) => {
    const kms = start();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId, context);
    expect(await refusal(kms("Decrypt", { CiphertextBlob, EncryptionContext: other }))).toBe(
      "InvalidCiphertextException: ",
    );
  });

  it("takes an empty context for none", async () => {
    const kms = start();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId, {});
    expect(base64((await kms("Decrypt", { CiphertextBlob })).Plaintext)).toBe(PLAINTEXT);
  });

  it("opens no more once any byte of it is changed, cut off or added", async () => {
    const kms = start();
    const blob = Buffer.from(await encrypt(kms, FIRST.keyId), "base64");
    const altered = [...blob.keys()].flatMap((index) => {
      const flipped = Buffer.from(blob);
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      return index === 0 ? [flipped] : [flipped, blob.subarray(0, index)];
    });
    for (const bytes of [...altered, Buffer.concat([blob, Buffer.alloc(1)])]) {
      expect(await refusal(kms("Decrypt", { CiphertextBlob: base64(bytes) }))).toBe(
        "InvalidCiphertextException: ",
      );
    }
  });

  it("is never the same twice", async () => {
    const kms = start();
    expect(await encrypt(kms, FIRST.keyId)).not.toBe(await encrypt(kms, FIRST.keyId));
  });
});

describe("a key", () => {
  it.each([
    ["its id", SECOND.keyId],
    ["its ARN", SECOND.arn],
    ["an alias", "alias/zweite"],
    ["an alias ARN", `arn:aws:kms:${REGION}:${ACCOUNT}:alias/second`],
  ])("is found by %s", async (_, KeyId) => {
    const kms = start();
    const answer = await kms("Encrypt", { KeyId, Plaintext: PLAINTEXT });
    expect(answer).toMatchObject({ KeyId: SECOND.arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
    const CiphertextBlob = base64(answer.CiphertextBlob);
    const opened = await kms("Decrypt", { CiphertextBlob, KeyId });
    expect(opened.KeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
    expect(opened).toMatchObject({ KeyId: SECOND.arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
  });

  it.each([
    ["nope", "Invalid keyId 'nope'"],
    ["1234abcd12ab34cd56ef000000000001", "Invalid keyId '1234abcd12ab34cd56ef000000000001'"],
    [`arn:aws:kms:${REGION}:${ACCOUNT}:key/nope`, "Invalid keyId nope"],
    [
      "1234abcd-12ab-34cd-56ef-000000000009",
      `Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-000000000009' does not exist`,
    ],
    ["alias/nope", `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/nope is not found.`],
    [
      `arn:aws:kms:${REGION}:${ACCOUNT}:alias/nope`,
      `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/nope is not found.`,
    ],
    [FIRST.arn.replace(REGION, "us-east-1"), "Invalid arn us-east-1"],
    ["constructor", "Invalid keyId 'constructor'"],
  ])("is not found by %s", async (KeyId, message) => {
    const kms = start();
    for (const answer of [
      kms("DescribeKey", { KeyId }),
      kms("Encrypt", { KeyId, Plaintext: PLAINTEXT }),
      kms("GenerateDataKey", { KeyId, KeySpec: "AES_256" }),
    ]) {
      expect(await refusal(answer)).toBe(`NotFoundException: ${message}`);
    }
  });

  it("of another account is nobody's to use", async () => {
    const KeyId = FIRST.arn.replace(ACCOUNT, "999999999999");
    expect(await refusal(start()("Encrypt", { KeyId, Plaintext: PLAINTEXT }))).toMatch(
      /^AccessDeniedException: User: arn:aws:iam::111122223333:user\/alice is not authorized to perform: kms:Encrypt on this resource/,
    );
  });

  it("is described, and listed with its aliases page by page", async () => {
    const kms = start();
    expect((await kms("DescribeKey", { KeyId: "alias/first" })).KeyMetadata).toMatchObject({
      AWSAccountId: ACCOUNT,
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
    const one = await kms("ListAliases", { Limit: 2 });
    expect(one).toMatchObject({
      Aliases: [{ AliasName: "alias/first" }, { AliasName: "alias/second" }],
      Truncated: true,
    });
    expect(await kms("ListAliases", { Limit: 2, Marker: one.NextMarker })).toMatchObject({
      Aliases: [{ AliasName: "alias/zweite", TargetKeyId: SECOND.keyId }],
      Truncated: false,
    });
    expect((await kms("ListAliases", { KeyId: FIRST.arn })).Aliases).toHaveLength(1);
    expect(await refusal(kms("ListAliases", { Marker: "mine" }))).toMatch(
      /^InvalidMarkerException/,
    );
  });
});

describe("Decrypt refuses", () => {
  it("a ciphertext of another key than the one that is named", async () => {
    const kms = start();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    expect(await refusal(kms("Decrypt", { CiphertextBlob, KeyId: SECOND.arn }))).toBe(
      "IncorrectKeyException: The key ID in the request does not identify a CMK that can perform this operation.",
    );
  });

  it("a ciphertext of a key that is not there", async () => {
    const CiphertextBlob = await encrypt(start(), SECOND.keyId);
    expect(await refusal(start({ keys: [FIRST] })("Decrypt", { CiphertextBlob }))).toBe(
      "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  });

  it.each(["AAAA", "AQ==", "AQEB".repeat(2048)])(
    "what is no ciphertext (%#)",
    async (CiphertextBlob) => {
      expect(await refusal(start()("Decrypt", { CiphertextBlob }))).toBe(
        "InvalidCiphertextException: ",
      );
    },
  );

  it("what would be answered otherwise by the real service", async () => {
    const kms = start();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    const Recipient = { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256" };
    expect(await refusal(kms("Decrypt", { CiphertextBlob, Recipient }))).toBe(
      "UnsupportedOperationException: The lab does not support Recipient in Decrypt.",
    );
  });
});

describe("the state of a key", () => {
  it("disabled: nothing uses it until it is enabled again", async () => {
    const kms = start();
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
      expect(await refusal(use)).toBe(`DisabledException: ${FIRST.arn} is disabled.`);
    }
    expect((await kms("DescribeKey", { KeyId: FIRST.keyId })).KeyMetadata).toMatchObject({
      Enabled: false,
      KeyState: "Disabled",
    });
    await kms("EnableKey", { KeyId: FIRST.keyId });
    for (const use of uses()) expect(await refusal(use)).toBe("not refused");
  });

  it("pending deletion: nothing uses or changes it until its deletion is cancelled", async () => {
    const kms = start();
    const KeyId = FIRST.arn;
    const CiphertextBlob = await encrypt(kms, KeyId);
    expect(await kms("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 })).toEqual({
      KeyId,
      DeletionDate: new Date(START + 7 * DAY),
      KeyState: "PendingDeletion",
      PendingWindowInDays: 7,
    });
    for (const answer of [
      kms("Encrypt", { KeyId, Plaintext: PLAINTEXT }),
      kms("Decrypt", { CiphertextBlob }),
      kms("EnableKey", { KeyId }),
      kms("DisableKey", { KeyId }),
      kms("ScheduleKeyDeletion", { KeyId }),
    ]) {
      expect(await refusal(answer)).toBe(`KMSInvalidStateException: ${KeyId} is pending deletion.`);
    }
    expect(await kms("CancelKeyDeletion", { KeyId })).toEqual({ KeyId });
    expect(await refusal(kms("Decrypt", { CiphertextBlob }))).toMatch(/^DisabledException/);
    expect(await refusal(kms("CancelKeyDeletion", { KeyId }))).toBe(
      `KMSInvalidStateException: ${KeyId} is not pending deletion.`,
    );
  });

  it("deleted on its day: the key, its aliases and what it sealed are gone", async () => {
    const clock = manualClock(START);
    const kms = start({ clock });
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    await kms("ScheduleKeyDeletion", { KeyId: FIRST.keyId });
    clock.advance(30 * DAY - 1);
    expect(await refusal(kms("Decrypt", { CiphertextBlob }))).toMatch(/is pending deletion\.$/);
    clock.advance(1);
    expect(await refusal(kms("Decrypt", { CiphertextBlob }))).toMatch(/^AccessDeniedException/);
    expect(await refusal(kms("DescribeKey", { KeyId: FIRST.keyId }))).toMatch(
      /^NotFoundException: Key .* does not exist$/,
    );
    expect(await refusal(kms("DescribeKey", { KeyId: "alias/first" }))).toMatch(/is not found\.$/);
    expect((await kms("ListKeys", {})).Keys).toHaveLength(1);
    expect(await refusal(kms("CancelKeyDeletion", { KeyId: FIRST.keyId }))).toMatch(
      /^NotFoundException/,
    );
  });

  it("is no alias's to change", async () => {
    const kms = start();
    for (const operation of [
      "EnableKey",
      "DisableKey",
      "ScheduleKeyDeletion",
      "CancelKeyDeletion",
    ]) {
      expect(await refusal(kms(operation, { KeyId: "alias/first" }))).toBe(
        "InvalidArnException: Key Aliases are not supported for this operation.",
      );
    }
  });
});

describe("a data key", () => {
  it.each([
    [{ KeySpec: "AES_256" }, 32],
    [{ KeySpec: "AES_128" }, 16],
    [{ NumberOfBytes: 1024 }, 1024],
  ])("for %j has %i bytes, and its ciphertext opens to it", async (size, bytes) => {
    const kms = start();
    const EncryptionContext = { record: "1" };
    const answer = await kms("GenerateDataKey", {
      KeyId: FIRST.keyId,
      EncryptionContext,
      ...size,
    });
    expect(answer).toMatchObject({ KeyId: FIRST.arn });
    expect(answer.Plaintext).toHaveLength(bytes);
    const CiphertextBlob = base64(answer.CiphertextBlob);
    const { Plaintext } = await kms("Decrypt", { CiphertextBlob, EncryptionContext });
    expect(base64(Plaintext)).toBe(base64(answer.Plaintext));
  });

  it("comes without its plaintext where that was asked for", async () => {
    const kms = start();
    const answer = await kms("GenerateDataKeyWithoutPlaintext", {
      KeyId: FIRST.keyId,
      NumberOfBytes: 5,
    });
    expect(Object.keys(answer).sort()).toEqual(["CiphertextBlob", "KeyId", "KeyMaterialId"]);
    const opened = await kms("Decrypt", { CiphertextBlob: base64(answer.CiphertextBlob) });
    expect(opened.Plaintext).toHaveLength(5);
  });

  it.each([{}, { KeySpec: "AES_256", NumberOfBytes: 32 }])("is not made for %j", async (size) => {
    expect(await refusal(start()("GenerateDataKey", { KeyId: FIRST.keyId, ...size }))).toBe(
      "ValidationException: Please specify either number of bytes or key spec.",
    );
  });
});

describe("ReEncrypt", () => {
  it("seals anew under the destination, with its context", async () => {
    const kms = start();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId, { a: "1" });
    const answer = await kms("ReEncrypt", {
      CiphertextBlob,
      SourceEncryptionContext: { a: "1" },
      SourceKeyId: FIRST.keyId,
      DestinationKeyId: "alias/second",
      DestinationEncryptionContext: { b: "2" },
    });
    expect(answer).toMatchObject({ SourceKeyId: FIRST.arn, KeyId: SECOND.arn });
    expect(answer.SourceKeyMaterialId).not.toBe(answer.DestinationKeyMaterialId);
    const opened = await kms("Decrypt", {
      CiphertextBlob: base64(answer.CiphertextBlob),
      KeyId: SECOND.keyId,
      EncryptionContext: { b: "2" },
    });
    expect(base64(opened.Plaintext)).toBe(PLAINTEXT);
  });

  it("needs the source's context and an enabled destination", async () => {
    const kms = start();
    const request = {
      CiphertextBlob: await encrypt(kms, FIRST.keyId, { a: "1" }),
      DestinationKeyId: SECOND.keyId,
    };
    expect(await refusal(kms("ReEncrypt", request))).toBe("InvalidCiphertextException: ");
    await kms("DisableKey", { KeyId: SECOND.keyId });
    expect(
      await refusal(kms("ReEncrypt", { ...request, SourceEncryptionContext: { a: "1" } })),
    ).toBe(`DisabledException: ${SECOND.arn} is disabled.`);
  });
});

describe("a request", () => {
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
      "no such algorithm",
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
  ])("with %s for %s is invalid", async (_, operation, members, value, constraint) => {
    const input = { KeyId: FIRST.keyId, ...(members.KeyId === null ? { Plaintext: "aGk=" } : {}) };
    expect(await refusal(start()(operation, { ...input, ...members }))).toBe(
      `ValidationException: 1 validation error detected: ${value} failed to satisfy constraint: ${constraint}`,
    );
  });

  it("is told everything that is wrong with it at once", async () => {
    expect(await refusal(start()("Encrypt", { KeyId: "", Plaintext: "aGk=" }))).toBe(
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
  ])("of Encrypt with %j cannot be read", async (input) => {
    expect(await refusal(start()("Encrypt", input))).toMatch(/^SerializationException: /);
  });

  it("for another algorithm does not fit a symmetric key", async () => {
    const input = {
      KeyId: FIRST.keyId,
      Plaintext: "aGk=",
      EncryptionAlgorithm: "RSAES_OAEP_SHA_256",
    };
    expect(await refusal(start()("Encrypt", input))).toBe(
      "InvalidKeyUsageException: Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.",
    );
  });

  it("that is a dry run tells only whether it would have succeeded", async () => {
    const kms = start();
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    const would =
      "DryRunOperationException: The request would have succeeded, but the DryRun option is set.";
    const dry = { DryRun: true, GrantTokens: ["token"] };
    for (const answer of [
      kms("Encrypt", { KeyId: FIRST.keyId, Plaintext: PLAINTEXT, ...dry }),
      kms("Decrypt", { CiphertextBlob, ...dry }),
      kms("GenerateDataKey", { KeyId: FIRST.keyId, KeySpec: "AES_128", ...dry }),
      kms("ReEncrypt", { CiphertextBlob, DestinationKeyId: SECOND.keyId, ...dry }),
    ]) {
      expect(await refusal(answer)).toBe(would);
    }
    const EncryptionContext = { wrong: "one" };
    expect(await refusal(kms("Decrypt", { CiphertextBlob, EncryptionContext, ...dry }))).toBe(
      "InvalidCiphertextException: ",
    );
  });
});

describe("what KMS remembers", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cipherwatch-kms-"));
    file = join(folder, "kms.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("opens after a restart, in a file that is its owner's alone", async () => {
    const first = openJournal<KmsEntry>(file);
    const kms = start({ journal: first });
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    await kms("DisableKey", { KeyId: SECOND.keyId });
    await kms("ScheduleKeyDeletion", { KeyId: SECOND.keyId, PendingWindowInDays: 10 });
    const { KeyMetadata: described } = await kms("DescribeKey", { KeyId: SECOND.keyId });
    first.close();

    const second = openJournal<KmsEntry>(file);
    const restarted = start({ journal: second, clock: manualClock(START + DAY) });
    expect(base64((await restarted("Decrypt", { CiphertextBlob })).Plaintext)).toBe(PLAINTEXT);
    expect((await restarted("DescribeKey", { KeyId: SECOND.keyId })).KeyMetadata).toEqual(
      described,
    );
    expect(described).toMatchObject({ DeletionDate: new Date(START + 10 * DAY) });
    second.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("does not return a key whose deletion has passed", async () => {
    const journal = openJournal<KmsEntry>(file);
    await start({ journal })("ScheduleKeyDeletion", { KeyId: FIRST.keyId });
    journal.close();
    const reopened = openJournal<KmsEntry>(file);
    const restarted = start({ journal: reopened, clock: manualClock(START + 31 * DAY) });
    expect(await refusal(restarted("DescribeKey", { KeyId: FIRST.keyId }))).toMatch(
      /^NotFoundException/,
    );
    reopened.close();
  });

  it("survives a kill right after the first ciphertext", async () => {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const { signal, stdout } = spawnSync(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { writeSync } from "node:fs";
       import { manualClock } from ${module("../../testing/manual-clock.ts")};
       import { openJournal } from ${module("../../state/journal.ts")};
       import { createKms } from ${module("./kms.ts")};
       const { operations } = createKms({
         clock: manualClock(${START}),
         keys: ${JSON.stringify([FIRST])},
         journal: openJournal(${JSON.stringify(file)}),
         accountId: "${ACCOUNT}",
         region: "${REGION}",
       });
       const call = { operation: "Encrypt", caller: { arn: "" } };
       const input = { KeyId: "alias/first", Plaintext: "${PLAINTEXT}" };
       const { CiphertextBlob } = operations.Encrypt(input, call);
       writeSync(1, CiphertextBlob.toString("base64"));
       process.kill(process.pid, "SIGKILL");`,
    ]);
    expect(signal).toBe("SIGKILL");
    const journal = openJournal<KmsEntry>(file);
    const answer = await start({ journal })("Decrypt", { CiphertextBlob: stdout.toString() });
    expect(base64(answer.Plaintext)).toBe(PLAINTEXT);
    journal.close();
  });
});
