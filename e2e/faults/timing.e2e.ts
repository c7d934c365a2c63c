import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { clientIdOf } from "../../service/client-id.ts";
import { parseKey } from "../../service/key.ts";
import { digestOf, encryptionContext } from "../../service/record-format.ts";
import { AUDIENCE, createTestIssuer, ISSUER } from "../../service/testing/issuer.ts";
import { createMemoryKms, KEY_ARN, OTHER_KEY_ARN } from "../../service/testing/memory-kms.ts";
import { createClient } from "./load.ts";
import { LONG, type Testbed, useTestbed } from "./testbed.ts";

const { jwks, sign } = await createTestIssuer();
const ALICE = clientIdOf(ISSUER, "alice");
const UNKNOWN_KEY_ARN = KEY_ARN.replace("1234abcd", "00000000");
const headersOf = async (sub: string) => ({ Authorization: `Bearer ${await sign({ sub })}` });
const headersOfAlice = await headersOf("alice");

/** With identity and a previous KMS key, which add refusals. */
const ENVIRONMENT = {
  KMS_PREVIOUS_KEY_ARNS: OTHER_KEY_ARN,
  OIDC_ISSUER: ISSUER,
  OIDC_AUDIENCE: AUDIENCE,
  OIDC_JWKS: JSON.stringify(jwks),
  CLIENT_REQUESTS_PER_MINUTE: "1000000",
  CLIENT_DECRYPTS_PER_MINUTE: "1000000",
  CLIENT_DECRYPTS_PER_DAY: "1000000",
};

/** Requests of each kind. A slow machine sends fewer: as many as it can in a maximum time. */
const SAMPLES = LONG ? 5_000 : 1_000;
const MIN_SAMPLES = LONG ? SAMPLES : 400;
const WARM_UP = 20;

/**
 * How far the probability that one refusal takes longer than another may be from a half. Chance reaches 0.04
 * (three standard errors) with 1,000 samples and 0.05 with 400; before ciphertexts were read after the decision of KMS, it was 0.3.
 */
const TOLERANCE = 0.1;

describe("without an erasure ledger", () => {
  const testbed = useTestbed(ENVIRONMENT, headersOfAlice);

  test.each([20, 16_384, 262_144])(
    "refusals of a record of %i bytes take the same time",
    async (size) => {
      const { refusals } = await createRefusals(testbed(), size);
      await expectSameTime(testbed(), "/decrypt", refusals, 60_000);
    },
  );
});

describe("with an erasure ledger", async () => {
  /** CloudWatch Logs with an empty log group: no member of its responses is required. */
  const logs = createServer((request, response) => request.resume() && response.end("{}"));
  await new Promise<void>((resolve) => logs.listen(0, "127.0.0.1", resolve));
  afterAll(() => void logs.close());

  const testbed = useTestbed(
    {
      ...ENVIRONMENT,
      ERASURE_LOG_GROUP: "erasures",
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: `http://127.0.0.1:${(logs.address() as AddressInfo).port}`,
    },
    headersOfAlice,
  );

  test.each(["/decrypt", "/forget"])(
    "refusals of %s take the same time, also for a forgotten record",
    async (path) => {
      const { send } = testbed();
      const { refusals, encrypt } = await createRefusals(testbed(), 20);
      const Name = `forgotten ${path}`;
      const Key = await encrypt(Name, "x".repeat(20));
      expect((await send("/forget", { Name, Key })).status).toBe(200);
      const all = {
        ...refusals,
        "wrong secret of a forgotten record": { Name, Key: withWrongSecret(Key) },
        // /forget may be repeated with the Key.
        ...(path === "/decrypt" && { "Key of a forgotten record": { Name, Key } }),
      };
      await expectSameTime(testbed(), path, all, 12_000);
    },
  );
});

interface KeyAndName {
  readonly Name: string;
  readonly Key: string;
}

type Refusals = Readonly<Record<string, KeyAndName>>;

/** Encrypts records of a size, and returns a request of each kind that is refused. */
async function createRefusals(testbed: Testbed, size: number) {
  const { send } = testbed;
  const bob = createClient(testbed.service.port, await headersOf("bob"));
  const encrypt = async (Name: string, Text: string, sendAs = send, members = {}) => {
    const { status, text } = await sendAs("/encrypt", { Name, Text, ...members });
    expect(status).toBe(200);
    return String(JSON.parse(text).Key);
  };
  /** Encrypts a Text and waits until its record has expired. */
  const encryptBriefly = async (Name: string, Text: string) => {
    const ExpiresAt = new Date(Date.now() + 2_000).toISOString();
    const Key = await encrypt(Name, Text, send, { ExpiresAt });
    const status = async () => (await send("/decrypt", { Name, Key })).status;
    await expect.poll(status, { timeout: 30_000, interval: 100 }).toBe(403);
    return Key;
  };
  const name = `large ${size}`;
  const key = await encrypt(name, "x".repeat(size));
  const other = await encrypt("other", "x");
  const foreign = await encrypt(`foreign ${size}`, "x".repeat(size), bob.send);
  bob.close();
  const expired = await encryptBriefly(`expired ${size}`, "x".repeat(size));
  const previousName = `previous ${size}`;
  const previous = await encrypt(previousName, "x".repeat(size));
  await moveToPreviousKey(testbed, previous);
  const decryptMoved = () => send("/decrypt", { Name: previousName, Key: previous });
  // With a ledger, the service refuses everything until it has applied it.
  const opened = async () => (await decryptMoved()).status;
  await expect.poll(opened, { timeout: 30_000, interval: 100 }).toBe(200);
  const unreadable = await encrypt(`unreadable ${size}`, "x".repeat(size));
  await setKmsKey(testbed, unreadable, UNKNOWN_KEY_ARN);
  const refusals: Refusals = {
    "wrong secret": { Name: name, Key: withWrongSecret(key) },
    "wrong secret, previous KMS key": { Name: previousName, Key: withWrongSecret(previous) },
    "record under an unknown KMS key": { Name: `unreadable ${size}`, Key: unreadable },
    "Key of another record": { Name: name, Key: other },
    "Key of another client": { Name: `foreign ${size}`, Key: foreign },
    "Key of an expired record": { Name: `expired ${size}`, Key: expired },
    "malformed Key": { Name: name, Key: "x".repeat(key.length) },
    "unknown Name": { Name: `nobody ${size}`, Key: key },
  };
  return { refusals, encrypt };
}

/** Sends requests of all kinds in turn. Asserts that all get the same response, in the same time. */
async function expectSameTime(
  { send }: Testbed,
  path: string,
  refusals: Refusals,
  milliseconds: number,
): Promise<void> {
  const kinds = Object.keys(refusals);
  const times = new Map(kinds.map((kind) => [kind, [] as number[]]));
  const responses = new Set<string>();
  const end = performance.now() + milliseconds;
  for (let n = -WARM_UP; n < SAMPLES; n++) {
    if (n >= MIN_SAMPLES && performance.now() >= end) break;
    // Another order in each round, so that no kind always follows the same one.
    for (const kind of kinds.toSorted(() => Math.random() - 0.5)) {
      const started = performance.now();
      const { status, text, headers } = await send(path, refusals[kind]);
      const time = performance.now() - started;
      if (n >= 0) times.get(kind)?.push(time);
      const id = String(headers["x-request-id"]);
      responses.add(`${status} ${text.replace(id, "ID")} ${Object.keys(headers).join()}`);
    }
  }
  expect([...responses]).toEqual([expect.stringMatching(/^403 /)]);
  const rows = kinds.map((kind) => {
    const own = times.get(kind) ?? [];
    const rest = kinds.filter((each) => each !== kind).flatMap((each) => times.get(each) ?? []);
    const { probability, z } = compare(own, rest);
    return { kind, medianMs: median(own).toFixed(2), probability, z: z.toFixed(1) };
  });
  console.table(rows.map((row) => ({ ...row, probability: row.probability.toFixed(3) })));
  for (const { kind, probability } of rows) {
    expect(Math.abs(probability - 0.5), kind).toBeLessThan(TOLERANCE);
  }
}

function withWrongSecret(key: string): string {
  return key.slice(0, -8) + (key.endsWith("AAAAAAAA") ? "BBBBBBBB" : "AAAAAAAA");
}

const idOf = (key: string) => parseKey(key)?.id ?? expect.unreachable("not a Key");

/** Encrypts the data key of alice's record under the previous KMS key. */
async function moveToPreviousKey(testbed: Testbed, key: string): Promise<void> {
  const { admin, kms } = testbed;
  const { id, secret } = parseKey(key) ?? expect.unreachable("not a Key");
  const [row] = await admin`SELECT wrapped_key FROM cipherwatch.records WHERE id = ${id}`;
  const context = encryptionContext({ version: 2, id, keyDigest: digestOf(secret), client: ALICE });
  const moved = await createMemoryKms(kms.master, OTHER_KEY_ARN).reEncrypt(
    { wrapped: row?.wrapped_key, keyArn: KEY_ARN, context },
    new AbortController().signal,
  );
  await admin`UPDATE cipherwatch.records SET wrapped_key = ${moved} WHERE id = ${id}`;
  await setKmsKey(testbed, key, OTHER_KEY_ARN);
}

async function setKmsKey({ admin }: Testbed, key: string, keyArn: string): Promise<void> {
  await admin`
    UPDATE cipherwatch.records SET kms_key_arn = ${keyArn} WHERE id = ${idOf(key)}`;
}

/**
 * The Mann-Whitney test: the probability that a value of the first sample is above one of the second, and its
 * distance from a half in standard errors.
 */
function compare(first: readonly number[], second: readonly number[]) {
  const ranked = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ].sort((a, b) => a.value - b.value);
  const rankSum = ranked.reduce((sum, { isFirst }, at) => sum + (isFirst ? at + 1 : 0), 0);
  const [n, m] = [first.length, second.length];
  const probability = (rankSum - (n * (n + 1)) / 2) / (n * m);
  return { probability, z: (probability - 0.5) / Math.sqrt((n + m + 1) / (12 * n * m)) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
