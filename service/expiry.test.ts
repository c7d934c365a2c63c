import { describe, expect, test } from "vitest";
import { createExpiry } from "./expiry.ts";
import { expectDenied, useService } from "./testing/fixture.ts";

const fixture = useService();
const signal = new AbortController().signal;

const HOUR = 3_600_000;
const decrypt = (Key: string, Name = "Stephen") => fixture.service.post("/decrypt", { Name, Key });
const inAnHour = () => new Date(fixture.service.time.now + HOUR).toISOString();

async function encrypt(Text: string, ExpiresAt = inAnHour()): Promise<string> {
  const { status, json } = await fixture.service.post("/encrypt", {
    Name: "Stephen",
    Text,
    ExpiresAt,
  });
  expect(status).toBe(200);
  return String(json.Key);
}

function wait(milliseconds: number): void {
  fixture.service.time.now += milliseconds;
}

describe("a record with an expiry", () => {
  test("opens until then, and later never again, not even to forget it", async () => {
    const key = await encrypt("I love Pizza");
    const kept = await fixture.service.encrypt("Stephen", "kept");
    wait(HOUR - 1);
    expect((await decrypt(key)).json).toEqual({ Text: "I love Pizza" });
    wait(1);
    await expectDenied(decrypt(key));
    await expectDenied(fixture.service.post("/forget", { Name: "Stephen", Key: key }));
    expect((await decrypt(kept)).json).toEqual({ Text: "kept" });
  });

  test("is refused as an unknown Name is: one lookup, one call that KMS rejects, the same response and metrics", async () => {
    const key = await encrypt("I love Pizza");
    wait(HOUR);
    const { kms, storeCalls, lines } = fixture.service;
    const seen: unknown[] = [];
    // The record is the newest and only one of its Name.
    for (const name of ["Stephen", "nobody"]) {
      const [calls, lookups] = [kms.calls.length, storeCalls.length];
      lines.length = 0;
      const { status, text, headers } = await decrypt(key, name);
      const id = String(headers.get("x-request-id"));
      const { Decrypts, DecryptDenied, tampered } = lines[0] ?? {};
      const response = text.replace(id, "ID");
      const operations = kms.calls
        .slice(calls)
        .map(({ operation, context }) => [operation, context]);
      const log = { Decrypts, DecryptDenied, tampered };
      seen.push({ status, response, operations, lookups: storeCalls.slice(lookups), log });
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toMatchObject({ status: 403, log: { Decrypts: 1, DecryptDenied: 1 } });
  });

  test("can be forgotten before, and then its Key opens nothing", async () => {
    const key = await encrypt("I love Pizza");
    const forget = () => fixture.service.post("/forget", { Name: "Stephen", Key: key });
    expect((await forget()).status).toBe(200);
    expect((await forget()).status).toBe(200);
    await expectDenied(decrypt(key));
  });

  test.each([
    ["later", "expires = expires + interval '1 millisecond'"],
    ["infinite", "expires = 'infinity'"],
    ["unset", "expires = NULL"],
    ["unset, as in a record of format 2", "expires = NULL, format_version = 2"],
  ])("counts as tampered with when somebody made it %s in the database", async (_, change) => {
    const key = await encrypt("I love Pizza");
    await fixture.postgres.sql.unsafe(`UPDATE cipherwatch.records SET ${change}`);
    fixture.service.lines.length = 0;
    await expectDenied(decrypt(key));
    expect(fixture.service.lines).toMatchObject([
      { level: "error", tampered: "NotAuthentic", TamperedRecords: 1 },
    ]);
  });

  test("has format 3, while a record without one keeps format 2", async () => {
    await encrypt("expires");
    await fixture.service.encrypt("Stephen", "kept");
    expect(await fixture.records()).toMatchObject([
      { format_version: 3, expires: new Date(inAnHour()) },
      { format_version: 2, expires: null },
    ]);
  });
});

describe("ExpiresAt", () => {
  test.each([
    ["2027-02-30T12:00:00Z"],
    ["2027-02-28T12:00:00+01:00"],
    ["2027-02-28"],
    ["tomorrow"],
    [""],
    [1_801_828_800],
    [null],
  ])("is rejected with 422 if it is %j, and nothing is stored", async (ExpiresAt) => {
    const body = { Name: "Stephen", Text: "t", ExpiresAt };
    const { status, json } = await fixture.service.post("/encrypt", body);
    expect({ status, Message: json.Message }).toEqual({
      status: 422,
      Message: "ExpiresAt must be a time in UTC, such as 2027-01-31T12:00:00Z.",
    });
    expect(await fixture.records()).toHaveLength(0);
  });

  test("is rejected with 422 unless it is in the future, without a KMS call", async () => {
    const now = new Date(fixture.service.time.now).toISOString();
    const before = fixture.service.kms.calls.length;
    const body = { Name: "Stephen", Text: "t", ExpiresAt: now };
    expect(await fixture.service.post("/encrypt", body)).toMatchObject({
      status: 422,
      json: { Message: `ExpiresAt must be later than the service's time, ${now}.` },
    });
    expect(fixture.service.kms.calls).toHaveLength(before);
  });
});

describe("the deletion of expired records", () => {
  const remaining = async (): Promise<number> => {
    const [row] = await fixture.postgres.sql`
      SELECT (SELECT count(*) FROM cipherwatch.records)::integer AS records,
        (SELECT count(*) FROM cipherwatch.expiries)::integer AS expiries`;
    expect(row?.records).toBe(row?.expiries);
    return row?.records;
  };
  const deleteExpired = () => {
    const { store, logger, time } = fixture.service;
    const now = () => time.now;
    return createExpiry({ store, logger, metricsNamespace: "Cipherwatch", now })();
  };
  const deletedByLog = () =>
    fixture.service.lines.flatMap(({ ExpiredRecords }) => ExpiredRecords ?? []);

  test("deletes each record once its time has come, and counts it", async () => {
    await encrypt("in an hour");
    await encrypt("in two hours", new Date(fixture.service.time.now + 2 * HOUR).toISOString());
    wait(HOUR - 1);
    await deleteExpired();
    expect(await remaining()).toBe(2);
    wait(1);
    await deleteExpired();
    expect(await remaining()).toBe(1);
    wait(HOUR);
    await deleteExpired();
    expect(await remaining()).toBe(0);
    expect(deletedByLog()).toEqual([1, 1]);
  });

  test("never deletes a record without an expiry", async () => {
    const key = await fixture.service.encrypt("Stephen", "kept");
    wait(1_000 * 365 * 24 * HOUR);
    await deleteExpired();
    expect((await decrypt(key)).json).toEqual({ Text: "kept" });
  });

  test("leaves nothing of a record that was forgotten before it expired, and does not count it", async () => {
    const key = await encrypt("I love Pizza");
    await fixture.service.post("/forget", { Name: "Stephen", Key: key });
    wait(HOUR);
    await deleteExpired();
    expect(await remaining()).toBe(0);
    expect(deletedByLog()).toEqual([]);
  });

  test("deletes any number of records in batches, also when several tasks do at a time", async () => {
    const { vault, store, time } = fixture.service;
    const sealed = { name: "Stephen", text: "t", expires: new Date(time.now + HOUR) };
    for (let n = 0; n < 230; n++) await store.insert((await vault.seal(sealed, signal)).record);
    wait(HOUR);
    const [first] = await Promise.all([store.deleteExpired(), deleteExpired(), deleteExpired()]);
    expect(first).toEqual({ deleted: 100, isFull: true });
    expect(await remaining()).toBe(0);
    expect(deletedByLog().toSorted()).toEqual([100, 30]);
  });
});
