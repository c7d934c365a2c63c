import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newKey, parseKey } from "./key.ts";
import { createMemoryKms, KEY_ARN } from "./testing/memory-kms.ts";
import { createVault } from "./vault.ts";

interface KnownRecord {
  readonly key: string;
  readonly text: string;
  readonly context: Readonly<Record<string, string>>;
  /** Binary values in hexadecimal digits. */
  readonly record: {
    readonly id: string;
    readonly name: string;
    readonly wrappedKey: string;
    readonly nonce: string;
    readonly ciphertext: string;
    readonly formatVersion: number;
    readonly keyDigest?: string;
    readonly client?: string;
    /** In UTC. */
    readonly expires?: string;
  };
}

interface KnownRecords {
  /** The material of the KMS key. */
  readonly master: string;
  readonly records: readonly KnownRecord[];
}

/**
 * Records as they are stored in databases, with their Keys. Never change or remove one: a version of the service
 * that does not open them has orphaned every stored record. Add a file for each new format version.
 */
const known = {
  1: read("known-records.json"),
  2: read("known-records-2.json"),
  3: read("known-records-3.json"),
};

function read(file: string): KnownRecords {
  return JSON.parse(readFileSync(join(import.meta.dirname, "testing", file), "utf8"));
}

const cases = ([1, 2, 3] as const).flatMap((version) => {
  const { master, records } = known[version];
  return records.map((each) => ({ ...each, version, master: bytes(master) }));
});

function bytes(digits: string): Buffer {
  return Buffer.from(digits, "hex");
}

const signal = new AbortController().signal;

test.each([
  [1, "4ebc5c6dd6eb5ef221fc7c0ab01ad79f7bed9c1feb73ea16eb6684c4ce7d8865"],
  [2, "d2d99ec2444565acfeb8860891e09c1618cda9501a9fa1ab2aa8445de54f7b07"],
  [3, "77e2360ba1a799f5f861c95a658161ff6a2135987b3374b92e7d379ec87967cc"],
] as const)("the known records of format version %i have not changed", (version, digest) => {
  const json = JSON.stringify(known[version]);
  expect(createHash("sha256").update(json).digest("hex")).toBe(digest);
});

describe.each(cases)("the known record $record.id", ({ key, text, context, record, ...known }) => {
  const { version, master } = known;

  test("opens with its Key, and asks KMS with its context", async () => {
    const kms = createMemoryKms(master);
    const candidate = {
      wrappedKey: bytes(record.wrappedKey),
      kmsKeyArn: KEY_ARN,
      format: {
        formatVersion: record.formatVersion,
        client: record.client,
        expires: record.expires === undefined ? undefined : new Date(record.expires),
      },
      readContent: async () => ({
        nonce: bytes(record.nonce),
        ciphertext: bytes(record.ciphertext),
      }),
    };
    const parsed = parseKey(key) ?? newKey();
    expect(parsed.id).toBe(record.id);
    const { name, client } = record;
    const opened = await createVault(kms).open({ key: parsed, name, candidate, client }, signal);
    expect(opened).toMatchObject({ status: "opened", text });
    expect(kms.calls).toEqual([{ operation: "decrypt", keyArn: KEY_ARN, context }]);
  });

  test("opens by the description of its format, without the code of the service", async () => {
    expect(record.formatVersion).toBe(version);
    const presented = Buffer.from(key.slice("cwk_".length), "base64url");
    expect(presented.toString("hex", 0, 16)).toBe(record.id.replaceAll("-", ""));
    const secret = presented.subarray(16);
    const digest = createHash("sha256").update("cipherwatch/key/v1").update(secret).digest();
    expect(context).toEqual({
      app: "cipherwatch",
      ...(version > 1 && { format: "2" }),
      record: record.id,
      key: digest.toString("base64url"),
      ...(record.client !== undefined && { client: record.client }),
    });
    expect(record.keyDigest).toBe(version === 1 ? undefined : digest.toString("hex"));
    const kms = createMemoryKms(master);
    const wrapped = bytes(record.wrappedKey);
    const { plaintext } = await kms.decrypt({ wrapped, keyArn: KEY_ARN, context }, signal);
    const contentKey = hkdfSync("sha256", plaintext, secret, `cipherwatch/content/v${version}`, 32);
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(contentKey), bytes(record.nonce), {
      authTagLength: 16,
    });
    const { id, name, client = "", expires = "" } = record;
    const fields = [`cipherwatch/record/v${version}`, id, name, client];
    const additionalData = {
      1: Buffer.from(`cipherwatch/record/v1${id}${name}`),
      2: lengthPrefixed(fields),
      3: lengthPrefixed([...fields, String(Date.parse(expires))]),
    };
    decipher.setAAD(additionalData[version]);
    const ciphertext = bytes(record.ciphertext);
    decipher.setAuthTag(ciphertext.subarray(-16));
    const decrypted = [decipher.update(ciphertext.subarray(0, -16)), decipher.final()];
    expect(Buffer.concat(decrypted).toString("utf8")).toBe(text);
  });
});

function lengthPrefixed(texts: readonly string[]): Buffer {
  const digits = texts.map((text) => {
    const length = Buffer.byteLength(text).toString(16).padStart(8, "0");
    return length + Buffer.from(text).toString("hex");
  });
  return bytes(digits.join(""));
}
