import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { formatKey, type Key } from "./key.ts";
import { KmsUnavailable } from "./kms.ts";
import { parseRewrapOptions } from "./rewrap.ts";
import { countByKey, createPace, type RewrapProps, rewrapRecords } from "./rewrap-records.ts";
import { expectDenied, useService } from "./testing/fixture.ts";
import {
  createMemoryKms,
  KEY_ARN,
  MULTI_REGION_KEY_ARN,
  OTHER_KEY_ARN,
  REPLICA_KEY_ARN,
} from "./testing/memory-kms.ts";
import { createVault, type VaultSettings } from "./vault.ts";

const master = randomBytes(32);
const previous = createMemoryKms(master, OTHER_KEY_ARN);
const fixture = useService({
  kms: createMemoryKms(master),
  vault: { previousKeyArns: [OTHER_KEY_ARN] },
});
const signal = new AbortController().signal;

/** Stores records as a service whose KMS key has been replaced since. */
async function storeUnderPreviousKey(
  count: number,
  settings: VaultSettings = {},
  client?: string,
): Promise<Key[]> {
  const vault = createVault(previous, settings);
  const keys: Key[] = [];
  for (let index = 0; index < count; index++) {
    const sealed = { name: "Stephen", text: `text ${index}`, client };
    const { key, record } = await vault.seal(sealed, signal);
    await fixture.service.store.insert(record);
    keys.push(key);
  }
  return keys;
}

function rewrap(props: Partial<RewrapProps> = {}) {
  return rewrapRecords({
    database: fixture.service.database,
    reEncrypt: fixture.service.kms.reEncrypt,
    keyArn: KEY_ARN,
    previousKeyArns: [OTHER_KEY_ARN],
    pace: async () => {},
    signal,
    onProgress: () => {},
    onFailure: () => expect.unreachable(),
    ...props,
  });
}

const decrypt = (Key: string) => fixture.service.post("/decrypt", { Name: "Stephen", Key });
const counts = async () =>
  (await countByKey(fixture.service.database)).map(
    ({ kmsKeyArn, formatVersion, records }) =>
      `${records} of version ${formatVersion} under ${kmsKeyArn === KEY_ARN ? "the current" : "a previous"} key`,
  );

describe("rewrapping", () => {
  test("moves every record of version 2 to the current key, and each still opens with its Key", async () => {
    const keys = await storeUnderPreviousKey(120);
    const current = await fixture.service.encrypt("Stephen", "current");
    expect(await counts()).toEqual([
      "1 of version 2 under the current key",
      "120 of version 2 under a previous key",
    ]);
    const progress: number[] = [];
    const result = await rewrap({ onProgress: ({ rewrapped }) => progress.push(rewrapped) });
    expect(result).toEqual({ rewrapped: 120, skipped: 0, failed: 0 });
    expect(progress).toEqual([100, 120]);
    expect(await counts()).toEqual(["121 of version 2 under the current key"]);
    fixture.service.kms.calls.length = 0;
    for (const [index, key] of keys.entries()) {
      expect((await decrypt(formatKey(key))).json).toEqual({ Text: `text ${index}` });
    }
    expect((await decrypt(current)).json).toEqual({ Text: "current" });
    expect(new Set(fixture.service.kms.calls.map(({ keyArn }) => keyArn))).toEqual(
      new Set([KEY_ARN]),
    );
  });

  test("never decrypts: it only calls ReEncrypt, with the context of the record", async () => {
    const [key] = await storeUnderPreviousKey(1, {}, "c-1");
    fixture.service.kms.calls.length = 0;
    await rewrap();
    expect(fixture.service.kms.calls).toMatchObject([
      {
        operation: "reEncrypt",
        keyArn: OTHER_KEY_ARN,
        context: { format: "2", record: key?.id, client: "c-1" },
      },
    ]);
  });

  test("moves records of the other Region's key with its replica, and leaves those of the current key", async () => {
    const own = createMemoryKms(master, REPLICA_KEY_ARN);
    const current = KEY_ARN.replace("ap-southeast-2", "ap-southeast-1");
    for (const arn of [MULTI_REGION_KEY_ARN, REPLICA_KEY_ARN]) {
      const written = createVault(createMemoryKms(master, arn));
      const { record } = await written.seal({ name: "Stephen", text: "t" }, signal);
      await fixture.service.store.insert(record);
    }
    const { reEncrypt, calls } = own;
    const result = await rewrap({ keyArn: current, previousKeyArns: [REPLICA_KEY_ARN], reEncrypt });
    expect(result).toEqual({ rewrapped: 2, skipped: 0, failed: 0 });
    expect(calls.map(({ keyArn }) => keyArn)).toEqual([REPLICA_KEY_ARN, REPLICA_KEY_ARN]);
    expect(await countByKey(fixture.service.database)).toMatchObject([{ kmsKeyArn: current }]);
    expect(await rewrap({ previousKeyArns: [OTHER_KEY_ARN] })).toMatchObject({ rewrapped: 0 });
  });

  test("moves records with an expiry, and does not change when they expire", async () => {
    const expires = new Date(fixture.service.time.now + 60_000);
    const sealed = { name: "Stephen", text: "text", expires };
    const { key, record } = await createVault(previous).seal(sealed, signal);
    await fixture.service.store.insert(record);
    expect(await rewrap()).toEqual({ rewrapped: 1, skipped: 0, failed: 0 });
    expect(await counts()).toEqual(["1 of version 3 under the current key"]);
    expect((await decrypt(formatKey(key))).json).toEqual({ Text: "text" });
    fixture.service.time.now += 60_000;
    await expectDenied(decrypt(formatKey(key)));
  });

  test("leaves records of version 1 under their key, where they still open", async () => {
    const [key] = await storeUnderPreviousKey(1, { formatVersion: 1 });
    expect(await rewrap()).toEqual({ rewrapped: 0, skipped: 0, failed: 0 });
    expect(await counts()).toEqual(["1 of version 1 under a previous key"]);
    expect((await decrypt(formatKey(key as Key))).status).toBe(200);
  });

  test("stops before the next record, and moves the rest when it is run again", async () => {
    await storeUnderPreviousKey(20);
    const controller = new AbortController();
    let paced = 0;
    const pace = async () => {
      paced += 1;
      if (paced === 6) controller.abort();
    };
    const stopped = await rewrap({ pace, signal: controller.signal });
    expect(stopped.rewrapped).toBeLessThan(6);
    const rest = await rewrap();
    expect(rest.rewrapped).toBe(20 - stopped.rewrapped);
    expect(await counts()).toEqual(["20 of version 2 under the current key"]);
  });

  test("never overwrites a record that another worker moved, or brings back one that was forgotten", async () => {
    const keys = (await storeUnderPreviousKey(2)).map(formatKey);
    let interfered: Promise<unknown> | undefined;
    const result = await rewrap({
      reEncrypt: async (dataKey, abort) => {
        const moved = await fixture.service.kms.reEncrypt(dataKey, abort);
        interfered ??= rewrap().then(() =>
          fixture.service.post("/forget", { Name: "Stephen", Key: keys[0] }),
        );
        await interfered;
        return moved;
      },
    });
    expect(result).toEqual({ rewrapped: 0, skipped: 2, failed: 0 });
    await expectDenied(decrypt(keys[0] ?? ""));
    expect((await decrypt(keys[1] ?? "")).status).toBe(200);
  });

  test("reports a record that was tampered with, and moves the others", async () => {
    const keys = await storeUnderPreviousKey(3);
    await fixture.postgres.sql`
      UPDATE cipherwatch.records SET client = 'c-9' WHERE id = ${keys[1]?.id ?? ""}`;
    const failures: unknown[] = [];
    const result = await rewrap({ onFailure: (id, { reason }) => failures.push([id, reason]) });
    expect(result).toEqual({ rewrapped: 2, skipped: 0, failed: 1 });
    expect(failures).toEqual([[keys[1]?.id, "InvalidCiphertextException"]]);
  });

  test("ends with the first error that is not about a record, such as a denied permission", async () => {
    await storeUnderPreviousKey(20);
    const reEncrypt = async () => {
      throw new KmsUnavailable("AccessDeniedException", "r-1");
    };
    await expect(rewrap({ reEncrypt })).rejects.toMatchObject({ reason: "AccessDeniedException" });
    expect(await counts()).toEqual(["20 of version 2 under a previous key"]);
  });

  test("ends with the error of a single KMS call, after it has moved the rest of the batch", async () => {
    await storeUnderPreviousKey(20);
    let calls = 0;
    const progress: unknown[] = [];
    const result = rewrap({
      reEncrypt: async (dataKey, abort) => {
        calls += 1;
        // Not the call of the first lane.
        if (calls === 3) throw new KmsUnavailable("KMSInternalException", "r-3");
        return await fixture.service.kms.reEncrypt(dataKey, abort);
      },
      onProgress: (counted) => progress.push(counted),
    });
    await expect(result).rejects.toMatchObject({ reason: "KMSInternalException" });
    expect(progress).toEqual([]);
    expect(await counts()).toEqual([
      "19 of version 2 under the current key",
      "1 of version 2 under a previous key",
    ]);
  });

  test("leaves records under a key that is not configured", async () => {
    await storeUnderPreviousKey(1);
    expect(await rewrap({ previousKeyArns: ["arn:aws:kms:elsewhere"] })).toMatchObject({
      rewrapped: 0,
    });
  });
});

test("the pace spreads the calls evenly, and does not make up for a pause", async () => {
  let now = 0;
  const sleeps: number[] = [];
  const pace = createPace(50, {
    now: () => now,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      now += milliseconds;
    },
  });
  for (let call = 0; call < 3; call++) await pace();
  now += 1_000;
  for (let call = 0; call < 2; call++) await pace();
  expect(sleeps).toEqual([20, 20, 20]);
});

describe("the options", () => {
  test("move 50 records a second by default", () => {
    expect(parseRewrapOptions([])).toEqual({ dryRun: false, rate: 50 });
    expect(parseRewrapOptions(["--dry-run"])).toEqual({ dryRun: true, rate: 50 });
    expect(parseRewrapOptions(["--rate", "5"])).toEqual({ dryRun: false, rate: 5 });
    expect(parseRewrapOptions(["--rate=1000"])).toEqual({ dryRun: false, rate: 1000 });
  });

  test.each([
    [["--rate", "0"], '--rate must be an integer between 1 and 1000; received "0"'],
    [["--rate", "fast"], 'received "fast"'],
    [["--dryrun"], 'Unknown argument "--dryrun"; allowed: --dry-run, --rate'],
    [["5"], 'Unknown argument "5"'],
  ])("reject %j", (args, message) => {
    expect(() => parseRewrapOptions(args)).toThrow(message);
  });
});
