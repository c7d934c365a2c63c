/** Numbers of records by the ARN of their KMS key. */
export type RecordsByKey = Readonly<Record<string, number>>;

/** The partition, account and id of a multi-Region key, which its replicas in other Regions share. */
const MULTI_REGION_KEY = /^arn:([^:]+):kms:[^:]+:(\d{12}:key\/mrk-[0-9a-f]+)$/;

/**
 * Rejects a data folder with records under KMS keys that the service cannot use. The service would start, and reject
 * the Keys of these records with 403 as if they were wrong.
 * @param records in the data folder
 * @param keyArns the keys of the settings, the current one first
 * @param folder the data folder, for the error
 * @throws Error with the keys, the likely cause and the next steps
 */
export function checkRecordKeys(
  records: RecordsByKey,
  { keyArns, folder, isPrimary }: RecordKeys,
): void {
  const usable = new Set(keyArns.map(identityOf));
  const unusable = Object.keys(records).filter((arn) => !usable.has(identityOf(arn)));
  if (unusable.length === 0) return;
  const count = unusable.reduce((sum, arn) => sum + (records[arn] ?? 0), 0);
  const keep = isPrimary
    ? "unset CIPHERWATCH_REPLICA_REGION, or keep the earlier key beside the multi-Region key with CIPHERWATCH_KEY_GENERATIONS=1,2"
    : "start with the settings of the earlier lab";
  throw new Error(
    `The lab's data in ${folder} ${count === 1 ? "has a record" : `has ${count} records`} under a KMS key that is not in the settings, so no Key would open ${count === 1 ? "it" : "them"}.
  Key of the records:   ${unusable.join(", ")}
  Keys of the settings: ${keyArns.join(", ")}
CIPHERWATCH_REPLICA_REGION, CIPHERWATCH_REGION, CIPHERWATCH_ENV, CIPHERWATCH_ACCOUNT_ID and the settings of keys determine the key.
To open the records, ${keep}. To start without them, choose another folder with --data DIR, or delete the lab's data with --fresh.`,
  );
}

interface RecordKeys {
  readonly keyArns: readonly string[];
  readonly folder: string;
  /** Whether the settings make the newest key a multi-Region key. */
  readonly isPrimary: boolean;
}

function identityOf(keyArn: string): string {
  const [, partition, id] = MULTI_REGION_KEY.exec(keyArn) ?? [];
  return id === undefined ? keyArn : `${partition}:${id}`;
}
