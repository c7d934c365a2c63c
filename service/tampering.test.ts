import { describe, expect, test } from "vitest";
import { expectDenied, useService } from "./testing/fixture.ts";

const fixture = useService();

const decrypt = (Name: unknown, Key: unknown) => fixture.service.post("/decrypt", { Name, Key });

describe("a record that was tampered with", () => {
  const flip = (column: string, at: number) =>
    `UPDATE cipherwatch.records SET ${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 1)`;

  test.each([
    ["ciphertext", flip("ciphertext", 0), "Stephen"],
    ["authentication tag", flip("ciphertext", 20), "Stephen"],
    ["nonce", flip("nonce", 0), "Stephen"],
    ["name", "UPDATE cipherwatch.records SET name = 'Stefan'", "Stefan"],
    ["format version", "UPDATE cipherwatch.records SET format_version = 2", "Stephen"],
    [
      "ciphertext, emptied",
      "UPDATE cipherwatch.records SET ciphertext = substr(ciphertext, 1, 16)",
      "Stephen",
    ],
  ])("never decrypts with a changed %s, which only the log reports", async (_, change, name) => {
    const key = await fixture.service.encrypt("Stephen", "I love Pizza");
    await fixture.postgres.sql.unsafe(change);
    fixture.service.lines.length = 0;
    await expectDenied(decrypt(name, key));
    expect(fixture.service.lines).toMatchObject([
      {
        level: "error",
        status: 403,
        tampered: "NotAuthentic",
        TamperedRecords: 1,
        DecryptDenied: 1,
      },
    ]);
  });

  test("is rejected by KMS when its wrapped key was changed", async () => {
    const key = await fixture.service.encrypt("Stephen", "I love Pizza");
    await fixture.postgres.sql.unsafe(flip("wrapped_key", 40));
    await expectDenied(decrypt("Stephen", key));
  });

  test("decrypts with the configured KMS key, whatever key ARN is stored", async () => {
    const key = await fixture.service.encrypt("Stephen", "I love Pizza");
    await fixture.postgres
      .sql`UPDATE cipherwatch.records SET kms_key_arn = 'arn:aws:kms:elsewhere'`;
    expect((await decrypt("Stephen", key)).json).toEqual({ Text: "I love Pizza" });
  });

  test("is denied like a wrong Key when it was renamed", async () => {
    const key = await fixture.service.encrypt("Stephen", "I love Pizza");
    await fixture.postgres.sql`UPDATE cipherwatch.records SET name = 'Stefan'`;
    await expectDenied(decrypt("Stephen", key));
  });

  test.each([
    ["ids", "id"],
    ["wrapped keys", "wrapped_key"],
    ["nonces", "nonce"],
    ["ciphertexts", "ciphertext"],
    ["everything but the id", "wrapped_key, nonce, ciphertext"],
  ])("is denied when two records have their %s swapped", async (_, columns) => {
    const keys = [
      await fixture.service.encrypt("Stephen", "one"),
      await fixture.service.encrypt("Stephen", "two"),
    ];
    const [first, second] = await fixture.records();
    await fixture.postgres.sql`DELETE FROM cipherwatch.records`;
    for (const [row, from] of [
      [first, second],
      [second, first],
    ]) {
      const swapped = Object.fromEntries(columns.split(", ").map((name) => [name, from?.[name]]));
      await fixture.postgres
        .sql`INSERT INTO cipherwatch.records ${fixture.postgres.sql({ ...row, ...swapped })}`;
    }
    for (const key of keys) await expectDenied(decrypt("Stephen", key));
  });
});
