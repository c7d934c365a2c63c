import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { formatKey, type Key, newKey, parseKey } from "./key.ts";
import { KmsRejected, KmsUnavailable } from "./kms.ts";
import { createMemoryKms, type MemoryKms } from "./testing/memory-kms.ts";
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

function flipped(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

async function sealed(text = TEXT): Promise<{ key: Key; record: SealedRecord }> {
  return await vault.seal({ name: NAME, text }, signal);
}

describe("seal", () => {
  test.each(["", TEXT, "🍕\0\n", "x".repeat(262_144)])(
    "seals a text that opens again",
    async (text) => {
      const { key, record } = await sealed(text);
      const opened = await vault.open({ key, name: NAME, candidate: candidateOf(record) }, signal);
      expect(opened).toMatchObject({ status: "opened", text });
    },
  );

  test("passes the record id, a digest of the secret and the client as encryption context, but no name and no secret", async () => {
    const digestOf = ({ secret }: Key) =>
      createHash("sha256").update("cipherwatch/key/v1").update(secret).digest("base64url");
    const { key } = await sealed();
    const owned = await vault.seal({ name: NAME, text: TEXT, client: "c-1" }, signal);
    const call = { operation: "generateDataKey", keyArn: kms.keyArn };
    const context = { app: "cipherwatch", format: "2", record: key.id, key: digestOf(key) };
    const { id } = owned.key;
    expect(kms.calls).toEqual([
      { ...call, context },
      { ...call, context: { ...context, record: id, key: digestOf(owned.key), client: "c-1" } },
    ]);
  });

  test("stores neither the text nor the secret, but the digest that CloudTrail has as well", async () => {
    const { key, record } = await sealed();
    const digest = Buffer.from(kms.calls[0]?.context.key ?? "", "base64url");
    const { wrappedKey, nonce, ciphertext, keyDigest = Buffer.alloc(0) } = record;
    const stored = Buffer.concat([wrappedKey, nonce, ciphertext, keyDigest]);
    for (const secret of [Buffer.from(TEXT), key.secret]) {
      expect(stored.includes(secret)).toBe(false);
    }
    expect(digest).toHaveLength(32);
    expect(keyDigest).toEqual(digest);
    expect(record).toMatchObject({ id: key.id, name: NAME, kmsKeyArn: kms.keyArn });
    expect(record.nonce).toHaveLength(12);
    expect(record.ciphertext).toHaveLength(TEXT.length + 16);
  });

  test("never reuses a key or a nonce", async () => {
    const [first, second] = [await sealed(), await sealed()];
    expect(first.key.id).not.toBe(second.key.id);
    expect(first.key.secret.equals(second.key.secret)).toBe(false);
    expect(Buffer.compare(first.record.nonce, second.record.nonce)).not.toBe(0);
    expect(Buffer.compare(first.record.ciphertext, second.record.ciphertext)).not.toBe(0);
  });

  test("overwrites the data key after use", async () => {
    const given: Uint8Array[] = [];
    const watched = createVault({
      ...kms,
      generateDataKey: async (...call) => {
        const dataKey = await kms.generateDataKey(...call);
        given.push(dataKey.plaintext);
        return dataKey;
      },
      decrypt: async (...call) => {
        const dataKey = await kms.decrypt(...call);
        given.push(dataKey.plaintext);
        return dataKey;
      },
    });
    await watched.prepare(signal);
    const { key, record } = await watched.seal({ name: NAME, text: TEXT }, signal);
    await watched.open({ key, name: NAME, candidate: candidateOf(record) }, signal);
    expect(given).toHaveLength(3);
    for (const plaintext of given) expect(plaintext.every((byte) => byte === 0)).toBe(true);
  });
});

describe("secrets in memory", () => {
  /** Sizes of what is overwritten with zeros while this runs. */
  async function overwritten(run: () => unknown): Promise<number[]> {
    const spies = [Buffer.prototype, Uint8Array.prototype].map((type) => vi.spyOn(type, "fill"));
    await run();
    const sizes = spies.flatMap(({ mock }) =>
      mock.contexts.flatMap((bytes, index) =>
        mock.calls[index]?.[0] === 0 && mock.calls[index].length === 1
          ? [(bytes as Uint8Array).length]
          : [],
      ),
    );
    for (const spy of spies) spy.mockRestore();
    return sizes.sort((a, b) => a - b);
  }

  test("are overwritten by seal: the text, the data key and the content key", async () => {
    expect(await overwritten(() => sealed())).toEqual([TEXT.length, 32, 32]);
  });

  test("are overwritten by open: the text, the content key, and the data key once more", async () => {
    const { key, record } = await sealed();
    const open = () => vault.open({ key, name: NAME, candidate: candidateOf(record) }, signal);
    expect(await overwritten(open)).toEqual([TEXT.length, 32, 32, 32]);
  });

  test("are overwritten by formatKey: the bytes of the Key", async () => {
    const key = newKey();
    expect(await overwritten(() => formatKey(key))).toEqual([52 - 4]);
  });
});

describe("open", () => {
  test("reads the content only after KMS has accepted the Key", async () => {
    const { key, record } = await sealed();
    const steps: string[] = [];
    kms.interrupt = (operation) => void steps.push(operation);
    const candidate = {
      ...candidateOf(record),
      readContent: async () => {
        steps.push("readContent");
        return record;
      },
    };
    await vault.open(
      { key: { id: key.id, secret: flipped(key.secret, 0) }, name: NAME, candidate },
      signal,
    );
    expect(steps).toEqual(["decrypt"]);
    await vault.open({ key, name: NAME, candidate }, signal);
    expect(steps).toEqual(["decrypt", "decrypt", "readContent"]);
  });

  test("reports a deleted record once KMS has accepted its Key", async () => {
    const { key, record } = await sealed();
    const candidate = { ...candidateOf(record), readContent: async () => undefined };
    expect((await vault.open({ key, name: NAME, candidate }, signal)).status).toBe("deleted");
    const wrong = { id: key.id, secret: flipped(key.secret, 0) };
    expect((await vault.open({ key: wrong, name: NAME, candidate }, signal)).status).toBe(
      "rejected",
    );
  });

  test("rejects a Key that KMS accepts for the decoy", async () => {
    const obliging = createVault({
      ...kms,
      decrypt: async () => ({ plaintext: new Uint8Array(32), requestId: "r" }),
    });
    const opened = await obliging.open({ key: newKey(), name: NAME }, signal);
    expect(opened).toEqual({ status: "rejected", kmsRequestId: "r" });
  });

  test("reads no content once the request has ended", async () => {
    const { key, record } = await sealed();
    const controller = new AbortController();
    kms.interrupt = () => controller.abort(new Error("ended"));
    const candidate = { ...candidateOf(record), readContent: () => expect.unreachable() };
    await expect(vault.open({ key, name: NAME, candidate }, controller.signal)).rejects.toThrow(
      "ended",
    );
  });

  test("overwrites the data key when the content cannot be read", async () => {
    const { key, record } = await sealed();
    let dataKey = new Uint8Array();
    const recording = createVault({
      ...kms,
      decrypt: async (...call) => {
        const result = await kms.decrypt(...call);
        dataKey = result.plaintext as Uint8Array<ArrayBuffer>;
        return result;
      },
    });
    const candidate = {
      ...candidateOf(record),
      readContent: () => Promise.reject(new Error("unreachable")),
    };
    await expect(recording.open({ key, name: NAME, candidate }, signal)).rejects.toThrow(
      "unreachable",
    );
    expect(dataKey).toHaveLength(32);
    expect(dataKey.every((byte) => byte === 0)).toBe(true);
  });

  test("lets KMS itself reject a Key with another secret", async () => {
    const { key, record } = await sealed();
    const wrong = { id: key.id, secret: flipped(key.secret, 0) };
    const opened = await vault.open(
      { key: wrong, name: NAME, candidate: candidateOf(record) },
      signal,
    );
    expect(opened.status).toBe("rejected");
    expect(opened.kmsRequestId).toBeDefined();
  });

  test("requires the caller's secret even if KMS unwraps the data key", async () => {
    const { key, record } = await sealed();
    const { context } = kms.calls[0] ?? { context: {} };
    const obliging = createVault({
      ...kms,
      decrypt: (request, abort) => kms.decrypt({ ...request, context }, abort),
    });
    const wrong = { id: key.id, secret: flipped(key.secret, 31) };
    const opened = await obliging.open(
      { key: wrong, name: NAME, candidate: candidateOf(record) },
      signal,
    );
    expect(opened.status).toBe("tampered");
  });

  test("calls KMS once whether or not the record exists", async () => {
    await vault.prepare(signal);
    const { record } = await sealed();
    const otherRecord = { ...candidateOf(record), readContent: async () => undefined };
    for (const candidate of [candidateOf(record), otherRecord, undefined]) {
      const before = kms.calls.length;
      const key = newKey();
      const opened = await vault.open({ key, name: NAME, candidate }, signal);
      expect(opened.status).toBe("rejected");
      const calls = kms.calls.slice(before);
      expect(calls).toHaveLength(1);
      expect(calls[0]).toMatchObject({ operation: "decrypt", context: { record: key.id } });
    }
  });

  test("shares one decoy among concurrent requests for unknown records", async () => {
    const requests = Array.from({ length: 20 }, () =>
      vault.open({ key: newKey(), name: NAME }, signal),
    );
    await Promise.all(requests);
    const operations = kms.calls.map(({ operation }) => operation);
    expect(operations.filter((operation) => operation === "generateDataKey")).toHaveLength(1);
    expect(operations.filter((operation) => operation === "decrypt")).toHaveLength(20);
  });

  test("creates the decoy on demand when KMS was unavailable at start", async () => {
    kms.interrupt = () => {
      throw new KmsUnavailable("ECONNREFUSED", undefined);
    };
    await expect(vault.prepare(signal)).rejects.toThrow(KmsUnavailable);
    await expect(vault.open({ key: newKey(), name: NAME }, signal)).rejects.toThrow(KmsUnavailable);
    kms.interrupt = undefined;
    expect(await vault.open({ key: newKey(), name: NAME }, signal)).toMatchObject({
      status: "rejected",
    });
  });

  test.each([
    ["ciphertext", (record: SealedRecord) => ({ ciphertext: flipped(record.ciphertext, 0) })],
    ["tag", (record: SealedRecord) => ({ ciphertext: flipped(record.ciphertext, TEXT.length) })],
    ["nonce", (record: SealedRecord) => ({ nonce: flipped(record.nonce, 11) })],
    ["empty nonce", () => ({ nonce: Buffer.alloc(0) })],
    [
      "shortened ciphertext",
      (record: SealedRecord) => ({ ciphertext: record.ciphertext.subarray(1) }),
    ],
    ["ciphertext shorter than a tag", () => ({ ciphertext: Buffer.alloc(15) })],
    ["empty ciphertext", () => ({ ciphertext: Buffer.alloc(0) })],
  ])("detects a changed %s even with the right Key", async (_, change) => {
    const { key, record } = await sealed();
    const candidate = candidateOf({ ...record, ...change(record) });
    expect(await vault.open({ key, name: NAME, candidate }, signal)).toMatchObject({
      status: "tampered",
      reason: "NotAuthentic",
    });
  });

  test("detects a record that was sealed under another name", async () => {
    const { key, record } = await sealed();
    const opened = await vault.open(
      { key, name: "Stefan", candidate: candidateOf(record) },
      signal,
    );
    expect(opened.status).toBe("tampered");
  });

  test("does not open a record with the data key of another record", async () => {
    const [first, second] = [await sealed(), await sealed()];
    const mixed = { ...candidateOf(second.record), wrappedKey: first.record.wrappedKey };
    expect(
      (await vault.open({ key: first.key, name: NAME, candidate: mixed }, signal)).status,
    ).toBe("tampered");
    expect(
      (await vault.open({ key: second.key, name: NAME, candidate: mixed }, signal)).status,
    ).toBe("rejected");
  });

  test.each(["IncorrectKeyException", "ValidationException"])(
    "treats %s as tampering, since no Key causes it",
    async (reason) => {
      const { key, record } = await sealed();
      kms.interrupt = () => {
        throw new KmsRejected(reason, "request-1");
      };
      expect(await vault.open({ key, name: NAME, candidate: candidateOf(record) }, signal)).toEqual(
        {
          status: "tampered",
          reason,
          kmsRequestId: "request-1",
        },
      );
    },
  );

  test("does not mistake an unavailable KMS for a wrong Key", async () => {
    const { key, record } = await sealed();
    kms.interrupt = () => {
      throw new KmsUnavailable("ThrottlingException", "request-1");
    };
    const opening = vault.open({ key, name: NAME, candidate: candidateOf(record) }, signal);
    await expect(opening).rejects.toMatchObject({ reason: "ThrottlingException" });
  });

  test("opens with the Key in the form that the caller received", async () => {
    const { key, record } = await sealed();
    const parsed = parseKey(formatKey(key));
    expect(parsed).toBeDefined();
    const opened = await vault.open(
      { key: parsed ?? newKey(), name: NAME, candidate: candidateOf(record) },
      signal,
    );
    expect(opened).toMatchObject({ status: "opened", text: TEXT });
  });
});
