import { describe, expect, test } from "vitest";
import { expectDenied, useService } from "./testing/fixture.ts";
import { OTHER_KEY_ARN } from "./testing/memory-kms.ts";

const fixture = useService({ vault: { previousKeyArns: [OTHER_KEY_ARN] } });

const decrypt = (Name: unknown, Key: unknown) => fixture.service.post("/decrypt", { Name, Key });

describe("a record that was tampered with", () => {
  const flip = (column: string, at: number) =>
    `UPDATE cipherwatch.records SET ${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 1)`;

  test.each([
    ["ciphertext", flip("ciphertext", 0), "Stephen"],
    ["authentication tag", flip("ciphertext", 20), "Stephen"],
    ["nonce", flip("nonce", 0), "Stephen"],
    ["name", "UPDATE cipherwatch.records SET name = 'Stefan'", "Stefan"],
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

  test.each([
    ["UnknownKey", "kms_key_arn = 'arn:aws:kms:elsewhere'"],
    ["UnknownFormat", "format_version = 4"],
  ])(
    "gets the response of a wrong Key if it is unreadable, and %s in the log",
    async (reason, change) => {
      const key = await fixture.service.encrypt("Stephen", "I love Pizza");
      await fixture.postgres.sql.unsafe(`UPDATE cipherwatch.records SET ${change}`);
      for (const path of ["/decrypt", "/forget"]) {
        const before = fixture.service.kms.calls.length;
        fixture.service.lines.length = 0;
        await expectDenied(fixture.service.post(path, { Name: "Stephen", Key: key }));
        expect(fixture.service.kms.calls.slice(before)).toMatchObject([{ operation: "decrypt" }]);
        expect(fixture.service.lines).toMatchObject([
          {
            level: "error",
            status: 403,
            unreadable: reason,
            UnreadableRecords: 1,
            TamperedRecords: 0,
            DecryptDenied: 0,
          },
        ]);
      }
      expect(await fixture.records()).toHaveLength(1);
    },
  );

  test.each([
    ["its format version", "format_version = 1"],
    ["its KMS key, to another that is configured", `kms_key_arn = '${OTHER_KEY_ARN}'`],
  ])("is rejected by KMS when somebody changed %s", async (_, change) => {
    const key = await fixture.service.encrypt("Stephen", "I love Pizza");
    await fixture.postgres.sql.unsafe(`UPDATE cipherwatch.records SET ${change}`);
    await expectDenied(decrypt("Stephen", key));
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
