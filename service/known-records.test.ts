import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newKey, parseKey } from "./key.ts";
import { createMemoryKms } from "./testing/memory-kms.ts";
import { createVault, type SealedRecord } from "./vault.ts";

interface KnownRecord {
  readonly key: string;
  readonly text: string;
  readonly context: Readonly<Record<string, string>>;
  /** Binary values in hexadecimal digits. */
  readonly record: Omit<SealedRecord, "wrappedKey" | "nonce" | "ciphertext" | "kmsKeyArn"> &
    Readonly<Record<"wrappedKey" | "nonce" | "ciphertext", string>>;
}

/**
 * Records as they lie in databases, with their Keys. Never change or remove one: a version of the service that
 * does not open them has orphaned every stored record. Add records for each new format version.
 */
const known = JSON.parse(
  readFileSync(join(import.meta.dirname, "testing", "known-records.json"), "utf8"),
) as { readonly master: string; readonly records: readonly KnownRecord[] };

const bytes = (digits: string) => Buffer.from(digits, "hex");
const signal = new AbortController().signal;

test("the known records have not changed", () => {
  const digest = createHash("sha256").update(JSON.stringify(known)).digest("hex");
  expect(digest).toBe("4ebc5c6dd6eb5ef221fc7c0ab01ad79f7bed9c1feb73ea16eb6684c4ce7d8865");
});

describe.each(known.records)("the known record $record.id", ({ key, text, context, record }) => {
  test("opens with its Key, and asks KMS with its context", async () => {
    const kms = createMemoryKms(bytes(known.master));
    const candidate = {
      wrappedKey: bytes(record.wrappedKey),
      readContent: async () => ({
        nonce: bytes(record.nonce),
        ciphertext: bytes(record.ciphertext),
        formatVersion: record.formatVersion,
      }),
    };
    const parsed = parseKey(key) ?? newKey();
    expect(parsed.id).toBe(record.id);
    const opened = await createVault(kms).open(parsed, record.name, candidate, signal);
    expect(opened).toMatchObject({ status: "opened", text });
    expect(kms.calls).toEqual([{ operation: "decrypt", context }]);
  });

  test("opens by the description of format version 1, without the code of the service", async () => {
    expect(record.formatVersion).toBe(1);
    const presented = Buffer.from(key.slice("cwk_".length), "base64url");
    expect(presented.toString("hex", 0, 16)).toBe(record.id.replaceAll("-", ""));
    const secret = presented.subarray(16);
    const digest = createHash("sha256").update("cipherwatch/key/v1").update(secret);
    expect(context).toEqual({
      app: "cipherwatch",
      record: record.id,
      key: digest.digest("base64url"),
    });
    const kms = createMemoryKms(bytes(known.master));
    const { plaintext } = await kms.decrypt(bytes(record.wrappedKey), context, signal);
    const contentKey = hkdfSync("sha256", plaintext, secret, "cipherwatch/content/v1", 32);
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(contentKey), bytes(record.nonce), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(`cipherwatch/record/v1${record.id}${record.name}`));
    const ciphertext = bytes(record.ciphertext);
    decipher.setAuthTag(ciphertext.subarray(-16));
    const decrypted = [decipher.update(ciphertext.subarray(0, -16)), decipher.final()];
    expect(Buffer.concat(decrypted).toString("utf8")).toBe(text);
  });
});
