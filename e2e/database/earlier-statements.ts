/**
 * The statements of the service as of each migration, with values: the life of a record. Frozen: tasks of an earlier
 * version run them during a deployment and after a rollback. With a migration, add those of the version that ships it.
 */
export interface EarlierVersion {
  /** The newest migration of the version. */
  readonly migration: string;
  /** Each with the number of rows that it returns, or changes if it returns none. */
  readonly statements: readonly (readonly [rows: number, sql: string])[];
  /** Statements of the worker that moves records to another KMS key. */
  readonly rewrap?: readonly (readonly [rows: number, sql: string])[];
}

const ID = "id = '6f9619ff-8b86-4011-b42d-00c04fc964ff' AND name = 'n'";
const VALUES =
  "'6f9619ff-8b86-4011-b42d-00c04fc964ff', 'n', '\\x00', 'arn', decode(repeat('00', 12), 'hex'), decode(repeat('00', 16), 'hex')";
const DIGEST = "decode(repeat('00', 32), 'hex')";
const REPEATABLE = "forgotten > clock_timestamp() - '24 hours'::interval";

const check = [0, "SELECT FROM cipherwatch.records LIMIT 0"] as const;
const readContent = [1, `SELECT nonce, ciphertext FROM cipherwatch.records WHERE ${ID}`] as const;
const readContentAndFormat = [
  1,
  `SELECT nonce, ciphertext, format_version FROM cipherwatch.records WHERE ${ID}`,
] as const;
const purge = [
  0,
  "DELETE FROM cipherwatch.forgotten WHERE forgotten <= clock_timestamp() - '24 hours'::interval",
] as const;

const insert = [
  1,
  `INSERT INTO cipherwatch.records
     (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version) VALUES (${VALUES}, 1)`,
] as const;
const insertFormat2 = [
  1,
  `INSERT INTO cipherwatch.records
     (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version, key_digest, client)
   VALUES (${VALUES}, 2, ${DIGEST}, NULL)`,
] as const;
const insertExpiring = [
  1,
  `WITH inserted AS (
     INSERT INTO cipherwatch.records
       (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version, key_digest, client, expires)
     VALUES (${VALUES}, 3, ${DIGEST}, NULL, '2100-01-01T00:00:00Z')
     RETURNING id, expires
   )
   INSERT INTO cipherwatch.expiries (id, expires)
   SELECT id, expires FROM inserted WHERE expires IS NOT NULL`,
] as const;

const lookup = (columns: string, isAlive: string, isOther: string, removed: string) =>
  `(SELECT ${columns}, 0 AS preference FROM cipherwatch.records WHERE ${ID}${isAlive})
   UNION ALL ${removed}
   (SELECT ${columns}, 1 FROM cipherwatch.records WHERE name = 'n'${isOther} ORDER BY created DESC LIMIT 1)`;
const removedOf = (columns: string) =>
  `(SELECT ${columns}, 0 FROM cipherwatch.forgotten WHERE ${ID} AND ${REPEATABLE}) UNION ALL`;
const FIRST = "ORDER BY preference LIMIT 1";

const columnsOf3 = "wrapped_key, kms_key_arn, format_version, client";
const columnsOf5 = `${columnsOf3}, expires`;
const isAliveOf5 = " AND (expires IS NULL OR expires > '2026-01-01T00:00:00Z')";
const isOtherOf5 = " AND id <> '6f9619ff-8b86-4011-b42d-00c04fc964ff'";
const lookupOf5 = (removed: string) => lookup(columnsOf5, isAliveOf5, isOtherOf5, removed);
const removedOf5 = removedOf(`${columnsOf3}, NULL`);
const lookupOf6 = (removed: string) =>
  `SELECT (SELECT applied FROM cipherwatch.erasure_progress) AS applied, candidate.* FROM (
     ${lookupOf5(removed)}
     UNION ALL
     (SELECT decode(repeat('00', 184), 'hex'), repeat('0', 75), 0::smallint, repeat('0', 22), NULL::timestamptz, 2)
     ${FIRST}
   ) AS candidate`;

const forget = (columns: string) =>
  [
    1,
    `WITH removed AS (DELETE FROM cipherwatch.records WHERE ${ID} RETURNING ${columns})
     INSERT INTO cipherwatch.forgotten (${columns}) SELECT * FROM removed`,
  ] as const;
const forgetOf3 = forget(`id, name, ${columnsOf3}`);

const quotas = [
  [
    1,
    `INSERT INTO cipherwatch.quota_usage AS usage (client, quota, period, taken) VALUES ('c', 'decrypts-day', 1, 1)
     ON CONFLICT (client, quota, period) DO UPDATE SET taken = usage.taken + 1 WHERE usage.taken < 5
     RETURNING taken`,
  ],
  [
    1,
    `DELETE FROM cipherwatch.quota_usage
     WHERE period < CASE WHEN quota = 'decrypts-day' THEN 2::integer ELSE 2::integer END`,
  ],
] as const;
const deleteExpired = [
  1,
  `WITH due AS (
     SELECT expires, id FROM cipherwatch.expiries WHERE expires <= '2100-01-01T00:00:00Z'
     ORDER BY expires LIMIT 100 FOR UPDATE SKIP LOCKED
   ), deleted AS (
     DELETE FROM cipherwatch.records WHERE id IN (SELECT id FROM due) RETURNING id
   ), done AS (
     DELETE FROM cipherwatch.expiries WHERE (expires, id) IN (SELECT expires, id FROM due) RETURNING id
   )
   SELECT (SELECT count(*) FROM done)::integer AS due, (SELECT count(*) FROM deleted)::integer AS deleted`,
] as const;
const erasures = [
  [0, "SELECT applied FROM cipherwatch.erasure_progress"],
  [
    1,
    `INSERT INTO cipherwatch.erasure_progress AS progress (applied) VALUES ('2026-01-01T00:00:00Z')
     ON CONFLICT (singleton) DO UPDATE SET applied = greatest(progress.applied, excluded.applied) RETURNING applied`,
  ],
  [
    1,
    `UPDATE cipherwatch.erasure_progress
     SET applied = greatest(applied + interval '1 millisecond', '2026-01-02T00:00:00Z')
     WHERE applied >= '2026-01-01T00:00:00Z' RETURNING applied`,
  ],
  [
    1,
    `WITH removed AS (
       DELETE FROM cipherwatch.records
       WHERE id = ANY (string_to_array('6f9619ff-8b86-4011-b42d-00c04fc964ff', ',')::uuid[])
       RETURNING id, name, ${columnsOf3}
     ), forgotten AS (
       INSERT INTO cipherwatch.forgotten (id, name, ${columnsOf3})
       SELECT * FROM removed ON CONFLICT (id) DO NOTHING
     )
     SELECT count(*)::integer AS erased FROM removed`,
  ],
] as const;

const rewrap = (formats: string) =>
  [
    [
      1,
      "SELECT kms_key_arn, format_version, count(*) AS records FROM cipherwatch.records GROUP BY 1, 2 ORDER BY 1, 2",
    ],
    [
      1,
      `SELECT id, wrapped_key, kms_key_arn, key_digest, client FROM cipherwatch.records
       WHERE id > '00000000-0000-0000-0000-000000000000' AND format_version ${formats} AND kms_key_arn IN ('arn')
       ORDER BY id LIMIT 100`,
    ],
    [
      1,
      `UPDATE cipherwatch.records SET wrapped_key = '\\x01', kms_key_arn = 'arn'
       WHERE id = '6f9619ff-8b86-4011-b42d-00c04fc964ff' AND wrapped_key = '\\x00'`,
    ],
  ] as const;

const statementsOf3 = [
  check,
  insertFormat2,
  [1, `${lookup(columnsOf3, "", "", "")} ${FIRST}`],
  readContent,
  forgetOf3,
  [1, `${lookup(columnsOf3, "", "", removedOf(columnsOf3))} ${FIRST}`],
  purge,
] as const;
const statementsOf5 = [
  check,
  insertExpiring,
  [1, `${lookupOf5("")} ${FIRST}`],
  readContent,
  forgetOf3,
  [1, `${lookupOf5(removedOf5)} ${FIRST}`],
  purge,
  deleteExpired,
  ...quotas,
] as const;
const rewrapOf5 = [
  ...rewrap("IN (2, 3)"),
  [1, "SELECT DISTINCT kms_key_arn FROM cipherwatch.records"],
] as const;

export const earlierVersions: readonly EarlierVersion[] = [
  {
    migration: "0001_records.sql",
    statements: [
      check,
      insert,
      [1, `${lookup("wrapped_key", "", "", "")} ${FIRST}`],
      readContentAndFormat,
      [1, `DELETE FROM cipherwatch.records WHERE ${ID}`],
    ],
  },
  {
    migration: "0002_forgotten.sql",
    statements: [
      check,
      insert,
      [1, `${lookup("wrapped_key", "", "", "")} ${FIRST}`],
      readContentAndFormat,
      forget("id, name, wrapped_key"),
      [1, `${lookup("wrapped_key", "", "", removedOf("wrapped_key"))} ${FIRST}`],
      purge,
    ],
  },
  { migration: "0003_record_format_2.sql", statements: statementsOf3, rewrap: rewrap("= 2") },
  {
    migration: "0004_quota_usage.sql",
    statements: [...statementsOf3, ...quotas],
    rewrap: rewrap("= 2"),
  },
  { migration: "0005_expiry.sql", statements: statementsOf5, rewrap: rewrapOf5 },
  {
    migration: "0006_erasure_progress.sql",
    statements: [
      check,
      insertExpiring,
      [1, lookupOf6("")],
      readContent,
      forgetOf3,
      [1, lookupOf6(removedOf5)],
      ...quotas,
      ...erasures,
    ],
    rewrap: rewrapOf5,
  },
];
