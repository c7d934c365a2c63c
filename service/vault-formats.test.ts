import { beforeEach, describe, expect, test } from "vitest";
import { newKey } from "./key.ts";
import {
  createMemoryKms,
  KEY_ARN,
  type MemoryKms,
  MULTI_REGION_KEY_ARN,
  OTHER_KEY_ARN,
  REPLICA_KEY_ARN,
} from "./testing/memory-kms.ts";
import { type Candidate, createVault, type SealedRecord, type Vault } from "./vault.ts";

const signal = new AbortController().signal;
const NAME = "Stephen";
const TEXT = "I love Pizza";

let kms: MemoryKms;
let vault: Vault;

beforeEach(() => {
  kms = createMemoryKms();
  vault = createVault(kms);
});

const candidateOf = (record: SealedRecord): Candidate => ({
  ...record,
  format: record,
  readContent: async () => record,
});

describe("the client of a record", () => {
  async function owned(client: string | undefined) {
    return await vault.seal({ name: NAME, text: TEXT, client }, signal);
  }

  test("is the only one that its Key opens for: KMS rejects every other in one call that names it", async () => {
    const { key, record } = await owned("c-1");
    for (const [client, status] of [
      ["c-1", "opened"],
      ["c-2", "rejected"],
      ["c-1x", "rejected"],
      ["", "rejected"],
      [undefined, "rejected"],
    ] as const) {
      const before = kms.calls.length;
      const candidate = candidateOf(record);
      const opened = await vault.open({ key, name: NAME, candidate, client }, signal);
      expect(opened.status, client).toBe(status);
      const calls = kms.calls.slice(before);
      expect(calls).toHaveLength(1);
      expect(calls[0]?.context.client).toBe(client);
    }
  });

  test("is absent from older records, whose Keys open for every client", async () => {
    const { key, record } = await owned(undefined);
    for (const client of [undefined, "c-1", "c-2"]) {
      const candidate = candidateOf(record);
      const opened = await vault.open({ key, name: NAME, candidate, client }, signal);
      expect(opened).toMatchObject({ status: "opened", text: TEXT });
    }
  });

  test.each([
    ["removed", undefined],
    ["replaced", "c-2"],
  ])("is verified by KMS even if it is %s in the database", async (_, stored) => {
    const { key, record } = await owned("c-1");
    const candidate = candidateOf({ ...record, client: stored });
    const opened = await vault.open({ key, name: NAME, candidate, client: "c-2" }, signal);
    expect(opened.status).toBe("rejected");
  });

  test("is authenticated with the ciphertext as well", async () => {
    const { key, record } = await owned("c-1");
    const { context } = kms.calls[0] ?? { context: {} };
    const obliging = createVault({
      ...kms,
      decrypt: (request, abort) => kms.decrypt({ ...request, context }, abort),
    });
    const candidate = candidateOf({ ...record, client: "c-2" });
    const opened = await obliging.open({ key, name: NAME, candidate, client: "c-2" }, signal);
    expect(opened).toMatchObject({ status: "tampered", reason: "NotAuthentic" });
  });

  test("is named in the call for a guess, whether or not a record of the Name exists", async () => {
    await vault.prepare(signal);
    const { record } = await owned(undefined);
    const before = kms.calls.length;
    for (const candidate of [{ ...candidateOf(record), format: undefined }, undefined]) {
      await vault.open({ key: newKey(), name: NAME, candidate, client: "c-9" }, signal);
    }
    const contexts = kms.calls.slice(before).map(({ context }) => Object.keys(context).sort());
    expect(contexts).toEqual([
      ["app", "client", "format", "key", "record"],
      ["app", "client", "format", "key", "record"],
    ]);
  });

  test("cannot be bound by format version 1", async () => {
    const older = createVault(kms, { formatVersion: 1 });
    const sealing = older.seal({ name: NAME, text: TEXT, client: "c-1" }, signal);
    await expect(sealing).rejects.toThrow("Format version 1 cannot bind a record to a client");
  });
});

describe("format version 1", () => {
  test("is written while older tasks still run, and opens without a setting", async () => {
    const older = createVault(kms, { formatVersion: 1 });
    const { key, record } = await older.seal({ name: NAME, text: TEXT }, signal);
    expect(record).toMatchObject({ formatVersion: 1, keyDigest: undefined, client: undefined });
    expect(Object.keys(kms.calls[0]?.context ?? {}).sort()).toEqual(["app", "key", "record"]);
    for (const client of [undefined, "c-1"]) {
      const candidate = candidateOf(record);
      const opened = await vault.open({ key, name: NAME, candidate, client }, signal);
      expect(opened).toMatchObject({ status: "opened", text: TEXT });
    }
  });

  test.each([
    [1, 2],
    [2, 1],
  ] as const)(
    "cannot be exchanged: a record of version %i stored as %i does not open",
    async (written, stored) => {
      const writer = createVault(kms, { formatVersion: written });
      const { key, record } = await writer.seal({ name: NAME, text: TEXT }, signal);
      const candidate = candidateOf({ ...record, formatVersion: stored });
      expect((await vault.open({ key, name: NAME, candidate }, signal)).status).toBe("rejected");
    },
  );
});

describe("format version 3", () => {
  const expires = new Date("2030-01-01T00:00:00Z");

  test("is that of a record with an expiry, which it authenticates", async () => {
    const { key, record } = await vault.seal({ name: NAME, text: TEXT, expires }, signal);
    expect(record).toMatchObject({ formatVersion: 3, expires });
    const open = async (stored: Date | undefined) => {
      const candidate = candidateOf({ ...record, expires: stored });
      return await vault.open({ key, name: NAME, candidate }, signal);
    };
    expect(await open(expires)).toMatchObject({ status: "opened", text: TEXT });
    for (const changed of [new Date(expires.getTime() + 1), new Date(Number.NaN), undefined]) {
      expect(await open(changed)).toMatchObject({ status: "tampered", reason: "NotAuthentic" });
    }
  });
});

describe("the KMS key of a record", () => {
  const master = Buffer.alloc(32, 7);

  async function sealedUnder(keyArn: string) {
    const older = createVault(createMemoryKms(master, keyArn));
    return await older.seal({ name: NAME, text: TEXT }, signal);
  }

  test("decrypts its record after it was replaced, as long as it is configured", async () => {
    const { key, record } = await sealedUnder(OTHER_KEY_ARN);
    const current = createMemoryKms(master);
    const both = createVault(current, { previousKeyArns: [OTHER_KEY_ARN] });
    const candidate = candidateOf(record);
    const opened = await both.open({ key, name: NAME, candidate }, signal);
    expect(opened).toMatchObject({ status: "opened", text: TEXT });
    expect(current.calls).toMatchObject([{ operation: "decrypt", keyArn: OTHER_KEY_ARN }]);
    const next = await both.seal({ name: NAME, text: TEXT }, signal);
    expect(next.record.kmsKeyArn).toBe(KEY_ARN);
  });

  test("reports a record under an unknown KMS key as unreadable, after one rejected call to the decoy", async () => {
    const { key, record } = await sealedUnder(OTHER_KEY_ARN);
    const current = createMemoryKms(master);
    const only = createVault(current);
    await only.prepare(signal);
    const candidate = { ...candidateOf(record), readContent: () => expect.unreachable() };
    const wrong = { id: key.id, secret: newKey().secret };
    for (const presented of [key, wrong]) {
      current.calls.length = 0;
      const opened = await only.open({ key: presented, name: NAME, candidate }, signal);
      expect(opened).toMatchObject({ status: "unreadable", reason: "UnknownKey" });
      expect(opened.kmsRequestId).toBeDefined();
      expect(current.calls).toMatchObject([{ operation: "decrypt", keyArn: KEY_ARN }]);
    }
  });

  test("reports a record of a newer format as unreadable, after one rejected call to the decoy", async () => {
    await vault.prepare(signal);
    const { key, record } = await vault.seal({ name: NAME, text: TEXT }, signal);
    const before = kms.calls.length;
    const candidate = candidateOf({ ...record, formatVersion: 4 });
    const opened = await vault.open({ key, name: NAME, candidate }, signal);
    expect(opened).toMatchObject({ status: "unreadable", reason: "UnknownFormat" });
    expect(kms.calls.slice(before)).toMatchObject([{ operation: "decrypt" }]);
  });

  test("is not used for a guess at another record of the Name: its state would reveal that the Name exists", async () => {
    const { record } = await sealedUnder(OTHER_KEY_ARN);
    const current = createMemoryKms(master);
    const tried: Uint8Array[] = [];
    const recorded = {
      ...current,
      decrypt: (...[request, abort]: Parameters<typeof current.decrypt>) => {
        tried.push(request.wrapped);
        return current.decrypt(request, abort);
      },
    };
    const both = createVault(recorded, { previousKeyArns: [OTHER_KEY_ARN] });
    await both.prepare(signal);
    const candidate = { ...candidateOf(record), format: undefined };
    const opened = await both.open({ key: newKey(), name: NAME, candidate }, signal);
    expect(opened.status).toBe("rejected");
    expect(current.calls.slice(1)).toMatchObject([{ operation: "decrypt", keyArn: KEY_ARN }]);
    expect(tried).toHaveLength(1);
    expect(tried[0]).not.toEqual(record.wrappedKey);
  });

  test("is the configured one for a record that an older version of the service forgot", async () => {
    const { key, record } = await vault.seal({ name: NAME, text: TEXT }, signal);
    const candidate = { ...candidateOf(record), kmsKeyArn: undefined };
    expect((await vault.open({ key, name: NAME, candidate }, signal)).status).toBe("opened");
  });
});

describe("a multi-Region KMS key", () => {
  const master = Buffer.alloc(32, 7);
  const inRegion = (keyArn: string, previousKeyArns: readonly string[] = []) => {
    const regional = createMemoryKms(master, keyArn);
    return { kms: regional, vault: createVault(regional, { previousKeyArns }) };
  };

  test.each([
    ["its replica", MULTI_REGION_KEY_ARN, REPLICA_KEY_ARN],
    ["its primary key", REPLICA_KEY_ARN, MULTI_REGION_KEY_ARN],
  ])(
    "encrypts records of every format that open with %s, in one call to the key of the own Region",
    async (_, written, configured) => {
      for (const format of [1, 2, 3] as const) {
        const settings = format === 3 ? {} : { formatVersion: format };
        const expires = format === 3 ? new Date("2126-01-01T00:00:00Z") : undefined;
        const writer = createVault(createMemoryKms(master, written), settings);
        const { key, record } = await writer.seal({ name: NAME, text: TEXT, expires }, signal);
        expect(record.formatVersion).toBe(format);
        const { kms: reader, vault: other } = inRegion(configured);
        const opened = await other.open(
          { key, name: NAME, candidate: candidateOf(record) },
          signal,
        );
        expect(opened).toMatchObject({ status: "opened", text: TEXT });
        expect(reader.calls).toMatchObject([{ operation: "decrypt", keyArn: configured }]);
        const next = await other.seal({ name: NAME, text: TEXT }, signal);
        expect(next.record.kmsKeyArn).toBe(configured);
      }
    },
  );

  test("decrypts as a previous key, too", async () => {
    const { key, record } = await inRegion(MULTI_REGION_KEY_ARN).vault.seal(
      { name: NAME, text: TEXT },
      signal,
    );
    const current = REPLICA_KEY_ARN.replace(/mrk-.*/, `mrk-${"0".repeat(32)}`);
    const { kms: reader, vault: other } = inRegion(current, [REPLICA_KEY_ARN]);
    const opened = await other.open({ key, name: NAME, candidate: candidateOf(record) }, signal);
    expect(opened).toMatchObject({ status: "opened", text: TEXT });
    expect(reader.calls).toMatchObject([{ keyArn: REPLICA_KEY_ARN }]);
  });

  test("serves a guess at another record of the Name that was encrypted in the other Region", async () => {
    const { record } = await inRegion(MULTI_REGION_KEY_ARN).vault.seal(
      { name: NAME, text: TEXT },
      signal,
    );
    const { kms: reader, vault: other } = inRegion(REPLICA_KEY_ARN);
    const candidate = { ...candidateOf(record), format: undefined };
    const opened = await other.open({ key: newKey(), name: NAME, candidate }, signal);
    expect(opened.status).toBe("rejected");
    expect(reader.calls).toMatchObject([{ operation: "decrypt", keyArn: REPLICA_KEY_ARN }]);
  });

  const SINGLE = REPLICA_KEY_ARN.replace(
    "mrk-1234abcd12ab34cd56ef1234567890ab",
    KEY_ARN.slice(-36),
  );
  test.each([
    ["another id", REPLICA_KEY_ARN.replace(/b$/, "c"), MULTI_REGION_KEY_ARN],
    [
      "another account",
      REPLICA_KEY_ARN.replace("111122223333", "444455556666"),
      MULTI_REGION_KEY_ARN,
    ],
    ["another partition", REPLICA_KEY_ARN.replace("arn:aws:", "arn:aws-cn:"), MULTI_REGION_KEY_ARN],
    ["a single Region", SINGLE, KEY_ARN],
    ["a longer id", `${REPLICA_KEY_ARN}0`, MULTI_REGION_KEY_ARN],
    ["an alias", REPLICA_KEY_ARN.replace("key/", "alias/"), MULTI_REGION_KEY_ARN],
  ])("does not decrypt for a key of %s, which is unknown", async (_, stored, configured) => {
    const { kms: reader, vault: other } = inRegion(configured);
    const { key, record } = await other.seal({ name: NAME, text: TEXT }, signal);
    await other.prepare(signal);
    reader.calls.length = 0;
    const candidate = candidateOf({ ...record, kmsKeyArn: stored });
    const opened = await other.open({ key, name: NAME, candidate }, signal);
    expect(opened).toMatchObject({ status: "unreadable", reason: "UnknownKey" });
    expect(reader.calls).toMatchObject([{ operation: "decrypt", keyArn: configured }]);
  });
});
