import type { Database } from "./database.ts";
import { KmsRejected, type ReEncrypt } from "./kms.ts";
import { keyMatcher } from "./multi-region-key.ts";
import { encryptionContext } from "./record-format.ts";

/** Number of records under one KMS key. */
export interface KeyCount {
  readonly kmsKeyArn: string;
  readonly formatVersion: number;
  readonly records: number;
}

export interface RewrapResult {
  /** Records that are now under the current KMS key. */
  readonly rewrapped: number;
  /** Records that were deleted, or moved by another worker, in the meantime. */
  readonly skipped: number;
  /** Records whose data key KMS refused to re-encrypt: they were tampered with. */
  readonly failed: number;
}

export interface RewrapProps {
  readonly database: Database;
  readonly reEncrypt: ReEncrypt;
  /** KMS key to move records to. */
  readonly keyArn: string;
  /** KMS keys to move records from. */
  readonly previousKeyArns: readonly string[];
  /** Resolves when the next record may be moved. Throttles the KMS calls. */
  readonly pace: () => Promise<void>;
  /** Stops before the next record. */
  readonly signal: AbortSignal;
  /** Called after each batch with the result so far. */
  readonly onProgress: (result: RewrapResult) => void;
  /** Called for each record whose data key KMS refused to re-encrypt. */
  readonly onFailure: (id: string, error: KmsRejected) => void;
}

const BATCH = 100;
const CONCURRENCY = 8;

/** Milliseconds for all attempts of one KMS call. */
const RECORD_DEADLINE = 60_000;

/** Counts the records under each KMS key and format version. Reads the whole table, but no ciphertexts. */
export async function countByKey({ read }: Database): Promise<readonly KeyCount[]> {
  type Count = { kms_key_arn: string; format_version: number; records: string };
  const rows = await read(
    (sql) => sql<Count[]>`
      SELECT kms_key_arn, format_version, count(*) AS records
      FROM cipherwatch.records GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  return rows.map((row) => ({
    kmsKeyArn: row.kms_key_arn,
    formatVersion: row.format_version,
    records: Number(row.records),
  }));
}

/**
 * Moves the records of format versions 2 and 3 from the previous KMS keys to the current one, without decrypting them.
 * Each record is committed on its own, so the work can stop at any time and be repeated. Records of version 1
 * lack the digest that their encryption context needs, so they stay.
 * @throws KmsUnavailable when KMS did not decide, for example because it denies access
 */
export async function rewrapRecords(props: RewrapProps): Promise<RewrapResult> {
  const result = { rewrapped: 0, skipped: 0, failed: 0 };
  const sources = await sourceKeys(props);
  let lastId = "00000000-0000-0000-0000-000000000000";
  while (!props.signal.aborted) {
    const batch = await nextBatch(props.database, [...sources.keys()], lastId);
    const last = batch.at(-1);
    if (last === undefined) break;
    const records = batch.values();
    // The workers share the iterator, so that each takes the next record.
    const workers = Array.from({ length: CONCURRENCY }, async () => {
      for (const record of records) {
        await props.pace();
        if (props.signal.aborted) return;
        const source = sources.get(record.kms_key_arn) ?? record.kms_key_arn;
        result[await rewrap(props, record, source)] += 1;
      }
    });
    const settled = await Promise.allSettled(workers);
    const failure = settled.find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") throw failure.reason;
    lastId = last.id;
    props.onProgress({ ...result });
  }
  return result;
}

interface Row {
  readonly id: string;
  readonly wrapped_key: Buffer;
  readonly kms_key_arn: string;
  readonly key_digest: Buffer;
  readonly client: string | null;
}

/** Returns the stored ARNs of keys to move records from, with the previous key that decrypts for each. */
async function sourceKeys({
  database,
  previousKeyArns,
}: RewrapProps): Promise<ReadonlyMap<string, string>> {
  const configuredFor = keyMatcher(previousKeyArns);
  const rows = await database.read(
    (sql) => sql<{ kms_key_arn: string }[]>`SELECT DISTINCT kms_key_arn FROM cipherwatch.records`,
  );
  return new Map(
    rows.flatMap(({ kms_key_arn: stored }) => {
      const previous = configuredFor(stored);
      return previous === undefined ? [] : [[stored, previous] as const];
    }),
  );
}

async function nextBatch({ read }: Database, keyArns: readonly string[], lastId: string) {
  return await read(
    (sql) => sql<Row[]>`
      SELECT id, wrapped_key, kms_key_arn, key_digest, client
      FROM cipherwatch.records
      WHERE id > ${lastId} AND format_version IN (2, 3) AND kms_key_arn IN ${sql(keyArns)}
      ORDER BY id LIMIT ${BATCH}`,
  );
}

/** @param source ARN of the KMS key that decrypts the data key */
async function rewrap(props: RewrapProps, row: Row, source: string): Promise<keyof RewrapResult> {
  const { database, reEncrypt, keyArn, onFailure } = props;
  const { id, wrapped_key: wrapped, key_digest: keyDigest, client } = row;
  const context = encryptionContext({ version: 2, id, keyDigest, client: client ?? undefined });
  try {
    const deadline = AbortSignal.timeout(RECORD_DEADLINE);
    const moved = await reEncrypt({ wrapped, keyArn: source, context }, deadline);
    // Only if the data key is still the one that was read: the record may be gone, or already moved.
    const { count } = await database.query(
      (sql) => sql`
        UPDATE cipherwatch.records SET wrapped_key = ${moved}, kms_key_arn = ${keyArn}
        WHERE id = ${id} AND wrapped_key = ${wrapped}`,
    );
    return count === 1 ? "rewrapped" : "skipped";
  } catch (error) {
    if (!(error instanceof KmsRejected)) throw error;
    onFailure(id, error);
    return "failed";
  }
}

export interface Timer {
  /** Milliseconds. */
  readonly now: () => number;
  /** Resolves after a number of milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Returns a function whose calls resolve at most `rate` times in a second, evenly spaced. */
export function createPace(rate: number, { now, sleep }: Timer): () => Promise<void> {
  const interval = 1_000 / rate;
  let next = now();
  return async () => {
    const slot = Math.max(next, now());
    next = slot + interval;
    const wait = slot - now();
    if (wait > 0) await sleep(wait);
  };
}
